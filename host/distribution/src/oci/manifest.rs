//! Manifests: which bytes belong together under a tag.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Artifact, MAX_COMPONENT};
use crate::Digest;

/// Largest manifest that is read: 4 MiB, what registries take.
pub const MAX_MANIFEST: usize = 4 << 20;

/// Most layers of a manifest.
const MAX_LAYERS: usize = 1000;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(super) const WASM: &str = "application/wasm";

/// What a registry may answer a question for a manifest with. Indexes are asked for so that they can be
/// refused as what they are.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// Annotation of a layer: the file that it was.
pub(super) const TITLE: &str = "org.opencontainers.image.title";

/// The manifest of an image or artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
    /// For people: what a component says of itself in our own. Of others' they are not read.
    #[serde(
        default,
        skip_deserializing,
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

/// Some bytes of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub media_type: String,
    /// May be of an algorithm that is not ours where the bytes are none of ours either.
    pub digest: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Why a manifest is none of a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It leads to several manifests.
    #[error(
        "it is an image index, which leads to several manifests: a component has one for all platforms; name \
         the one that is meant by its digest"
    )]
    Index,
    /// It is not of the form of a manifest.
    #[error("it is no OCI image manifest: {0}")]
    Malformed(String),
    /// It has no component.
    #[error("none of its layers is a component ({WASM}); they are {0}")]
    NoComponent(String),
    /// It has more than one.
    #[error("{0} of its layers are {WASM}, and only one can be the component")]
    SeveralComponents(usize),
    /// What is said of the component's layer cannot be checked or is too much.
    #[error("its component is said to be of {size} bytes and digest {digest:?}: expected at most {} MiB and a sha256 digest", MAX_COMPONENT >> 20)]
    Layer {
        /// The digest, as it is written there, cut off where it is long.
        digest: String,
        /// In bytes.
        size: u64,
    },
}

impl Manifest {
    /// Reads one. `text` is bounded by who fetched it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            media_type: Option<String>,
            #[serde(default)]
            manifests: Option<serde::de::IgnoredAny>,
        }
        let malformed = |error: serde_json::Error| ManifestError::Malformed(error.to_string());
        let kind: Kind = serde_json::from_slice(text).map_err(malformed)?;
        let media_type = kind.media_type.unwrap_or_default();
        if kind.manifests.is_some() || media_type.contains("index") || media_type.contains("list") {
            return Err(ManifestError::Index);
        }
        let manifest: Self = serde_json::from_slice(text).map_err(malformed)?;
        if manifest.schema_version != 2 {
            let what = format!("its schemaVersion is {}, not 2", manifest.schema_version);
            return Err(ManifestError::Malformed(what));
        }
        if manifest.layers.len() > MAX_LAYERS {
            let what = format!("it has more than {MAX_LAYERS} layers");
            return Err(ManifestError::Malformed(what));
        }
        Ok(manifest)
    }

    /// The layer that is the component, whatever others there are.
    pub(crate) fn component(&self) -> Result<(&Descriptor, Digest), ManifestError> {
        let layers = self.layers.iter();
        let components: Vec<&Descriptor> =
            layers.filter(|layer| layer.media_type == WASM).collect();
        let [component] = components[..] else {
            return Err(match components.len() {
                0 => ManifestError::NoComponent(self.kinds()),
                several => ManifestError::SeveralComponents(several),
            });
        };
        let digest = Digest::parse(&component.digest);
        match digest.filter(|_| component.size <= MAX_COMPONENT as u64) {
            Some(digest) => Ok((component, digest)),
            None => Err(ManifestError::Layer {
                digest: component.digest.chars().take(80).collect(),
                size: component.size,
            }),
        }
    }

    /// The layers' media types, for a person.
    fn kinds(&self) -> String {
        let named = self.layers.iter().take(5);
        let kinds: Vec<String> = named
            .map(|layer| layer.media_type.chars().take(80).collect())
            .collect();
        if kinds.is_empty() {
            "none".to_owned()
        } else {
            kinds.join(", ")
        }
    }

    /// The manifest of a component, and its configuration, as the CNCF's Wasm OCI artifact has them. The
    /// same component makes the same manifest whenever it is pushed: no moment stands in it.
    pub(super) fn of_component(artifact: &Artifact<'_>) -> (Self, Vec<u8>) {
        let digest = Digest::of(&artifact.component).to_string();
        let config = json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [digest],
        });
        let config = text_of(&config);
        let title = artifact
            .title
            .map(|title| (TITLE.to_owned(), title.to_owned()));
        let manifest = Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            config: Descriptor::of(WASM_CONFIG, &config),
            layers: vec![Descriptor {
                annotations: title.into_iter().collect(),
                ..Descriptor::of(WASM, &artifact.component)
            }],
            annotations: artifact.annotations.iter().cloned().collect(),
        };
        (manifest, config)
    }

    pub(crate) fn to_text(&self) -> Vec<u8> {
        serde_json::to_value(self).map_or_else(|_| Vec::new(), |value| text_of(&value))
    }
}

