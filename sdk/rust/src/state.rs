//! The state of a singleton.

use crate::Result;
use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::state::exports::koi::extension::state::Guest;

/// What an extension that runs as a [singleton](crate::Mode::Singleton) keeps in memory, for the host
/// to save: a new instance takes it up after a crash, a limit that was met or a restart of the node.
pub trait State {
    /// All that [`load`](State::load) needs. Called between calls.
    ///
    /// # Errors
    /// Any error leaves what was saved before.
    fn save() -> Result<Vec<u8>>;

    /// Takes up what `save` gave, of this or an earlier revision. Called once in a new instance,
    /// before any other call; not at all if nothing was saved yet. [`Extension::start`](crate::Extension::start)
    /// may have been called in an earlier instance: what is needed is made here.
    ///
    /// # Errors
    /// Any error fails the call for which the instance was made; of a revision that is to take the place of
    /// another one, it keeps it from being activated, and the other one goes on.
    fn load(state: Vec<u8>) -> Result<()>;
}

impl<T: State> Guest for T {
    fn save() -> Result<Vec<u8>, wit::Error> {
        Ok(T::save()?)
    }

    fn load(state: Vec<u8>) -> Result<(), wit::Error> {
        Ok(T::load(state)?)
    }
}
