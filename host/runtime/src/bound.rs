//! How the calls of an extension get an instance, and what becomes of it afterwards.
//!
//! A fresh instance is made for its call, or shortly before it (`ahead.rs`), and goes with it. A pooled one goes back among the warm ones
//! if nothing speaks against it, and is made new where none is warm: no call waits for another one's
//! instance. A singleton is the one warm instance of an extension whose calls come one at a time; it
//! saves its state after calls, and a new one takes up what was saved last, after a while if it crashed
//! again and again (`restarts.rs`). Whatever ends a call from
//! outside (a trap, a limit, a panic, its caller) drops the instance in every mode.

use std::num::NonZero;
use std::sync::Arc;

use tokio::time::Instant;
use wasmtime::component::InstancePre;

use crate::ahead::{self, Ahead};
use crate::call::{Answer, crash, outcome};
use crate::capabilities::convert::{line, message};
use crate::contract::Indices;
use crate::error::{CallError, GuestError};
use crate::lanes::Manners;
use crate::limits::Limits;
use crate::live::Live;
use crate::ports::{self, CallContext, CallKind, Denial, Ports};
use crate::restarts::Restarts;
use crate::runtime::Shared;
use crate::saved;
use crate::slots::{Place, Rank, Share, Want};
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
    restarts: Restarts,
    save_every: NonZero<u32>,
}

impl Bound {
    pub(crate) fn new(code: Arc<Code>, save_every: NonZero<u32>) -> Arc<Self> {
        Arc::new(Self {
            share: code.shared.slots.share(),
            code,
            ahead: Ahead::default(),
            manners: Arc::default(),
            restarts: Restarts::default(),
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
        if call.mode == Mode::Singleton {
            self.restarts.may_begin()?;
        }
        self.run_as(Rank::Ordinary, call, work).await
    }

    /// Does the work of a call of the host's own, which has another rank than those that it ends or holds,
    /// and does not wait until a singleton that crashed may be called again.
    pub(crate) async fn run_as<R: Send + 'static>(
        self: &Arc<Self>,
        rank: Rank,
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
            rank,
        };
        let place = self.share.enter(want, time.end().0).await?;
        if mode == Mode::Singleton && rank == Rank::Ordinary {
            // The call before it may have been one crash too many.
            self.restarts.may_begin()?;
        }
        let mut work = work(Entered {
            bound: self.clone(),
            place,
            call,
            time: time.clone(),
        });
        let finished = mode == Mode::Singleton;
        if finished {
            work = Box::pin(self.clone().noted(work, limits));
        }
        let work = Measured::new(work, limits.cpu, time);
        let lanes = &self.code.shared.lanes;
        outcome(lanes.run(&self.manners, work, finished).await?, &limits)
    }

    /// The work of a singleton's call, after which it is known whether the instance crashed: also where
    /// nobody waits for the answer any more.
    async fn noted<R>(self: Arc<Self>, work: Work<Answer<R>>, limits: Limits) -> Answer<R> {
        let answer = work.await;
        match answer.as_ref().map_err(|error| crash(error, &limits)) {
            Ok(_) => self.restarts.answered(),
            Err(Some(reason)) => self.restarts.crashed(reason),
            Err(None) => {}
        }
        answer
    }
}

/// A call that has its place and no instance yet.
pub(crate) struct Entered {
    pub(crate) bound: Arc<Bound>,
    pub(crate) place: Place<Box<Live>>,
    pub(crate) call: Call,
    pub(crate) time: Arc<CallTime>,
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
            saved::save(&mut live, &bound.code.indices).await;
        }
        let start = std::time::Instant::now();
        let live = Live::new(&bound.code, call, time).await?;
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
        Box::pin(saved::save(&mut self.live, &self.bound.code.indices))
    }

    /// Has a new instance take up the state that was saved last.
    pub(crate) async fn load(&mut self) -> wasmtime::Result<()> {
        saved::load(&mut self.live, &self.bound.code.indices).await
    }
}

/// A guest's failure together with what was denied in its call and the guest could not know.
fn with_denials(mut error: GuestError, denied: &[Denial]) -> GuestError {
    if denied.is_empty() {
        return error;
    }
    error.message = line(error.message, MAX_SAID_BYTES);
    for denial in denied {
        let denial = denial.to_string();
        if !error.message.contains(&denial) {
            error.message.push_str(" (");
            error.message.push_str(&denial);
            error.message.push(')');
        }
    }
    error.message = message(error.message);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::GuestErrorKind;

    #[test]
    fn a_failure_tells_once_what_was_denied_without_words() {
        let denial = |grant: &str| Denial {
            grant: grant.to_owned(),
            remedy: "grant it".to_owned(),
        };
        let (told, untold) = (denial("capability=config"), denial("capability=keyvalue"));
        let error = GuestError {
            kind: GuestErrorKind::Permanent,
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
