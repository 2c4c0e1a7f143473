//! What lies beside a file and says who made it.

use serde::{Deserialize, Serialize};

use super::{PublicKey, Signature, SignatureError, Signed, bundle};
use crate::Digest;

/// Largest file with a signature, bundle or key, in bytes: a bundle has what a transparency log says in it.
pub const MAX_ATTACHED: usize = 32 << 10;

/// The texts of the files beside `FILE`, as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attached {
    /// `FILE.sig`: a signature as `cosign sign-blob --output-signature` writes it.
    pub signature: Option<String>,
    /// `FILE.sigstore.json`: a bundle as `cosign sign-blob --bundle` writes it.
    pub bundle: Option<String>,
    /// `FILE.pub`: the key that is said to have signed it, in PEM.
    pub public_key: Option<String>,
}

impl Attached {
    /// What the names of these files have after that of the component.
    pub const SUFFIXES: [&'static str; 3] = [".sig", ".sigstore.json", ".pub"];

    /// Reads them with `read`, which is given a suffix and bounds what it reads by [`MAX_ATTACHED`].
    ///
    /// # Errors
    /// Those of `read`.
    pub fn gather<E>(read: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        let [signature, bundle, public_key] = Self::SUFFIXES.map(read);
        Ok(Self {
            signature: signature?,
            bundle: bundle?,
            public_key: public_key?,
        })
    }

    /// What they say of a component.
    ///
    /// # Errors
    /// If one of them is not what its name says, or a bundle is over other bytes.
    pub fn parse(&self, component: &[u8]) -> Result<Signed, SignatureError> {
        let texts = [&self.signature, &self.bundle, &self.public_key];
        let mut lengths = texts.into_iter().flatten().map(String::len);
        if lengths.any(|length| length > MAX_ATTACHED) {
            return Err(SignatureError::TooLarge);
        }
        let mut signed = Signed::default();
        if let Some(text) = &self.signature {
            signed.signatures.push(Signature::parse(text)?);
        }
        if let Some(text) = &self.bundle {
            let bundle = bundle::parse(text, Digest::of(component))?;
            signed.signatures.push(bundle);
        }
        if let Some(pem) = &self.public_key {
            signed.keys.push(PublicKey::from_pem(pem)?);
        }
        Ok(signed)
    }
}
