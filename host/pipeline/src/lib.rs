//! The knowledge pipeline: what becomes of every object, from its arrival to its storing and telling.
//!
//! An object arrives through the [`Intake`], which has it on disk before it answers, and passes five
//! phases: RID, Manifest, Bundle, Network, Final. In each phase the host's own rules come first, then
//! the [`HostHandler`]s, then the extensions' handlers in the order of the registry's snapshot. One
//! object sees one snapshot from end to end. A bundle, its outbox rows, what its handlers want
//! published and the acknowledgement of its arrival are committed together, so a crash leaves either
//! all of it or an arrival that is processed again.
//!
//! Promises: objects of one RID pass one after the other in the order of their arrival, all others
//! side by side; a transient failure is tried again with back-off while only that RID waits; what
//! cannot be processed is a dead letter with its reason, never a silent loss; no input panics.
//!
//! An object in which an extension has a say that is installed and does not run waits in the store until it
//! runs again or is removed, and what comes after it under the same RID waits behind it.
//!
//! The Final phase runs after the commit. A crash between the two leaves it out; a handler that must
//! not miss an object belongs in the Network phase.
//!
//! What is published here comes after what is stored, also when a peer's clock was ahead of this
//! node's: an acknowledged publication is never taken for an old one.
//!
//! Knowledge of types with a lifetime ([`Lifetimes`]) is not stored when it arrives after its end, and
//! forgotten when its end has come. Of what another node told, other nodes do not hear then: it is as
//! true there as before.
//!
//! It does not know who called it or how things are sent: asking other nodes is the [`Fetch`] trait,
//! telling them is the outbox.

mod bell;
mod change;
mod commit;
mod expiry;
mod fault;
mod fetch;
mod fetching;
mod finish;
mod handler;
mod held;
mod intake;
mod journey;
mod knowledge;
mod lanes;
mod lifetimes;
mod log;
mod pipeline;
mod publication;
mod redrive;
mod replacement;
mod rules;
mod settle;

pub use bell::Bell;
pub use change::Change;
pub use fetch::{Fetch, FetchError, Fetched};
pub use handler::{Effects, Flow, HandlerError, HostHandler, Object};
pub use intake::{Intake, IntakeError};
pub use knowledge::knowledge;
pub use lifetimes::Lifetimes;
pub use pipeline::{Pipeline, PipelineError, PipelineParts, Retry};
pub use publication::{answer, correlation, fetched, forgetting, publication, succeed};

/// How many causes may stand behind an object. Deeper ones are handlers that answer each other
/// without end, and go to the dead letters.
pub const MAX_DEPTH: u32 = 8;
