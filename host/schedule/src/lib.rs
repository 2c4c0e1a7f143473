//! The schedule: extensions' jobs, each begun when it is due.
//!
//! What is due is worked out from the registry's newest snapshot and the runs that the store has, so
//! that a restart neither loses a due time nor takes one twice. A run is in the store before it begins
//! and again when it has ended; what a node did not finish is found at its next start and is done again
//! if the job makes up for missed runs.
//!
//! Promises: of a job one run goes on at a time, and a due time that comes meanwhile is skipped; what was
//! skipped or missed is in the history, with how many due times that were; a new revision, a removal and
//! a change of grants hold from the next try on, and the run that goes on is finished by the revision
//! that began it; a job that traps, spins or floods ends its own run and nothing else.
//!
//! Failure: without the store no run begins, since nothing would be known of it; the job is tried at its
//! next due time.

mod clock;
mod plan;
mod run;
mod scheduler;
mod standing;

pub use clock::{Clock, SystemClock};
pub use scheduler::{JobStatus, RunError, Schedule, ScheduleParts};
