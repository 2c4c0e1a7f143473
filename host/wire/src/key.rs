//! ECDSA P-256 keys: a node signs with its own and verifies with those of its peers.

mod file;

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    ParsedPublicKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// A signature: r and s, 32 bytes each, big-endian.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// Longest public key text, in base64 characters. A P-256 key has 124.
const MAX_PUBLIC_KEY_CHARS: usize = 512;

/// Why a key could not be made, read, written or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library refused to make a key or a signature.
    #[error("the cryptographic library could not {0}")]
    Library(&'static str),
    /// The key file is no PEM of an encrypted PKCS#8 key.
    #[error("the key file is no PEM \"ENCRYPTED PRIVATE KEY\": {0}")]
    File(String),
    /// The file could not be decrypted.
    #[error("the key file does not open with this password")]
    Password,
    /// The private key is not one of P-256.
    #[error("the private key is no P-256 key")]
    NotP256,
    /// The public key is not base64 of a P-256 SubjectPublicKeyInfo.
    #[error("the public key is no base64 text of a P-256 SubjectPublicKeyInfo")]
    PublicKey,
}

/// The private key of a node.
pub struct NodeKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl NodeKey {
    /// Makes a new key, and with it a new identity.
    pub fn generate() -> Result<NodeKey, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Library("make a key"))?;
        NodeKey::new(pair)
    }

    /// Reads the text of a key file: PEM, PKCS#8 with PBES2 over PBKDF2 or scrypt.
    pub fn from_encrypted_pem(pem: &str, password: &str) -> Result<NodeKey, KeyError> {
        let der = file::decrypt(pem, password)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_bytes())
            .map_err(|_| KeyError::NotP256)?;
        NodeKey::new(pair)
    }

    /// The text of a key file that koi-net reads too: PBKDF2-HMAC-SHA256 and AES-256-CBC.
    pub fn to_encrypted_pem(&self, password: &str) -> Result<String, KeyError> {
        let der = self
            .pair
            .to_pkcs8v1()
            .map_err(|_| KeyError::Library("write the key"))?;
        file::encrypt(der.as_ref(), password)
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message, as base64.
    pub fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| KeyError::Library("sign"))?;
        Ok(STANDARD.encode(signature))
    }

    fn new(pair: EcdsaKeyPair) -> Result<NodeKey, KeyError> {
        let der: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| KeyError::Library("write the public key"))?;
        let public = PublicKey::parse(&STANDARD.encode(der.as_ref()))?;
        Ok(NodeKey { pair, public })
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// A public key, parsed once. Clones share it, so it may be kept with each known peer.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    text: String,
    hash: String,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Parses the `public_key` of a node profile: base64 of a DER SubjectPublicKeyInfo.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        if text.len() > MAX_PUBLIC_KEY_CHARS {
            return Err(KeyError::PublicKey);
        }
        let der = STANDARD.decode(text).map_err(|_| KeyError::PublicKey)?;
        // A bare curve point, which the library takes too, is not what the network exchanges.
        if der.first() != Some(&0x30) {
            return Err(KeyError::PublicKey);
        }
        let parsed =
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der).map_err(|_| KeyError::PublicKey)?;
        Ok(PublicKey(Arc::new(Inner {
            text: text.to_owned(),
            hash: crate::identity::sha256_hex(text),
            parsed,
        })))
    }

    /// The text, as profiles have it.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Lower-case hex SHA-256 of the text: the second half of the node's RID.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// Whether the signature is this key's over the message with that SHA-256 digest.
    pub(crate) fn verifies(&self, digest: &Digest, signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.parsed.verify_digest_sig(digest, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for PublicKey {}
