//! How components travel, and how it is known who made them.
//!
//! Two things that know nothing of installed extensions: components in OCI registries ([`OciClient`]),
//! laid out as the CNCF's Wasm OCI artifact, and signatures over the bytes as they are distributed
//! ([`Signature`]), by keys and in forms that cosign reads and writes. What follows from a signature is
//! said by a [`SignaturePolicy`].
//!
//! All that comes in is bounded and checked by digest before anything looks at it. Verifying asks nobody:
//! it needs the bytes, the signature and the key.

mod digest;
mod oci;
mod policy;
mod signature;

pub use digest::Digest;
pub use oci::{
    Artifact, Credentials, MAX_COMPONENT, MAX_MANIFEST, ManifestError, OciClient, OciError,
    OciOptions, Pulled, Pushed, Reference, ReferenceError,
};
pub use policy::{PolicyMode, Refusal, SignaturePolicy, Verdict};
pub use signature::{
    Attached, KeyError, MAX_ATTACHED, PublicKey, Signature, SignatureError, Signed, SigningKey,
    encode_signature, is_fingerprint,
};
#[cfg(test)]
mod tests;
