//! The host's side of the imports, one module per capability, all of the same shape: count the call,
//! turn the guest's values into those of the port, ask the port, turn its answer back.
//!
//! What a guest gives is checked here; a port never sees a malformed RID. Failures go back as the
//! interface's own errors; only a met limit ends the call. Of the interfaces of `koi:extension` here
//! is what all versions of the contract have in common; how each says it is in its own module below
//! `contract`.

pub(crate) mod caller;
pub(crate) mod config;
pub(crate) mod convert;
mod files;
pub(crate) mod http;
pub(crate) mod keyvalue;
pub(crate) mod knowledge;
pub(crate) mod logging;
pub(crate) mod network;
mod poll;
pub(crate) mod secrets;
pub(crate) mod wasi;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wasi as standard;
use crate::state::State;

/// Links the standard interfaces that the host offers. What of them is in force, the ports decide at each call.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Own = HasSelf<State>;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    files::link(linker)?;
    poll::link(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    standard::logging::logging::add_to_linker::<State, Own>(linker, |state| state)?;
    standard::config::store::add_to_linker::<State, Own>(linker, |state| state)?;
    standard::keyvalue::store::add_to_linker::<State, Own>(linker, |state| state)?;
    standard::keyvalue::atomics::add_to_linker::<State, Own>(linker, |state| state)?;
    standard::keyvalue::batch::add_to_linker::<State, Own>(linker, |state| state)
}
