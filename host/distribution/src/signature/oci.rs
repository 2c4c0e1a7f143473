//! Signatures of manifests in a registry, as cosign lays them out: under the tag `sha256-….sig` lies a
//! manifest whose layers are payloads, each with its signature in an annotation.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{
    KeyError, PublicKey, Signature, SignatureError, Signed, SigningKey, der, encode_signature,
};
use crate::Digest;
use crate::oci::{Descriptor, Manifest, Reference};

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Annotation: base64 of the DER signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Annotation of ours: the public key in PEM, so that a publisher can be known again by who was not given
/// the key before.
const KEY: &str = "dev.koi-mcp.public-key";

const KIND: &str = "cosign container image signature";

/// Largest payload.
const MAX_PAYLOAD: u64 = 64 << 10;

/// Most signatures of one manifest that are looked at.
const MAX_SIGNATURES: usize = 16;

/// A layer of the manifest with the signatures, and its bytes.
pub(crate) struct Layer {
    pub(crate) descriptor: Descriptor,
    pub(crate) payload: Vec<u8>,
}

/// What is to be put into the repository so that a manifest is signed.
pub(crate) struct ToPut {
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) manifest: Vec<u8>,
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// The tag under which the signatures of a manifest are.
pub(crate) fn tag(of: Digest) -> String {
    format!("sha256-{}.sig", of.to_hex())
}

/// The layers that may be signatures by a key. Those with a certificate are of a person's identity.
pub(crate) fn payloads(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let is_one = |layer: &&Descriptor| {
        layer.media_type == PAYLOAD
            && layer.size <= MAX_PAYLOAD
            && layer.annotations.contains_key(SIGNATURE)
            && !layer
                .annotations
                .contains_key("dev.sigstore.cosign/certificate")
    };
    manifest.layers.iter().filter(is_one).take(MAX_SIGNATURES)
}

/// What layers say of the manifest that they lie beside. One that is no signature says nothing.
pub(crate) fn signed(manifest: &[u8], layers: Vec<Layer>) -> Signed {
    let mut signed = Signed::default();
    for Layer {
        descriptor,
        payload,
    } in layers
    {
        let annotation = |name| descriptor.annotations.get(name).map(String::as_str);
        let Some(Ok(der)) = annotation(SIGNATURE).map(der) else {
            continue;
        };
        if let Some(Ok(key)) = annotation(KEY).map(PublicKey::from_pem) {
            signed.keys.push(key);
        }
        signed.signatures.push(Signature::Manifest {
            manifest: manifest.to_vec(),
            payload,
            der,
        });
    }
    signed
}

/// Whether a payload names this manifest.
pub(super) fn names(payload: &[u8], manifest: Digest) -> Result<(), SignatureError> {
    let payload: Payload = serde_json::from_slice(payload)
        .map_err(|error| SignatureError::Payload(error.to_string()))?;
    if payload.critical.kind != KIND {
        let what = format!("its type is not {KIND:?}");
        return Err(SignatureError::Payload(what));
    }
    let named = payload.critical.image.digest;
    if Digest::parse(&named) != Some(manifest) {
        return Err(SignatureError::SwappedManifest {
            named: named.chars().take(80).collect(),
            found: manifest.to_string(),
        });
    }
    Ok(())
}

/// A signature of a manifest besides those that there are.
pub(crate) fn sign(
    reference: &Reference,
    manifest: Digest,
    key: &SigningKey,
    before: Vec<Layer>,
) -> Result<ToPut, KeyError> {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": reference.name()},
            "image": {"docker-manifest-digest": manifest.to_string()},
            "type": KIND,
        },
        "optional": null,
    });
    let payload = payload.to_string().into_bytes();
    let signature = encode_signature(&key.sign(&payload)?);
    let descriptor = Descriptor {
        annotations: BTreeMap::from([
            (SIGNATURE.to_owned(), signature),
            (KEY.to_owned(), key.public().to_pem()?),
        ]),
        ..Descriptor::of(PAYLOAD, &payload)
    };
    // One key has one signature there.
    let by_others = before.into_iter().map(|layer| layer.descriptor);
    let by_others =
        by_others.filter(|layer| layer.annotations.get(KEY) != descriptor.annotations.get(KEY));
    let mut layers: Vec<Descriptor> = by_others.collect();
    layers.push(descriptor);
    let digests: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let config = json!({
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let config = config.to_string().into_bytes();
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(crate::oci::MANIFEST.to_owned()),
        config: Descriptor::of(CONFIG, &config),
        layers,
        annotations: Default::default(),
    };
    Ok(ToPut {
        blobs: vec![payload, config],
        manifest: manifest.to_text(),
    })
}
