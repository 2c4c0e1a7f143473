//! Key files: PEM `ENCRYPTED PRIVATE KEY`, PKCS#8 with PBES2.
//!
//! Read are PBKDF2 and scrypt; written is PBKDF2-HMAC-SHA256 with AES-256-CBC, which the reference
//! reads too. Signing and verifying are not done here.

use aws_lc_rs::rand;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};

use super::KeyError;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// Rounds of PBKDF2 in files that are written: what OWASP recommends for SHA-256.
const ITERATIONS: u32 = 600_000;

pub(super) fn decrypt(pem: &str, password: &str) -> Result<SecretDocument, KeyError> {
    let (label, document) =
        SecretDocument::from_pem(pem).map_err(|error| KeyError::File(error.to_string()))?;
    if label != LABEL {
        return Err(KeyError::File(format!("it is a \"{label}\"")));
    }
    EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|error| KeyError::File(error.to_string()))?
        .decrypt(password)
        .map_err(|_| KeyError::Password)
}

pub(super) fn encrypt(der: &[u8], password: &str) -> Result<String, KeyError> {
    let failed = || KeyError::Library("encrypt the key file");
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    rand::fill(&mut salt).map_err(|_| failed())?;
    rand::fill(&mut iv).map_err(|_| failed())?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
        .map_err(|_| failed())?;
    let pem = PrivateKeyInfoRef::try_from(der)
        .map_err(|_| failed())?
        .encrypt_with_params(parameters, password)
        .map_err(|_| failed())?
        .to_pem(LABEL, LineEnding::LF)
        .map_err(|_| failed())?;
    Ok(pem.to_string())
}
