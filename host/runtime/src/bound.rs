//! How the calls of an extension get an instance, and what becomes of it afterwards.
//!
//! A fresh instance is made for its call, or shortly before it (`ahead.rs`), and goes with it. A pooled one goes back among the warm ones
//! if nothing speaks against it, and is made new where none is warm: no call waits for another one's
//! instance. A singleton is the one warm instance of an extension whose calls come one at a time; it
//! saves its state after calls, and a new one takes up what was saved last. Whatever ends a call from
//! outside (a trap, a limit, a panic, its caller) drops the instance in every mode.

use std::num::NonZero;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::time::Instant;
use wasmtime::component::InstancePre;

use crate::ahead::{self, Ahead};
use crate::bindings::koi::extension::types::Error;
use crate::call::{Answer, outcome};
use crate::capabilities::convert::{guest_error, line};
use crate::error::CallError;
use crate::exports::Indices;
use crate::lanes::Manners;
use crate::limits::Limits;
use crate::live::Live;
use crate::meter::Stop;
use crate::ports::{self, CallContext, CallKind, Denial, Ports};
use crate::runtime::Shared;
use crate::slots::{Place, Share, Want};
use crate::state::State;
use crate::time::CallTime;
use crate::values::{Call, Mode};
use crate::work::{Boxed, Measured, Work};

/// What a guest says of its failure is cut to this where what it was denied has to stand beside it.
const MAX_SAID_BYTES: usize = 2 << 10;

/// A component that was found fit: compiled, linked, its exports found.
pub(crate) struct Code {
    pub(crate) shared: Arc<Shared>,
    pub(crate) digest: Arc<str>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) indices: Indices,
    /// The slots that an instance takes.
    pub(crate) slots: u32,
}

/// An extension's code with all that its calls have in common.
pub(crate) struct Bound {
    pub(crate) code: Arc<Code>,
    pub(crate) share: Share<Box<Live>>,
    pub(crate) ahead: Ahead,
    manners: Arc<Manners>,
    save_every: NonZero<u32>,
}

impl Bound {
    pub(crate) fn new(code: Arc<Code>, save_every: NonZero<u32>) -> Arc<Self> {
        Arc::new(Self {
            share: code.shared.slots.share(),
            code,
            ahead: Ahead::default(),
            manners: Arc::default(),
            save_every,
        })
    }

    /// A call with nothing granted, on behalf of nobody.
    pub(crate) fn ungranted(&self) -> Call {
        Call {
            context: CallContext {
                extension: self.code.digest.clone(),
                revision: 0,
                digest: self.code.digest.clone(),
                correlation: Arc::from("describe"),
                kind: CallKind::Lifecycle,
                principal: None,
                cause: None,
                depth: 0,
            },
            ports: Arc::new(Ports::denied()),
            caller: ports::nobody(),
            limits: Limits::describe(),
            mode: Mode::Fresh,
        }
    }

    /// Does the work of a call, in its turn and within its limits.
    pub(crate) async fn run<R: Send + 'static>(
        self: &Arc<Self>,
        call: Call,
        work: impl FnOnce(Entered) -> Work<Answer<R>>,
    ) -> Result<R, CallError> {
        let (limits, mode) = (call.limits, call.mode);
        if limits.wants_fuel() && !self.code.shared.fuel {
            return Err(CallError::Uncounted);
        }
        let time = CallTime::start(&limits);
        let want = Want {
            count: self.code.slots,
            concurrent: match mode {
                Mode::Singleton => 1,
                Mode::Fresh | Mode::Pooled => limits.concurrent,
            },
            queue: limits.queue,
            mode,
        };
        let place = self.share.enter(want, time.end().0).await?;
        let work = work(Entered {
            bound: self.clone(),
            place,
            call,
            time: time.clone(),
        });
        let work = Measured::new(work, limits.cpu, time);
        let finished = mode == Mode::Singleton;
        let lanes = &self.code.shared.lanes;
        outcome(lanes.run(&self.manners, work, finished).await?, &limits)
    }
}

/// A call that has its place and no instance yet.
pub(crate) struct Entered {
    bound: Arc<Bound>,
    place: Place<Box<Live>>,
    call: Call,
    time: Arc<CallTime>,
}

impl Entered {
    /// Gives it an instance: a warm one that suits it, else a new one.
    pub(crate) async fn seat(mut self) -> wasmtime::Result<Seated> {
        let unfit = match self.place.warm.take() {
            Some(mut live) if live.suits(&self.call) => {
                let mode = self.call.mode;
                live.renew(self.call, self.time)?;
                return Ok(Seated {
                    live,
                    place: self.place,
                    bound: self.bound,
                    mode,
                });
            }
            other => other,
        };
        self.make(unfit).await
    }

    /// Gives it a new instance, in place of a warm one that does not suit it. In a box: what `seat` is
    /// part of exists for each function of a guest, and all of this would with it.
    fn make(self, unfit: Option<Box<Live>>) -> Work<wasmtime::Result<Seated>> {
        Box::pin(self.make_now(unfit))
    }

