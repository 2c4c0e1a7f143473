//! Components in OCI registries.
//!
//! The client is our own over the node's HTTP library. What there is on crates.io reads manifests,
//! tokens and errors of a registry without a bound, panics at a token that is no header value, and goes
//! wherever a manifest's `urls` point.

mod challenge;
mod client;
mod error;
mod manifest;
mod pull;
mod push;
mod reference;
mod session;

pub use client::{Credentials, OciClient, OciOptions};
pub use error::OciError;
pub use manifest::{MAX_MANIFEST, ManifestError};
pub use pull::Pulled;
pub use push::{Artifact, Pushed};
pub use reference::{Reference, ReferenceError};

pub(crate) use manifest::{Descriptor, MANIFEST, Manifest};

/// Largest component that is pulled or pushed: 256 MiB.
pub const MAX_COMPONENT: usize = 256 << 20;
