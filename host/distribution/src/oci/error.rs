//! What can go wrong between a node and a registry.

use super::manifest::ManifestError;
use super::reference::ReferenceError;
use crate::signature::KeyError;

/// Why nothing was pulled or pushed. No credentials stand in it.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The reference does not do for this.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It is pushed to a tag, and the digest follows from what is pushed.
    #[error(
        "{0} cannot be pushed to: name a tag and no digest, as in oci://registry.example.org/notes:1.0"
    )]
    NotATag(String),
    /// No connection, or one that broke.
    #[error(
        "the registry {registry} cannot be reached: {reason}. Registries are spoken to over TLS, unless they \
         are on the loopback or listed under extensions.oci.insecure"
    )]
    Unreachable {
        /// Its host.
        registry: String,
        /// What the network says.
        reason: String,
    },
    /// It took too long.
    #[error("the registry {registry} took longer than {seconds} s")]
    TimedOut {
        /// Its host.
        registry: String,
        /// The limit.
        seconds: u64,
    },
    /// There is no such thing.
    #[error("{0} is not there: the registry knows no such repository, tag or digest")]
    NotFound(String),
    /// Whoever asks may not.
    #[error(
        "the registry {registry} does not let this node {action} {repository}: set a user name and a password \
         under extensions.oci.registries.\"{registry}\" in the configuration, or check those that are set"
    )]
    Denied {
        /// Its host.
        registry: String,
        /// `pull from` or `push to`.
        action: &'static str,
        /// The repository.
        repository: String,
    },
    /// It answered with an error of its own.
    #[error("the registry {registry} answered {status} when asked for {what}{reason}")]
    Status {
        /// Its host.
        registry: String,
        /// The HTTP status.
        status: u16,
        /// What was asked for.
        what: &'static str,
        /// Its own words, after a colon, if there are any.
        reason: String,
    },
    /// Its answer is not as the distribution specification has it.
    #[error("the registry {registry} does not keep to the protocol: {what}")]
    Protocol {
        /// Its host.
        registry: String,
        /// What is wrong.
        what: String,
    },
    /// It sends the node on to where it does not go.
    #[error(
        "the registry {registry} leads to {to:?}, which is neither https nor a registry that may be spoken to in clear"
    )]
    Redirect {
        /// Its host.
        registry: String,
        /// Where it leads.
        to: String,
    },
    /// More came than may come.
    #[error("{what} of {reference} is larger than {limit} bytes")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Of what.
        reference: String,
        /// The bound.
        limit: usize,
    },
    /// What came is not what was named.
    #[error(
        "{what} of {reference} is not what its digest names: expected {expected}, found {found}; nothing was taken"
    )]
    Digest {
        /// What it is.
        what: &'static str,
        /// Of what.
        reference: String,
        /// The digest that was named.
        expected: String,
        /// The digest of what came.
        found: String,
    },
    /// The manifest is none of a component.
    #[error("{reference} is no component: {error}")]
    Manifest {
        /// Of what.
        reference: String,
        /// What is wrong.
        error: ManifestError,
    },
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}
