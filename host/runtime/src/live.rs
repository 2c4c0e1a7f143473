//! An instance: made, called, kept for another call or let go.

use std::sync::Arc;

use tokio::time::{Duration, Instant};
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, Val};
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::exports::koi::extension as exports;
use crate::error::LoadError;
use crate::exports::Indices;
use crate::limits::Limits;
use crate::meter::Stop;
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
    instance: Instance,
    fuel: bool,
    guests: Guests,
    calls: u32,
    born: Instant,
    /// SHA-256 of the state that is saved, as far as this instance knows.
    pub(crate) saved: Option<[u8; 32]>,
}

macro_rules! interfaces {
    ($($interface:ident = $name:literal),+ $(,)?) => {
        /// The functions of the interfaces that have been called, looked up once.
        #[derive(Default)]
        struct Guests {
            $($interface: Option<exports::$interface::Guest>,)+
        }

        impl Live {
            $(pub(crate) fn $interface(
                &mut self,
                indices: &Indices,
            ) -> wasmtime::Result<exports::$interface::Guest> {
                if let Some(guest) = &self.guests.$interface {
                    return Ok(guest.clone());
                }
                let Some(indices) = indices.$interface() else {
                    return Err(wasmtime::Error::new(Stop::NotExported($name)));
                };
                let guest = indices.load(&mut self.store, &self.instance)?;
                Ok(self.guests.$interface.insert(guest).clone())
            })+
        }
    };
}

interfaces! {
    extension = "extension",
    rid_types = "rid-types",
    schemas = "schemas",
    handlers = "handlers",
    tools = "tools",
    resources = "resources",
    prompts = "prompts",
    completions = "completions",
    schedule = "schedule",
    state = "state",
}

impl Live {
    /// A new instance, for a call; of an engine that counts `fuel`, or does not.
    pub(crate) async fn new(
        pre: &InstancePre<State>,
        fuel: bool,
        call: Call,
        time: Arc<CallTime>,
    ) -> wasmtime::Result<Box<Self>> {
        let limits = call.limits;
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
            instance,
            fuel,
            guests: Guests::default(),
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

    /// Calls a function of a plain component.
    pub(crate) async fn call(
        &mut self,
        function: &ComponentExportIndex,
        arguments: &[Val],
        results: &mut [Val],
    ) -> wasmtime::Result<()> {
        let function = self.instance.get_func(&mut self.store, function);
        let function = function.ok_or_else(|| wasmtime::Error::msg("it has no such function"))?;
        function
            .call_async(&mut self.store, arguments, results)
            .await
    }

    /// Checks the types of all that is exported.
    pub(crate) fn check(&mut self, indices: &Indices) -> Result<(), LoadError> {
        indices.check(&mut self.store, &self.instance)
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
