//! The saved state of a singleton: asked for after calls, given to a new instance.
//!
//! What is saved is another one's where another revision of the extension serves: then a save is left
//! out, and counts as none.

use sha2::{Digest, Sha256};

use crate::call::Answer;
use crate::capabilities::convert::refusal;
use crate::contract::{Indices, whichever};
use crate::live::Live;
use crate::meter::Stop;

/// Has a singleton save its state, if it is another than was saved last. A failure changes nothing
/// of the call's answer; false if the instance is no longer usable.
pub(crate) async fn save(live: &mut Live, indices: &Indices) -> bool {
    if !indices.exports().state {
        return true;
    }
    let (usable, error) = match save_now(live).await {
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
pub(crate) async fn save_now(live: &mut Live) -> Answer<Vec<u8>> {
    let Live { store, guest, .. } = live;
    let state = match whichever!(Guest: guest, guest => guest.save(store).await)? {
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
        Err(error) => Err(refusal(error)),
    })
}

/// Has a new instance take up the state that was saved last.
pub(crate) async fn load(live: &mut Live, indices: &Indices) -> wasmtime::Result<()> {
    if !indices.exports().state {
        return Ok(());
    }
    let of = live.store.data();
    let saved = of.ports.saved_state.load(&of.context).await;
    match saved.map_err(|error| wasmtime::Error::new(Stop::Port(error)))? {
        Some(state) => take_up(live, &state).await,
        None => Ok(()),
    }
}

/// Has a new instance take up a state that is saved.
pub(crate) async fn take_up(live: &mut Live, state: &[u8]) -> wasmtime::Result<()> {
    let Live { store, guest, .. } = live;
    let loaded = whichever!(Guest: guest, guest => guest.load(store, state).await)?;
    live.saved = Some(Sha256::digest(state).into());
    loaded.map_err(|error| wasmtime::Error::new(Stop::SavedState(error)))
}