    async fn make_now(self, unfit: Option<Box<Live>>) -> wasmtime::Result<Seated> {
        let Self {
            bound,
            place,
            call,
            time,
        } = self;
        let mode = call.mode;
        if let Some(mut live) = unfit
            && mode == Mode::Singleton
        {
            // What it saves goes where the next call's state comes from.
            live.renew(call.clone(), time.clone())?;
            save(&mut live, &bound.code.indices).await;
        }
        let start = std::time::Instant::now();
        let live = Live::new(&bound.code.pre, bound.code.shared.fuel, call, time).await?;
        bound.ahead.note(start.elapsed());
        let mut seated = Seated {
            live,
            place,
            bound,
            mode,
        };
        if mode == Mode::Singleton {
            seated.load().await?;
        }
        Ok(seated)
    }
}

/// A call in its instance. Fields are dropped in their order: the instance, then the slots.
pub(crate) struct Seated {
    pub(crate) live: Box<Live>,
    place: Place<Box<Live>>,
    pub(crate) bound: Arc<Bound>,
    mode: Mode,
}

impl Seated {
    /// Ends a call. After a trap the instance goes.
    pub(crate) async fn end<R>(mut self, answer: Answer<R>) -> Answer<R> {
        let denied = self.live.store.data_mut().take_denied();
        let answer = answer?.map_err(|error| with_denials(error, &denied));
        self.live.store.data().meter.end()?;
        let now = Instant::now();
        let kept = match self.mode {
            Mode::Fresh => return Ok(self.clear_away(answer)),
            Mode::Pooled => self.live.is_reusable(now),
            Mode::Singleton if self.live.calls() % self.bound.save_every == 0 => self.save().await,
            Mode::Singleton => true,
        };
        if kept {
            self.live.rest();
            self.place.keep(self.live, self.mode, now);
        }
        Ok(answer)
    }

    /// Ends a call in an instance that serves no other.
    fn clear_away<R>(self, answer: R) -> R {
        let Self {
            live, place, bound, ..
        } = self;
        let limits = *live.store.data().meter.limits();
        drop(live);
        drop(place);
        ahead::after_call(&bound, limits);
        answer
    }

    /// Ends the last call of a binding: a singleton saves its state and goes.
    pub(crate) async fn close<R>(mut self, answer: R) -> Answer<R> {
        if self.mode == Mode::Singleton {
            self.save().await;
        }
        Ok(Ok(answer))
    }

    /// In a box, as [`Entered::make`].
    fn save(&mut self) -> Boxed<'_, bool> {
        Box::pin(save(&mut self.live, &self.bound.code.indices))
    }

    /// Has a new instance take up the state that was saved last.
    pub(crate) async fn load(&mut self) -> wasmtime::Result<()> {
        let indices = &self.bound.code.indices;
        if indices.state().is_none() {
            return Ok(());
        }
        let of = self.live.store.data();
        let saved = of.ports.saved_state.load(&of.context).await;
        let Some(state) = saved.map_err(|error| wasmtime::Error::new(Stop::Port(error)))? else {
            return Ok(());
        };
        let guest = self.live.state(indices)?;
        let loaded = guest.call_load(&mut self.live.store, &state).await?;
        self.live.saved = Some(Sha256::digest(&state).into());
        loaded.map_err(|error| wasmtime::Error::new(Stop::SavedState(guest_error(error))))
    }
}

/// A guest's failure together with what was denied in its call and the guest could not know.
fn with_denials(mut error: Error, denied: &[Denial]) -> Error {
    if !denied.is_empty() {
        error.message = line(error.message, MAX_SAID_BYTES);
    }
    for denial in denied {
        let denial = denial.to_string();
        if !error.message.contains(&denial) {
            error.message.push_str(" (");
            error.message.push_str(&denial);
            error.message.push(')');
        }
    }
    error
}

/// Has a singleton save its state, if it is another than was saved last. A failure changes nothing
/// of the call's answer; false if the instance is no longer usable.
async fn save(live: &mut Live, indices: &Indices) -> bool {
    if indices.state().is_none() {
        return true;
    }
    let saved = async {
        let guest = live.state(indices)?;
        let state = match guest.call_save(&mut live.store).await? {
            Ok(state) => state,
            Err(error) => return Ok(Err(error.message)),
        };
        let digest = Sha256::digest(&state).into();
        if live.saved == Some(digest) {
            return Ok(Ok(()));
        }
        let of = live.store.data();
        let saved = of.ports.saved_state.save(&of.context, state).await;
        if saved.is_ok() {
            live.saved = Some(digest);
        }
        wasmtime::Result::Ok(saved.map_err(|error| error.to_string()))
    };
    let (usable, error) = match saved.await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => (true, error),
        Err(error) => (false, crate::error::sentence(&error)),
    };
    let of = live.store.data();
    tracing::warn!(
        extension = %of.context.extension,
        correlation = %of.context.correlation,
        error,
        "the state of a singleton was not saved; what was saved before stands"
    );
    usable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::koi::extension::types::ErrorKind;

    #[test]
    fn a_failure_tells_once_what_was_denied_without_words() {
        let denial = |grant: &str| Denial {
            grant: grant.to_owned(),
            remedy: "grant it".to_owned(),
        };
        let (told, untold) = (denial("capability=config"), denial("capability=keyvalue"));
        let error = Error {
            kind: ErrorKind::Permanent,
            message: format!("no settings: {told}"),
        };
        let message = with_denials(error, &[told, untold]).message;
        assert_eq!(
            message,
            "no settings: not granted: capability=config; grant it \
             (not granted: capability=keyvalue; grant it)"
        );
    }
}
