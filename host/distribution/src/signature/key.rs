//! Keys: ECDSA over P-256, in PEM.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use pkcs8::{LineEnding, SecretDocument};
use zeroize::Zeroizing;

use crate::Digest;

/// Longest PEM text of a key, in bytes.
const MAX_PEM: usize = 16 << 10;

const PUBLIC: &str = "PUBLIC KEY";
const PRIVATE: &str = "PRIVATE KEY";

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no PEM of the kind.
    #[error("expected a PEM \"{expected}\", found {found}")]
    Pem {
        /// The label.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A private key as cosign keeps it.
    #[error(
        "it is a private key as cosign encrypts it, which only cosign opens: sign with `cosign sign-blob --key \
         KEY --output-signature FILE.sig FILE`, or in a registry with `cosign sign --key KEY`; what it signs is \
         verified here with its cosign.pub"
    )]
    Cosign,
    /// A private key behind a password.
    #[error(
        "it is encrypted: sign with a key that is not (`koi-mcp extension keygen` makes one), and keep it where only you can read it"
    )]
    Encrypted,
    /// A key of another kind.
    #[error("it is no ECDSA key over P-256, which is what cosign makes and what is verified here")]
    NotP256,
    /// The cryptographic library refused.
    #[error("the cryptographic library could not {0}")]
    Library(&'static str),
}

/// A public key, and what it is known by.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    parsed: ParsedPublicKey,
    der: Vec<u8>,
    fingerprint: String,
}

impl PublicKey {
    /// Reads a PEM `PUBLIC KEY`, such as `cosign.pub`.
    ///
    /// # Errors
    /// If it is none of P-256.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = read(pem, PUBLIC)?;
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der.as_bytes())
            .map_err(|_| KeyError::NotP256)?;
        Self::new(parsed)
    }

    /// The key as a PEM `PUBLIC KEY`.
    ///
    /// # Errors
    /// If the library cannot write it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let document = SecretDocument::try_from(self.0.der.clone());
        let pem = document.and_then(|document| document.to_pem(PUBLIC, LineEnding::LF));
        let pem = pem.map_err(|_| KeyError::Library("write the public key"))?;
        Ok(pem.to_string())
    }

    /// Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo, whatever form of it was read.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// Whether a DER signature is this key's over a message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], der: &[u8]) -> bool {
        self.0.parsed.verify_sig(message, der).is_ok()
    }

    fn new(parsed: ParsedPublicKey) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Library("write the public key");
        let der: PublicKeyX509Der<'_> = parsed.as_der().map_err(failed)?;
        let der = der.as_ref().to_vec();
        let fingerprint = Digest::of(&der).to_hex();
        Ok(Self(Arc::new(Inner {
            parsed,
            der,
            fingerprint,
        })))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for PublicKey {}

/// A private key. It is not kept by the node: whoever publishes has it.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self::new(pair.map_err(|_| KeyError::Library("make a key"))?)
    }

    /// Reads a PEM `PRIVATE KEY` (PKCS#8), as `openssl genpkey` writes it.
    ///
    /// # Errors
    /// If it is none of P-256, or encrypted.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = read(pem, PRIVATE)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_bytes());
        Self::new(pair.map_err(|_| KeyError::NotP256)?)
    }

    /// The key as a PEM `PRIVATE KEY`, for its owner alone.
    ///
    /// # Errors
    /// If the library cannot write it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let failed = || KeyError::Library("write the key");
        let der = self.pair.to_pkcs8v1().map_err(|_| failed())?;
        let document = SecretDocument::try_from(der.as_ref()).map_err(|_| failed())?;
        document
            .to_pem(PRIVATE, LineEnding::LF)
            .map_err(|_| failed())
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message. In DER.
    ///
    /// # Errors
    /// If the library cannot.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| KeyError::Library("sign"))?;
        Ok(signature.as_ref().to_vec())
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let failed = || KeyError::Library("write the public key");
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| failed())?;
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der.as_ref());
        let public = PublicKey::new(parsed.map_err(|_| failed())?)?;
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// Whether a text has the form of a fingerprint.
#[must_use]
pub fn is_fingerprint(text: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(lower)
}

/// The DER in a PEM text with that label. What is under another label need not be DER.
fn read(pem: &str, expected: &'static str) -> Result<SecretDocument, KeyError> {
    let found = |found: &str| KeyError::Pem {
        expected,
        found: found.to_owned(),
    };
    if pem.len() > MAX_PEM {
        return Err(found("a text that is longer than any key"));
    }
    let begin = pem.split_once("-----BEGIN ");
    let label = begin.and_then(|(_, rest)| rest.split_once("-----"));
    let (label, _) = label.ok_or_else(|| found("no PEM text"))?;
    match label {
        _ if label == expected => {}
        "ENCRYPTED COSIGN PRIVATE KEY" | "ENCRYPTED SIGSTORE PRIVATE KEY" => {
            return Err(KeyError::Cosign);
        }
        "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
        label => {
            let shown: String = label.chars().take(40).collect();
            return Err(found(&format!("a \"{shown}\"")));
        }
    }
    match SecretDocument::from_pem(pem) {
        Ok((_, document)) => Ok(document),
        Err(_) => Err(found("one that cannot be read")),
    }
}
