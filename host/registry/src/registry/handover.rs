//! Handing over what a singleton keeps in memory, between the start of a candidate and its commit.
//!
//! The calls of the revision that serves are held, its state saved, and an instance of the candidate made
//! out of it. Until the commit nothing has changed by that: what saves is the revision that serves, and
//! when a [`Handover`] is dropped, its calls go on in the instance that they were held for. So a candidate
//! that refuses the state leaves all as it was, and a node that is killed at any point finds the state as
//! it was handed over, whichever revision serves then.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use koi_runtime::{CallError, Held};
use serde::Serialize;
use tokio::time::timeout;

use super::{Inner, Registry};
use crate::callee::Callee;
use crate::entry::ExtensionEntry;

/// What a swap did with the state of the revision that served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateHandover {
    /// There was none to hand over: one of the two is no singleton, keeps no state, or has none yet.
    None,
    /// The new revision goes on from it.
    HandedOver {
        /// Its size.
        bytes: u64,
    },
}

/// Why a state was not handed over. The revision that served goes on with its calls.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// It could not be had from the revision that serves.
    #[error(
        "the state of {extension} could not be saved, so that nothing goes on from it: {error}; the \
         revision that serves goes on. Without its state, remove it first"
    )]
    Save {
        /// The extension.
        extension: String,
        /// What was the matter.
        error: CallError,
    },
    /// The candidate does not go on from it.
    #[error(
        "the new revision of {extension} does not go on from the state of the one that serves, which \
         goes on: {error}"
    )]
    Load {
        /// The extension.
        extension: String,
        /// What it says.
        error: CallError,
    },
}

/// A state that is handed over. The calls of the revision that serves are held until this is finished or
/// dropped.
pub(super) struct Handover {
    held: Option<(Arc<dyn Callee>, Held)>,
    /// What became of the state.
    pub(super) state: StateHandover,
}

impl Inner {
    /// Hands the state of the revision that serves over to a candidate that was started. `changing` is
    /// held. If it `may_lose` what was not saved, as when one that fails is rolled back, a state that
    /// cannot be saved is no error: the candidate has begun from what was saved last.
    ///
    /// # Errors
    /// If the state cannot be saved, or the candidate refuses it. Then nothing is held.
    pub(super) async fn hand_over(
        &self,
        candidate: &ExtensionEntry,
        may_lose: bool,
    ) -> Result<Handover, HandoverError> {
        let extension = candidate.name();
        let mut handover = Handover {
            held: None,
            state: StateHandover::None,
        };
        let serving = self.snapshot.load().extensions.get(extension).cloned();
        let keeps = |entry: &ExtensionEntry| {
            let handover = entry.callee.handover();
            handover.is_some_and(|handover| handover.keeps_state())
        };
        let Some(serving) = serving.filter(|serving| keeps(serving)) else {
            return Ok(handover);
        };
        let Some(from) = serving.callee.handover() else {
            return Ok(handover);
        };
        let held = match from.hold().await {
            Ok(held) => held,
            Err(error) if may_lose => {
                tracing::warn!(extension, %error, "what its state was could not be saved and is lost");
                return Ok(handover);
            }
            Err(error) => {
                return Err(HandoverError::Save {
                    extension: extension.to_owned(),
                    error,
                });
            }
        };
        // One that keeps nothing in memory leaves what is saved for a later revision.
        let to = candidate.callee.handover().filter(|to| to.keeps_state());
        if let (Some(to), Some(state)) = (to, held.state()) {
            let bytes = state.len() as u64;
            let taken_up = to.take_up(state.to_vec()).await;
            taken_up.map_err(|error| HandoverError::Load {
                extension: extension.to_owned(),
                error,
            })?;
            handover.state = StateHandover::HandedOver { bytes };
        }
        handover.held = Some((serving.callee.clone(), held));
        Ok(handover)
    }
}

impl Registry {
    /// Has each singleton save its state, once its running call has ended: for a node that stops. What does
    /// not come about within this time is left out, and the log says so.
    pub fn save_states(&self, within: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let snapshot = self.snapshot();
            let saving = snapshot.extensions.values().map(|entry| async move {
                let handover = entry.callee.handover();
                let Some(from) = handover.filter(|from| from.keeps_state()) else {
                    return;
                };
                let extension = entry.name();
                match timeout(within, from.hold()).await {
                    Ok(Ok(held)) => drop(held),
                    Ok(Err(error)) => {
                        tracing::warn!(extension, %error, "its state was not saved; what was saved before stands");
                    }
                    Err(_) => {
                        tracing::warn!(extension, "its call runs on; what was saved of its state before stands");
                    }
                }
            });
            join_all(saving).await;
        })
    }
}

impl Handover {
    /// The candidate serves: the held calls are its calls.
    pub(super) fn finish(self, successor: &Arc<ExtensionEntry>) -> StateHandover {
        if let Some((from, held)) = self.held
            && let Some(from) = from.handover()
        {
            from.supersede(held, successor.clone());
        }
        self.state
    }
}
