//! Signatures over components as they are distributed: ECDSA over P-256 with SHA-256, by keys and in the
//! forms of cosign.
//!
//! A file has its signature beside it (`cosign sign-blob`), a manifest in a registry has its signatures
//! under a tag that follows from its digest (`cosign sign`). What is signed by a certificate of a person's
//! identity instead of a key is told apart and not verified: that needs a trust root that changes, which
//! this node would have to ask others for.

mod attached;
mod bundle;
mod key;
pub(crate) mod oci;

pub use attached::{Attached, MAX_ATTACHED};
pub use key::{KeyError, PublicKey, SigningKey, is_fingerprint};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::Digest;
use crate::oci::Manifest;

/// Longest signature in DER, with room to spare: one of P-256 has at most 72 bytes.
const MAX_DER: usize = 256;

/// A signature, and what it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// Over the component itself.
    Component {
        /// In DER.
        der: Vec<u8>,
        /// The fingerprint of the key that is said to have made it.
        by: Option<String>,
    },
    /// Over a payload that names a manifest, which names the component.
    Manifest {
        /// The text of the manifest.
        manifest: Vec<u8>,
        /// What was signed.
        payload: Vec<u8>,
        /// In DER.
        der: Vec<u8>,
    },
}

/// All that came with a component and says who made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// The keys that came along. They prove nothing but that the same key signed twice.
    pub keys: Vec<PublicKey>,
    /// Another publisher than that of the revision before is taken, if it has this fingerprint; `none`
    /// takes what is unsigned.
    pub allow_publisher: Option<String>,
}

/// Why something is no signature, or none over what it lies beside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No base64 of a signature.
    #[error(
        "the signature is no base64 text of a DER-encoded ECDSA signature, as `cosign sign-blob` writes it"
    )]
    Malformed,
    /// More than any signature is.
    #[error("the signature is larger than {MAX_ATTACHED} bytes")]
    TooLarge,
    /// No Sigstore bundle over a blob by a key.
    #[error("the Sigstore bundle cannot be used: {0}")]
    Bundle(&'static str),
    /// The signature is over other bytes.
    #[error(
        "the signature is over bytes of digest {signed}, and the component's is {found}: it was changed after it was signed"
    )]
    OtherBytes {
        /// What was signed.
        signed: String,
        /// What is there.
        found: String,
    },
    /// The payload of a signature cannot be read.
    #[error("the signature's payload is not as cosign writes it: {0}")]
    Payload(String),
    /// The signature is over another manifest.
    #[error(
        "the signature names the manifest {named}, and the component came by {found}: the manifest was swapped"
    )]
    SwappedManifest {
        /// What was signed.
        named: String,
        /// What is there.
        found: String,
    },
    /// The manifest that was signed names another component.
    #[error("the manifest that was signed is none of this component")]
    OtherComponent,
    /// The key that came along is none.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Signature {
    /// Reads a signature as it lies beside a file: base64 of DER.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        Ok(Self::Component {
            der: der(text)?,
            by: None,
        })
    }

    /// The bytes that were signed, which for a manifest are what leads to the component.
    ///
    /// # Errors
    /// If it does not lead there.
    pub(crate) fn message<'a>(&'a self, component: &'a [u8]) -> Result<&'a [u8], SignatureError> {
        match self {
            Self::Component { .. } => Ok(component),
            Self::Manifest {
                manifest, payload, ..
            } => {
                oci::names(payload, Digest::of(manifest))?;
                let parsed = Manifest::parse(manifest);
                let named = parsed.and_then(|parsed| parsed.component().map(|(_, digest)| digest));
                if named != Ok(Digest::of(component)) {
                    return Err(SignatureError::OtherComponent);
                }
                Ok(payload)
            }
        }
    }

    pub(crate) fn der(&self) -> &[u8] {
        match self {
            Self::Component { der, .. } | Self::Manifest { der, .. } => der,
        }
    }

    /// The fingerprint of the key that is said to have made it, where that is said.
    pub(crate) fn by(&self) -> Option<&str> {
        match self {
            Self::Component { by, .. } => by.as_deref(),
            Self::Manifest { .. } => None,
        }
    }
}

/// A signature as `cosign sign-blob` writes it into a file.
#[must_use]
pub fn encode_signature(der: &[u8]) -> String {
    STANDARD.encode(der)
}

/// Base64 of what may be a signature: a DER sequence, not long.
fn der(text: &str) -> Result<Vec<u8>, SignatureError> {
    let text = text.trim_ascii();
    if text.len() > 2 * MAX_DER {
        return Err(SignatureError::Malformed);
    }
    let der = STANDARD
        .decode(text)
        .map_err(|_| SignatureError::Malformed)?;
    if der.first() != Some(&0x30) || der.len() > MAX_DER {
        return Err(SignatureError::Malformed);
    }
    Ok(der)
}