impl Descriptor {
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes).to_string(),
            size: bytes.len() as u64,
            annotations: BTreeMap::new(),
        }
    }
}

pub(super) fn text_of(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest(layers: &Value) -> Vec<u8> {
        let config =
            json!({"mediaType": WASM_CONFIG, "digest": Digest::of(b"{}").to_string(), "size": 2});
        text_of(
            &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}),
        )
    }

    fn layer(media_type: &str, digest: &str, size: u64) -> Value {
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    fn component_of(layers: &Value) -> Result<Digest, ManifestError> {
        let manifest = Manifest::parse(&manifest(layers))?;
        manifest.component().map(|(_, digest)| digest)
    }

    #[test]
    fn of_several_layers_the_one_of_wasm_is_the_component() {
        let digest = Digest::of(b"component");
        let layers = json!([
            layer("application/vnd.example.description", "sha512:00", 7),
            layer(WASM, &digest.to_string(), 9),
        ]);
        assert_eq!(component_of(&layers), Ok(digest));
    }

    #[test]
    fn what_is_no_manifest_of_one_component_is_refused_with_the_reason() {
        let wasm = layer(WASM, &Digest::of(b"a").to_string(), 1);
        assert_eq!(
            component_of(&json!([wasm, wasm])),
            Err(ManifestError::SeveralComponents(2))
        );
        let other = json!([layer("text/plain", "sha256:00", 1)]);
        assert_eq!(
            component_of(&other),
            Err(ManifestError::NoComponent("text/plain".to_owned()))
        );
        for (digest, size) in [
            ("sha256:00".to_owned(), 1),
            (Digest::of(b"a").to_string(), MAX_COMPONENT as u64 + 1),
        ] {
            let refused = component_of(&json!([layer(WASM, &digest, size)]));
            assert!(
                matches!(refused, Err(ManifestError::Layer { .. })),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn an_index_is_refused_as_what_it_is() {
        let index = json!({"schemaVersion": 2, "manifests": []});
        assert_eq!(Manifest::parse(&text_of(&index)), Err(ManifestError::Index));
        let kind = "application/vnd.docker.distribution.manifest.list.v2+json";
        let list = json!({"schemaVersion": 2, "mediaType": kind});
        assert_eq!(Manifest::parse(&text_of(&list)), Err(ManifestError::Index));
    }

    #[test]
    fn the_same_component_has_the_same_manifest_and_it_reads_back() {
        let artifact = Artifact {
            component: b"component".as_slice().into(),
            title: Some("notes.wasm"),
            annotations: Vec::new(),
        };
        let (manifest, config) = Manifest::of_component(&artifact);
        let again = Manifest::of_component(&artifact);
        assert_eq!((manifest.to_text(), config), (again.0.to_text(), again.1));
        let read = Manifest::parse(&manifest.to_text()).unwrap();
        assert_eq!(read, manifest);
        assert_eq!(read.component().unwrap().1, Digest::of(b"component"));
    }

    #[test]
    fn what_is_said_of_a_component_stands_in_its_manifest() {
        let key = "org.opencontainers.image.version".to_owned();
        let artifact = Artifact {
            annotations: vec![(key.clone(), "1.0.0".to_owned())],
            ..Artifact::default()
        };
        let (manifest, _) = Manifest::of_component(&artifact);
        let text: Value = serde_json::from_slice(&manifest.to_text()).unwrap();
        assert_eq!(text["annotations"], json!({key: "1.0.0"}));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_manifest_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::parse(&bytes).and_then(|manifest| manifest.component().map(|_| ()));
        }

        #[test]
        fn a_manifest_with_a_byte_changed_is_one_or_an_error(at in 0usize..400, byte in any::<u8>()) {
            let mut text = manifest(&json!([layer(WASM, &Digest::of(b"a").to_string(), 1)]));
            let length = text.len();
            text[at % length] = byte;
            let _ = Manifest::parse(&text).and_then(|manifest| manifest.component().map(|_| ()));
        }
    }
}
