//! Secrets of extensions: what an operator keeps for them, and never lets them see.
//!
//! An extension that asks for a secret and was granted it holds a placeholder. The value goes in where
//! a request leaves the node, towards the hosts of the grant and no others, and comes out again of all
//! that the extension says ([`Scrubber`] has what is recognised). An extension that asks for no secret
//! has no [`Guard`], which is all that it pays.

mod callee;
mod guard;
mod heard;
mod outgoing;
mod scrubber;
#[cfg(test)]
mod tests;
mod value;
mod vault;
mod view;

pub(crate) use callee::GuardedCallee;
pub(crate) use guard::Guard;
pub(crate) use heard::ScrubbedLog;
pub(crate) use outgoing::SecretHttp;
use scrubber::Scrubber;
pub use value::{
    MAX_SECRET_BYTES, MAX_SECRET_NAME_BYTES, MIN_SECRET_BYTES, SecretError, SecretName, SecretValue,
};
pub use vault::Vault;

use std::sync::Arc;

use koi_runtime::ports::PortError;

/// [`Guard::refuse`] for an extension that may have none.
pub(crate) fn refuse(guard: Option<&Arc<Guard>>, what: &str, text: &[u8]) -> Result<(), PortError> {
    guard.map_or(Ok(()), |guard| guard.refuse(what, text))
}
