//! What stands behind a guest during its one call: the ports, what it has used up, its WASI context.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capabilities::{logging::LogSink, wasi};
use crate::meter::Meter;
use crate::ports::{CallContext, Ports};
use crate::values::Call;

/// Handles of WASI resources that may be open at the same time.
const MAX_HANDLES: usize = 10_000;

/// The data of the Store of one call.
pub(crate) struct State {
    pub(crate) context: CallContext,
    pub(crate) ports: Ports,
    pub(crate) meter: Meter,
    pub(crate) table: ResourceTable,
    /// Made when the guest first logs or writes: most calls do neither.
    log: Option<Arc<LogSink>>,
    /// Made when the guest first uses WASI, since a context costs more than a small call.
    wasi: Option<Box<WasiCtx>>,
}

impl State {
    pub(crate) fn new(call: Call) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            context: call.context,
            ports: call.ports,
            meter: Meter::new(call.limits),
            table,
            log: None,
            wasi: None,
        }
    }

    /// Where this call's log goes.
    pub(crate) fn log(&mut self) -> &Arc<LogSink> {
        self.log.get_or_insert_with(|| {
            Arc::new(LogSink::new(
                self.ports.log.clone(),
                self.context.clone(),
                self.meter.limits().log_bytes,
            ))
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        if self.wasi.is_none() {
            let log = self.log().clone();
            self.wasi = Some(Box::new(wasi::context(&self.ports, &log)));
        }
        let Self { wasi, table, .. } = self;
        WasiCtxView {
            ctx: wasi.get_or_insert_with(Box::default),
            table,
        }
    }
}
