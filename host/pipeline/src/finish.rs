//! The Final phase: what is done once an object is stored.
//!
//! Whatever happens here leaves the object stored. A guest's handler that fails for good leaves a dead
//! letter, which runs this phase again when it is re-driven.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use koi_registry::Snapshot;
use koi_rid::Event;
use koi_runtime::Phase;
use koi_store::{Arrival, Batch, Op};

use crate::commit::draft;
use crate::fault::{Fault, Persistence};
use crate::journey::{Halt, Journey};
use crate::log;
use crate::settle::World;
use crate::{Change, Object};

impl World {
    /// The Final phase. The host's handlers come before the news, so that whoever hears of a change
    /// finds the host up to date with it.
    pub(crate) async fn finish(&self, object: Object, snapshot: Arc<Snapshot>, change: Change) {
        let arrival = Arrival::from(Event::of_rid(change.event_type, change.rid.clone()));
        let mut journey = Journey::after_commit(self, object, snapshot);
        if let Err(Halt::Fault(fault)) = unharmed(journey.host_handlers()).await {
            log::fault(&arrival, Phase::Final, &fault, "a host handler failed");
        }
        self.registry.knowledge_changed(&change.rid.rid_type());
        // Nobody listening is no error.
        let _ = self.changes.send(change);
        let mut attempts = 0;
        loop {
            journey.work().await;
            let outcome = unharmed(journey.guest_handlers()).await;
            journey.rest();
            let fault = match outcome {
                Ok(()) | Err(Halt::Stop(_)) => return,
                Err(Halt::Fault(fault)) => fault,
            };
            attempts += 1;
            let again = match fault.persistence {
                Persistence::Transient => self.retry.wait(attempts),
                Persistence::Permanent => None,
            };
            let Some(wait) = again else {
                let letter = journey.letter();
                log::fault(&letter, Phase::Final, &fault, "a final handler failed");
                let op = Op::Bury(draft(letter, Phase::Final, fault));
                if let Err(error) = self.stores.commits.commit(Batch { ops: vec![op] }).await {
                    tracing::error!(%error, "a dead letter could not be kept");
                }
                return;
            };
            if !self.pause(wait).await {
                return;
            }
        }
    }

    /// The extensions' part of the Final phase, once more and once only. The object is stored since
    /// long, and the host's handlers have seen it.
    pub(crate) async fn finish_again(&self, letter: &Arrival) -> Result<(), String> {
        let mut journey = Journey::final_again(self, letter);
        journey.work().await;
        match unharmed(journey.guest_handlers()).await {
            Ok(()) | Err(Halt::Stop(_)) => Ok(()),
            Err(Halt::Fault(fault)) => {
                log::fault(letter, Phase::Final, &fault, "a final handler failed again");
                Err(fault.reason)
            }
        }
    }
}

/// A panic of the host as a failure like any other: the lane has to go on.
async fn unharmed(handlers: impl Future<Output = Result<(), Halt>>) -> Result<(), Halt> {
    let outcome = AssertUnwindSafe(handlers).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Halt::Fault(Fault::panic())))
}
