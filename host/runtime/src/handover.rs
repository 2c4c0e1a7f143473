//! Handing the state of a singleton over to the revision that takes its place.
//!
//! Whoever has the one place of a singleton holds its calls: they wait in its queue, which is bounded as
//! ever. So [`Extension::hold`] takes that place, before all that wait, once the running call has ended,
//! and saves the state. Nothing has changed by that: when what it gives is dropped, the held calls go on
//! in the instance that there was. [`Extension::take_up`] makes an instance of the other revision out of
//! the state. [`Held::supersede`] tells the held calls, and all later ones, that they are the other one's.

use std::sync::Arc;

use tokio::time::Instant;

use crate::bound::{Bound, Entered};
use crate::call::Answer;
use crate::error::CallError;
use crate::extension::{Calling, Extension};
use crate::live::Live;
use crate::meter::Stop;
use crate::saved;
use crate::slots::{Place, Rank};
use crate::values::{Call, Mode};
use crate::work::Boxed;

/// A singleton whose calls are held. They go on when it is dropped.
pub struct Held {
    state: Option<Vec<u8>>,
    live: Option<Box<Live>>,
    place: Option<Place<Box<Live>>>,
    bound: Arc<Bound>,
}

impl Held {
    /// Its state, which is the saved one; none if nothing was saved yet.
    pub fn state(&self) -> Option<&[u8]> {
        self.state.as_deref()
    }

    /// Has another revision answer from now on: the held calls, and those that come, end with
    /// [`CallError::Superseded`] before anything of them was done. Only [`Extension::stop`] can be called
    /// still.
    pub fn supersede(self) {
        self.bound.share.supersede();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        if let Some(mut live) = self.live.take() {
            live.rest();
            place.keep(live, Mode::Singleton, Instant::now());
        }
    }
}

impl Extension {
    /// Holds the calls of a singleton, once the running one has ended, and saves its state. Without an
    /// instance its state is what was saved last.
    ///
    /// # Errors
    /// If the running call does not end within the wall time of this one, or the state cannot be saved.
    /// Then nothing is held.
    pub fn hold(&self, call: Call) -> Boxed<'_, Result<Held, CallError>> {
        let call = Call {
            mode: Mode::Singleton,
            ..call
        };
        let held = self
            .bound
            .run_as(Rank::First, call, |entered| Box::pin(entered.hold()));
        Box::pin(held)
    }

    /// Makes the one instance of a singleton anew, out of a state that is saved. What instance there was
    /// goes, and saves nothing.
    ///
    /// # Errors
    /// The guest's words if it refuses the state; else as every call.
    pub fn take_up(&self, call: Call, state: Vec<u8>) -> Calling<'_, ()> {
        let call = Call {
            mode: Mode::Singleton,
            ..call
        };
        let taken_up = self.bound.run_as(Rank::First, call, |entered| {
            Box::pin(entered.take_up(state))
        });
        Box::pin(taken_up)
    }
}

impl Entered {
    async fn hold(self) -> Answer<Held> {
        let Self {
            bound,
            mut place,
            call,
            time,
        } = self;
        let Some(mut live) = place.warm.take() else {
            let saved = call.ports.saved_state.load(&call.context).await;
            let state = saved.map_err(|error| wasmtime::Error::new(Stop::Port(error)))?;
            return Ok(Ok(Held {
                state,
                live: None,
                place: Some(place),
                bound,
            }));
        };
        live.renew(call, time)?;
        // Whatever ends this early drops the instance, as in every call.
        let saved = saved::save_now(&mut live).await?;
        live.store.data().meter.end()?;
        let mut held = Held {
            state: None,
            live: Some(live),
            place: Some(place),
            bound,
        };
        Ok(saved.map(|state| {
            held.state = Some(state);
            held
        }))
    }

    async fn take_up(self, state: Vec<u8>) -> Answer<()> {
        let Self {
            bound,
            mut place,
            call,
            time,
        } = self;
        drop(place.warm.take());
        let code = &bound.code;
        let mut live = Live::new(code, call, time).await?;
        saved::take_up(&mut live, &state).await?;
        live.store.data().meter.end()?;
        live.rest();
        place.keep(live, Mode::Singleton, Instant::now());
        Ok(Ok(()))
    }
}
