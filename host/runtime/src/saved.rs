//! The saved state of a singleton: asked for after calls, given to a new instance.
//!
//! What is saved is another one's where another revision of the extension serves: then a save is left
//! out, and counts as none.

use sha2::{Digest, Sha256};

use crate::bindings::koi::extension::types::Error;
use crate::capabilities::convert::{self, guest_error};
use crate::exports::Indices;
use crate::live::Live;
use crate::meter::Stop;

/// Has a singleton save its state, if it is another than was saved last. A failure changes nothing
/// of the call's answer; false if the instance is no longer usable.
pub(crate) async fn save(live: &mut Live, indices: &Indices) -> bool {
    if indices.state().is_none() {
        return true;
    }
    let (usable, error) = match save_now(live, indices).await {
        Ok(Ok(_)) => return true,
        Ok(Err(error)) => (true, error.message),
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

/// Has a singleton save its state, and gives it. What the guest or the store says against it leaves the
/// instance as it was; a trap does not.
pub(crate) async fn save_now(
    live: &mut Live,
    indices: &Indices,
) -> wasmtime::Result<Result<Vec<u8>, Error>> {
    let guest = live.state(indices)?;
    let state = match guest.call_save(&mut live.store).await? {
        Ok(state) => state,
        Err(error) => return Ok(Err(error)),
    };
    let digest = Sha256::digest(&state).into();
    if live.saved == Some(digest) {
        return Ok(Ok(state));
    }
    let of = live.store.data();
    let saved = of.ports.saved_state.save(&of.context, state.clone()).await;
    Ok(match saved {
        Ok(kept) => {
            if kept {
                live.saved = Some(digest);
            }
            Ok(state)
        }
        Err(error) => Err(convert::error(error)),
    })
}

/// Has a new instance take up the state that was saved last.
pub(crate) async fn load(live: &mut Live, indices: &Indices) -> wasmtime::Result<()> {
    if indices.state().is_none() {
        return Ok(());
    }
    let of = live.store.data();
    let saved = of.ports.saved_state.load(&of.context).await;
    match saved.map_err(|error| wasmtime::Error::new(Stop::Port(error)))? {
        Some(state) => take_up(live, indices, &state).await,
        None => Ok(()),
    }
}

/// Has a new instance take up a state that is saved.
pub(crate) async fn take_up(
    live: &mut Live,
    indices: &Indices,
    state: &[u8],
) -> wasmtime::Result<()> {
    let guest = live.state(indices)?;
    let loaded = guest.call_load(&mut live.store, state).await?;
    live.saved = Some(Sha256::digest(state).into());
    loaded.map_err(|error| wasmtime::Error::new(Stop::SavedState(guest_error(error))))
}
