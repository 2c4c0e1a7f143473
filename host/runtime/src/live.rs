//! An instance: made, called, kept for another call or let go.

use std::sync::Arc;

use tokio::time::{Duration, Instant};
use wasmtime::{Store, UpdateDeadline};

use crate::bound::Code;
use crate::contract::Guest;
use crate::limits::Limits;
use crate::state::State;
use crate::time::CallTime;
use crate::values::Call;

/// A warm instance serves so many calls at most, and lives so long: what a guest leaks, it leaks
/// until then.
const MOST_CALLS: u32 = 10_000;
const OLDEST: Duration = Duration::from_secs(600);

/// A warm instance that nobody has used for so long is given up.
pub(crate) const LONGEST_UNUSED: Duration = Duration::from_secs(60);

/// An instance and its Store. In a box, since it is passed on several times in each call.
pub(crate) struct Live {
    pub(crate) store: Store<State>,
    pub(crate) guest: Guest,
    fuel: bool,
    calls: u32,
    born: Instant,
    /// SHA-256 of the state that is saved, as far as this instance knows.
    pub(crate) saved: Option<[u8; 32]>,
}

impl Live {
    /// A new instance, for a call.
    pub(crate) async fn new(
        code: &Code,
        call: Call,
        time: Arc<CallTime>,
    ) -> wasmtime::Result<Box<Self>> {
        let (pre, fuel, limits) = (&code.pre, code.shared.fuel, call.limits);
        let mut store = Store::new(pre.component().engine(), State::new(call, time));
        store.limiter(|state| &mut state.meter);
        // Tokio's own way to yield also lets the thread look for I/O and timers in between.
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        arm(&mut store, fuel, &limits)?;
        let instance = pre.instantiate_async(&mut store).await?;
        Ok(Box::new(Self {
            store,
            guest: code.indices.guest(instance),
            fuel,
            calls: 1,
            born: Instant::now(),
            saved: None,
        }))
    }

    /// Whether it may serve a call: not if the guest has seen folders or an environment that are
    /// others now.
    pub(crate) fn suits(&self, call: &Call) -> bool {
        self.store.data().suits(call)
    }

    /// Makes it ready for the next call: limits and all that belongs to a call are new.
    pub(crate) fn renew(&mut self, call: Call, time: Arc<CallTime>) -> wasmtime::Result<()> {
        arm(&mut self.store, self.fuel, &call.limits)?;
        self.store.data_mut().renew(call, time);
        self.calls = self.calls.saturating_add(1);
        Ok(())
    }

    /// The number of calls that it has had, this one included.
    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// Whether it is fit to be kept for more calls.
    pub(crate) fn is_reusable(&mut self, now: Instant) -> bool {
        self.calls < MOST_CALLS
            && now.saturating_duration_since(self.born) < OLDEST
            && self.store.data_mut().is_reusable()
    }

    /// Takes out what belonged to the call.
    pub(crate) fn rest(&mut self) {
        self.store.data_mut().rest();
    }
}

fn arm(store: &mut Store<State>, fuel: bool, limits: &Limits) -> wasmtime::Result<()> {
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(usize::try_from(limits.result).unwrap_or(usize::MAX));
    match fuel {
        true => store.set_fuel(limits.fuel),
        false => Ok(()),
    }
}
