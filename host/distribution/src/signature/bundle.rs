//! Sigstore bundles over a blob by a key, as newer versions of cosign write them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Signature, SignatureError, der};
use crate::Digest;

/// Media types of bundles whose members are those that are read here.
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    message_signature: Option<MessageSignature>,
    dsse_envelope: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<Hint>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Hint {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

/// Reads a bundle that lies beside a component. What the transparency log says in it is not looked at:
/// the key is what is trusted.
pub(super) fn parse(text: &str, component: Digest) -> Result<Signature, SignatureError> {
    let no = |what| Err(SignatureError::Bundle(what));
    let Ok(bundle) = serde_json::from_str::<Bundle>(text) else {
        return no("it is no JSON of a bundle of version 0.2 or 0.3");
    };
    if !MEDIA_TYPES.contains(&bundle.media_type.as_str()) {
        return no("it is of another version than 0.2 or 0.3");
    }
    let material = bundle.verification_material;
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        return no(
            "it was signed with a certificate instead of a key, which this node does not verify; sign with \
             `cosign sign-blob --key`",
        );
    }
    if bundle.dsse_envelope.is_some() {
        return no("it holds an attestation and no signature over the component");
    }
    let (Some(key), Some(signed)) = (material.public_key, bundle.message_signature) else {
        return no("it has no signature by a key");
    };
    if let Some(digest) = signed.message_digest {
        if digest.algorithm != "SHA2_256" {
            return no("it is over a digest of another algorithm than SHA2_256");
        }
        let found = STANDARD.encode(hex::decode(component.to_hex()).unwrap_or_default());
        if digest.digest != found {
            let bytes = STANDARD.decode(&digest.digest).unwrap_or_default();
            let shown = bytes.get(..32).unwrap_or_default();
            return Err(SignatureError::OtherBytes {
                signed: format!("sha256:{}", hex::encode(shown)),
                found: component.to_string(),
            });
        }
    }
    Ok(Signature::Component {
        der: der(&signed.signature)?,
        by: fingerprint(&key.hint),
    })
}

/// cosign's hint is base64 of the SHA-256 of the key's DER, which is what our fingerprints are of. A hint
/// of another form says nothing.
fn fingerprint(hint: &str) -> Option<String> {
    let digest = STANDARD.decode(hint).ok()?;
    (digest.len() == 32).then(|| hex::encode(digest))
}
