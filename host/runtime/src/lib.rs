//! Runs extensions: WebAssembly components behind the WIT contract `koi:extension`.
//!
//! Promises: a guest reaches nothing but the [`Ports`](ports::Ports) that came with the call; a guest
//! that traps, spins, grows or floods ends its own call with a [`CallError`] that says so, and takes
//! nothing from other calls; an instance lives as long as the call's [`Mode`] says, by default for
//! that call alone. Loading fails with one sentence, a [`LoadError`].
//!
//! The runtime knows nothing of stores, networks or MCP.

mod ahead;
mod bindings;
mod bound;
mod cache;
mod call;
mod capabilities;
mod compiler;
mod contract;
mod engine;
mod error;
mod extension;
mod handover;
mod lanes;
mod limits;
mod live;
mod loader;
mod meter;
mod plain;
pub mod ports;
mod recording;
mod restarts;
mod runtime;
mod saved;
mod slots;
mod state;
mod time;
mod values;
mod work;

pub use compiler::{COMPILE_LIMITS, CompileLimits, Compiler, compile_for_parent};
pub use engine::engine_configuration;
pub use error::{CallError, GuestError, GuestErrorKind, LoadError, RuntimeError, whole_seconds};
pub use extension::{Calling, Extension};
pub use handover::Held;
pub use limits::{LIMITS, LimitInfo, Limits, UNLIMITED};
pub use recording::{
    Called, Divergence, Ended, MAX_RECORDING_BYTES, RecordError, Recording, RecordingError,
    ReplayError, Replayed, Step,
};
pub use runtime::{Runtime, RuntimeConfig};
pub use slots::Usage;
pub use values::{
    Call, Completion, Exports, KnowledgeObject, Mode, Outcome, ParsedReference, Phase, Replacement,
    ResourceBody, ResourceContents, UnknownPhase,
};
pub use work::Boxed;
