//! Counts what a call uses up and ends it at its limits.
//!
//! A limit that is met while the guest runs comes out of the guest as a trap that carries a
//! [`Stop`]; `call.rs` turns it into the error that the caller sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::error::{CallError, GuestError};
use crate::limits::Limits;
use crate::ports::PortError;
use crate::time::{CallTime, PersonWait};

/// Why the host ended a call from within.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A limit was met.
    #[error("{}", .0.error())]
    Limit(Exceeded),
    /// A host function without a place for an error in its type could not be served.
    #[error("{0}")]
    Port(PortError),
    /// A new instance refused the state that was saved.
    #[error("the extension does not take up its saved state: {0}")]
    SavedState(GuestError),
    /// The extension does not export an interface.
    #[error("the extension does not export `{0}`")]
    NotExported(&'static str),
}

/// A limit and the value that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Cpu(Duration),
    Fuel(u64),
    Wall(Duration),
    Person(Duration),
    Memory(u64),
    Result(u64),
    HostCalls(u64),
    Sent(u64),
}

impl Exceeded {
    /// The error that the caller sees.
    pub(crate) fn error(self) -> CallError {
        let ms = |duration: Duration| format!("{} ms", duration.as_millis());
        let bytes = |bytes: u64| format!("{bytes} bytes");
        let (limit, value, setting) = match self {
            Self::Cpu(limit) => ("CPU time", ms(limit), "limits.cpu"),
            Self::Fuel(limit) => ("fuel", format!("{limit} instructions"), "limits.fuel"),
            Self::Wall(limit) => ("wall time", ms(limit), "limits.wall"),
            Self::Person(limit) => ("waiting for a person", ms(limit), "limits.person"),
            Self::Memory(limit) => ("memory", bytes(limit), "limits.memory"),
            Self::Result(limit) => ("result", bytes(limit), "limits.result"),
            Self::HostCalls(limit) => ("host calls", limit.to_string(), "limits.host_calls"),
            Self::Sent(limit) => ("sent data", bytes(limit), "limits.sent"),
        };
        CallError::Limit {
            limit,
            value,
            setting,
        }
    }
}

/// What one call has used up so far.
pub(crate) struct Meter {
    limits: Limits,
    time: Arc<CallTime>,
    /// Of the instance, also from earlier calls.
    memory: u64,
    host_calls: u64,
    /// There when something is sent for the first time.
    sent: Option<Arc<Sent>>,
}

/// What leaves the node on a call's behalf, counted also where the guest does not run.
pub(crate) struct Sent {
    limit: u64,
    left: AtomicU64,
    met: AtomicBool,
}

impl Sent {
    /// Counts bytes that are about to leave; false if the limit does not allow for them.
    pub(crate) fn count(&self, bytes: u64) -> bool {
        let taken = |left: u64| left.checked_sub(bytes);
        let allowed = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok();
        self.met.fetch_or(!allowed, Ordering::Relaxed);
        allowed
    }

    /// The limit in bytes.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }
}

impl Meter {
    pub(crate) fn new(limits: Limits, time: Arc<CallTime>) -> Self {
        Self {
            limits,
            time,
            memory: 0,
            host_calls: 0,
            sent: None,
        }
    }

    /// Counts anew for the next call of the instance, which has the memory that it has.
    pub(crate) fn renew(&mut self, limits: Limits, time: Arc<CallTime>) {
        *self = Self {
            memory: self.memory,
            ..Self::new(limits, time)
        };
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the guest has called no host interface in this call.
    pub(crate) fn is_untouched(&self) -> bool {
        self.host_calls == 0
    }

    /// Whether an instance that nobody has called could have been made within these limits, as far as
    /// that can be told: how many instructions it took cannot.
    pub(crate) fn could_be_within(&self, limits: &Limits) -> bool {
        self.memory <= limits.memory && !limits.wants_fuel()
    }

    /// Whether the instance has left half of the memory that it may have.
    pub(crate) fn is_modest(&self) -> bool {
        self.memory <= self.limits.memory / 2
    }

    /// Counts one call to a host interface.
    pub(crate) fn host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(stop(Exceeded::HostCalls(self.limits.host_calls)));
        }
        Ok(())
    }

    /// The count of bytes that leave the node on the call's behalf. Whoever would exceed it refuses
    /// that: it happens beside the guest, not in a function of the host. The call fails at its end
    /// ([`Meter::end`]).
    pub(crate) fn sent(&mut self) -> Arc<Sent> {
        let limit = self.limits.sent;
        let new = || Sent {
            limit,
            left: AtomicU64::new(limit),
            met: AtomicBool::new(false),
        };
        self.sent.get_or_insert_with(|| Arc::new(new())).clone()
    }

    /// While what this gives is held, the call waits for a person: that time counts against
    /// `limits.person` and not as wall time.
    pub(crate) fn wait_for_person(&self) -> PersonWait {
        self.time.wait_for_person()
    }

    /// The guest has answered. Fails if a limit was met beside it, whatever it made of that.
    pub(crate) fn end(&self) -> wasmtime::Result<()> {
        self.time.note_memory(self.memory);
        match &self.sent {
            Some(sent) if sent.met.load(Ordering::Relaxed) => Err(stop(Exceeded::Sent(sent.limit))),
            _ => Ok(()),
        }
    }

    /// Counts growth in bytes. It ends the call instead of telling the guest: what a guest does when
    /// it gets no memory is to trap, and then nobody would know why.
    fn grow(&mut self, by: u64) -> wasmtime::Result<bool> {
        self.memory = self.memory.saturating_add(by);
        if self.memory > self.limits.memory {
            return Err(stop(Exceeded::Memory(self.limits.memory)));
        }
        Ok(true)
    }
}

fn stop(exceeded: Exceeded) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Limit(exceeded))
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current) as u64)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let elements = desired.saturating_sub(current);
        self.grow(elements.saturating_mul(size_of::<usize>()) as u64)
    }
}
