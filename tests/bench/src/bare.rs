//! A guest in wasmtime as a program of its own would have it: the runtime's engine settings, limits
//! and yields, and nothing of koi-mcp on the way.

use std::time::Duration;

use anyhow::{Result, anyhow};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceTable, ResourceType};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package koi:bench;

        world tool {
            export koi:extension/tools@0.1.0;
        }
    ",
    world: "koi:bench/tool",
    exports: { default: async },
});

/// JSON text, as the bindings want it.
pub use exports::koi::extension::tools::Json;

/// How often a running guest yields, as in the runtime.
const TICK: Duration = Duration::from_millis(10);

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    nobody: Nobody,
    table: ResourceTable,
    limits: StoreLimits,
}

/// There is nobody to send requests to.
struct Nobody;

/// What goes on with a request and with its response.
type Going<T> = Box<dyn Future<Output = wasmtime_wasi_http::Result<T>> + Send>;

impl WasiHttpHooks for Nobody {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Going<()>,
    ) -> Going<(http::Response<WasiBody>, Going<()>)> {
        Box::new(async { Err(Error::ConnectionRefused) })
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.nobody,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A compiled guest with an engine of its own.
pub struct Bare {
    engine: Engine,
    pre: ToolPre<State>,
    limits: koi_runtime::Limits,
}

impl Bare {
    /// Compiles a guest. Of the imports it has WASI, HTTP included; the others trap.
    pub fn new(component: &[u8], slots: u32) -> Result<Self> {
        let engine = Engine::new(&koi_runtime::engine_configuration(slots))?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        trap_others(&mut linker, &engine, &component)?;
        let pre = ToolPre::new(linker.instantiate_pre(&component)?)?;
        let ticking = engine.weak();
        std::thread::spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        });
        Ok(Self {
            engine,
            pre,
            limits: koi_runtime::Limits::default(),
        })
    }

    /// A new instance.
    pub async fn instance(&self) -> Result<Instance> {
        let memory = usize::try_from(self.limits.memory)?;
        let state = State {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            nobody: Nobody,
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(usize::try_from(self.limits.result)?);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        let guest = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            guest,
            wall: self.limits.wall,
        })
    }

    /// A tool call in a new instance, which is gone when this returns.
    pub async fn call(&self, tool: &str, arguments: &Json) -> Result<String> {
        let work = async { self.instance().await?.unbounded_call(tool, arguments).await };
        tokio::time::timeout(self.limits.wall, work).await?
    }
}

/// Has what the guest imports beyond WASI's own interfaces trap. The engine's own way would do so with older
/// versions of those too, in the place of the newer ones that serve them.
fn trap_others(
    linker: &mut Linker<State>,
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<()> {
    const LINKED: [&str; 7] = [
        "wasi:cli/",
        "wasi:clocks/",
        "wasi:filesystem/",
        "wasi:http/",
        "wasi:io/",
        "wasi:random/",
        "wasi:sockets/",
    ];
    for (interface, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        if LINKED.iter().any(|linked| interface.starts_with(linked)) {
            continue;
        }
        let mut trapping = linker.instance(interface)?;
        for (name, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => trapping.func_new(name, |_, _, _, _| {
                    Err(wasmtime::Error::msg("nothing of koi-mcp is on the way"))
                })?,
                ComponentItem::Resource(_) => {
                    trapping.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A running guest.
pub struct Instance {
    store: Store<State>,
    guest: Tool,
    wall: Duration,
}

impl Instance {
    /// A tool call in this instance.
    pub async fn call(&mut self, tool: &str, arguments: &Json) -> Result<String> {
        tokio::time::timeout(self.wall, self.unbounded_call(tool, arguments)).await?
    }

    async fn unbounded_call(&mut self, tool: &str, arguments: &Json) -> Result<String> {
        let tools = self.guest.koi_extension_tools();
        let answer = tools
            .call_call_tool(&mut self.store, tool, arguments)
            .await?;
        answer.map_err(|error| anyhow!("{tool}: {}", error.message))
    }
}
