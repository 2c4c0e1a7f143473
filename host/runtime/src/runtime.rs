//! The runtime: one engine for all extensions, and the way from bytes to a checked revision.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::cache::CodeCache;
use crate::capabilities;
use crate::compiler::{CompileLimits, Compiler};
use crate::contract::{self, Form, Indices};
use crate::engine::{self, TABLES_PER_SLOT, Ticker};
use crate::error::{LoadError, RuntimeError, sentence};
use crate::extension::Extension;
use crate::lanes::Lanes;
use crate::live::{LONGEST_UNUSED, Live};
use crate::loader::Loader;
use crate::slots::{Slots, Usage};
use crate::state::State;
use crate::work::Boxed;

/// Of imports and exports each a component may have so many. A Python guest has some thirty.
const MAX_NAMES: usize = 256;

/// What a runtime is set up with.
#[derive(Clone)]
pub struct RuntimeConfig {
    /// Where compiled code is kept between runs; none keeps it in memory only.
    pub cache_dir: Option<PathBuf>,
    /// The key under which entries of the cache are authenticated. Whoever knows it and may write
    /// that folder can have code of their own run in the node.
    pub cache_key: [u8; 32],
    /// Where components are compiled.
    pub compiler: Compiler,
    /// What compiling may use up, where that is a process of its own, and what is kept of it.
    pub compile_limits: CompileLimits,
    /// So many linear memories may exist at the same time, which is one for most instances; further
    /// calls wait.
    pub slots: u32,
    /// Whether the instructions of guests are counted, so that `limits.fuel` ends a call at the same
    /// one everywhere. Guests that compute run slower with it.
    pub fuel: bool,
}

impl Default for RuntimeConfig {
    /// No cache, compiling in this process, 512 slots, and no fuel.
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_key: [0; 32],
            compiler: Compiler::default(),
            compile_limits: CompileLimits::default(),
            slots: 512,
            fuel: false,
        }
    }
}

/// Loads extensions. Cheap to clone; all clones are one runtime, which goes with the last clone and
/// the last extension that it loaded.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// What all extensions of a runtime share.
pub(crate) struct Shared {
    engine: Engine,
    pub(crate) slots: Arc<Slots<Box<Live>>>,
    pub(crate) lanes: Lanes,
    /// Whether the engine counts instructions.
    pub(crate) fuel: bool,
    linker: Linker<State>,
    loader: Arc<Loader>,
    _ticker: Ticker,
}

impl Runtime {
    /// Sets up the engine and the cache.
    ///
    /// # Errors
    /// If the engine cannot reserve what it needs or the cache folder cannot be used.
    pub fn new(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        let slots = config.slots.max(1);
        let engine = engine::engine(slots, config.fuel)?;
        let mut linker = Linker::new(&engine);
        capabilities::link(&mut linker)
            .and_then(|()| contract::link(&mut linker))
            .map_err(|error| RuntimeError::Engine(sentence(&error)))?;
        let cache = match config.cache_dir {
            Some(path) => {
                match CodeCache::open(
                    &path,
                    config.cache_key,
                    config.compile_limits.cache,
                    &engine,
                ) {
                    Ok(cache) => Some(cache),
                    Err(error) => return Err(RuntimeError::Cache { path, error }),
                }
            }
            None => None,
        };
        let ticker = Ticker::start(&engine)?;
        let lanes = Lanes::new().map_err(RuntimeError::Threads)?;
        let loader = Loader::new(
            engine.clone(),
            cache,
            config.compiler,
            config.compile_limits,
            config.fuel,
        );
        let shared = Shared {
            engine,
            slots: Slots::new(slots),
            lanes,
            fuel: config.fuel,
            linker,
            loader: Arc::new(loader),
            _ticker: ticker,
        };
        let slots = Arc::downgrade(&shared.slots);
        shared.lanes.spawn(async move {
            while let Some(slots) = slots.upgrade() {
                slots.sweep(LONGEST_UNUSED);
                drop(slots);
                tokio::time::sleep(LONGEST_UNUSED / 10).await;
            }
        });
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// What its slots are used for now.
    pub fn usage(&self) -> Usage {
        self.shared.slots.usage()
    }

    /// Compiles a component, or takes its code from the cache, and checks that it fits the contract:
    /// its version, its imports, and in one throw-away instance the types of its exports. One that exports
    /// nothing of the contract and functions of its own is a plain one, whose functions are its tools.
    ///
    /// # Errors
    /// One sentence about what is wrong with the component.
    pub fn load(&self, bytes: Arc<[u8]>) -> Boxed<'_, Result<Extension, LoadError>> {
        Box::pin(self.load_now(bytes))
    }

    async fn load_now(&self, bytes: Arc<[u8]>) -> Result<Extension, LoadError> {
        let (component, digest) = self.shared.loader.load(bytes.clone()).await?;
        let shared = self.shared.clone();
        let prepared = tokio::task::spawn_blocking(move || shared.prepare(&component, &bytes));
        let (pre, indices, slots) = prepared
            .await
            .map_err(|panic| LoadError::Compile(panic.to_string()))??;
        let extension = Extension::new(self.shared.clone(), digest, pre, indices, slots);
        extension.check().await?;
        Ok(extension)
    }
}

impl Shared {
    /// Checks what can be checked without an instance.
    fn prepare(
        &self,
        component: &Component,
        bytes: &[u8],
    ) -> Result<(InstancePre<State>, Indices, u32), LoadError> {
        check_names(component, &self.engine)?;
        let form = Form::of(component, bytes)?;
        let slots = self.slots_of(component)?;
        let pre = self
            .linker
            .instantiate_pre(component)
            .map_err(|error| LoadError::UnmetImport(sentence(&error)))?;
        let indices = form.find(&pre)?;
        Ok((pre, indices, slots))
    }

    /// How many slots an instance takes.
    fn slots_of(&self, component: &Component) -> Result<u32, LoadError> {
        let needs = component.resources_required().ok_or_else(|| {
            LoadError::UnmetImport("it is a core module, which this host never offers".to_owned())
        })?;
        let count = needs
            .num_memories
            .max(needs.num_tables.div_ceil(TABLES_PER_SLOT))
            .max(1);
        if count > self.slots.total() {
            return Err(LoadError::TooDemanding(format!(
                "{} memories and {} tables are {count} of the {} slots that there are",
                needs.num_memories,
                needs.num_tables,
                self.slots.total(),
            )));
        }
        Ok(count)
    }
}

/// Bounds what a component imports and exports.
fn check_names(component: &Component, engine: &Engine) -> Result<(), LoadError> {
    let of = component.component_type();
    let counts = [
        ("imports", of.imports(engine).count()),
        ("exports", of.exports(engine).count()),
    ];
    match counts.into_iter().find(|(_, count)| *count > MAX_NAMES) {
        Some((what, count)) => Err(LoadError::TooDemanding(format!(
            "it has {count} {what}, at most {MAX_NAMES} are allowed"
        ))),
        None => Ok(()),
    }
}
