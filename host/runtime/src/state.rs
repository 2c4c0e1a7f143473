//! What stands behind a guest: the ports of its call, what it has used up, its WASI context.
//!
//! An instance that serves several calls has one `State` for all of them. What belongs to a call is
//! put in by [`State::renew`] and taken out by [`State::rest`]: context, ports, limits and counters,
//! the way to the log, the WASI context with its clocks, randomness, roots and environment. What the
//! guest itself holds stays: its memory, and the handles that it has open, which reach nothing but
//! through the ports of the call that uses them. Folders and environment are the exception: a guest
//! remembers what it saw of them, so an instance serves no call that would see others
//! ([`State::suits`]).

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capabilities::{http::Outgoing, logging::LogSink, wasi};
use crate::meter::Meter;
use crate::ports::{self, CallContext, Caller, Denial, Ports};
use crate::time::CallTime;
use crate::values::{Call, Mode};

/// Handles of WASI resources that may be open at the same time.
const MAX_HANDLES: usize = 10_000;

/// Handles that a guest may leave open from one call to the next: its standard streams and the like.
const MAX_KEPT_HANDLES: usize = 64;

/// Denials of one call that are told; the others are the same in another place.
const MAX_DENIED: usize = 16;

/// The data of a Store.
pub(crate) struct State {
    pub(crate) context: CallContext,
    pub(crate) ports: Arc<Ports>,
    pub(crate) caller: Arc<dyn Caller>,
    pub(crate) meter: Meter,
    pub(crate) table: ResourceTable,
    /// Made when the guest first logs or writes: most calls do neither. Streams that the guest keeps
    /// point at it, so it stays and is told of each call.
    log: Option<Arc<LogSink>>,
    /// Made when the guest first uses WASI, since a context costs more than a small call.
    wasi: Option<Box<WasiCtx>>,
    /// Made when the guest first uses HTTP.
    pub(crate) http: Option<Box<Outgoing>>,
    /// What was denied where the guest could not be told which grant is missing.
    denied: Vec<Denial>,
    /// What the instance's first WASI context was made with. Guests keep what they saw of it.
    surroundings: Option<wasi::Surroundings>,
}

impl State {
    pub(crate) fn new(call: Call, time: Arc<CallTime>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            context: call.context,
            ports: call.ports,
            caller: call.caller,
            meter: Meter::new(call.limits, time),
            table,
            log: None,
            wasi: None,
            http: None,
            denied: Vec::new(),
            surroundings: None,
        }
    }

    /// Whether what the guest has seen of folders and environment is what this call would show it.
    pub(crate) fn suits(&self, call: &Call) -> bool {
        self.surroundings
            .as_ref()
            .is_none_or(|seen| *seen == wasi::Surroundings::of(&call.ports, &call.context))
            // One that was made ahead has to be what the call would have made.
            && (call.mode != Mode::Fresh || self.meter.could_be_within(&call.limits))
    }

    /// Whether the guest has asked the host for nothing so far.
    pub(crate) fn is_untouched(&self) -> bool {
        self.meter.is_untouched()
            && self.log.is_none()
            && self.wasi.is_none()
            && self.http.is_none()
            && self.denied.is_empty()
    }

    /// Puts in what belongs to the next call.
    pub(crate) fn renew(&mut self, call: Call, time: Arc<CallTime>) {
        self.context = call.context;
        self.ports = call.ports;
        self.caller = call.caller;
        self.meter.renew(call.limits, time);
        if let Some(log) = &self.log {
            log.renew(
                self.ports.log.clone(),
                self.context.clone(),
                call.limits.log_bytes,
            );
        }
    }

    /// Takes out what belonged to a call, so that nothing of it is held while the instance waits for
    /// the next one. The ports are the extension's own.
    pub(crate) fn rest(&mut self) {
        if let Some(log) = &self.log {
            log.rest();
        }
        self.wasi = None;
        self.http = None;
        self.denied.clear();
        self.caller = ports::nobody();
        self.context.principal = None;
        self.context.cause = None;
    }

    /// Whether the instance may serve another call after this one.
    pub(crate) fn is_reusable(&mut self) -> bool {
        self.meter.is_modest()
            && self.table.iter_mut().take(MAX_KEPT_HANDLES + 1).count() <= MAX_KEPT_HANDLES
    }

    /// Notes a denial for which the interface has no words.
    pub(crate) fn deny(&mut self, denial: Denial) {
        if self.denied.len() < MAX_DENIED && !self.denied.contains(&denial) {
            self.denied.push(denial);
        }
    }

    /// What was denied without words in this call, which the log tells now.
    pub(crate) fn take_denied(&mut self) -> Vec<Denial> {
        let mut denied = std::mem::take(&mut self.denied);
        if let Some(http) = &self.http {
            denied.extend(http.take_denied());
        }
        denied.truncate(MAX_DENIED);
        for denial in &denied {
            self.log().warn(&denial.to_string());
        }
        denied
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
            let now = wasi::Surroundings::of(&self.ports, &self.context);
            self.wasi = Some(Box::new(wasi::context(&self.ports, &now, &log)));
            self.surroundings.get_or_insert(now);
        }
        let Self { wasi, table, .. } = self;
        WasiCtxView {
            ctx: wasi.get_or_insert_with(Box::default),
            table,
        }
    }
}
