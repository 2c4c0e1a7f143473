//! Bundles: a manifest and the contents it tells of.

use crate::json::{Dialect, Document, Value};
use crate::manifest::expect_object;
use crate::{Contents, Extras, Manifest, ModelError, Rid, Timestamp};

/// A knowledge object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What it is about, when it was made, and its hash.
    pub manifest: Manifest,
    /// The object itself.
    pub contents: Contents,
}

impl Bundle {
    /// A bundle of our own, made now: a manifest of three members, which every peer accepts.
    pub fn generate(rid: Rid, contents: Contents) -> Bundle {
        let manifest = Manifest {
            rid,
            timestamp: Timestamp::now(),
            sha256_hash: contents.hash(),
            extras: Extras::default(),
        };
        Bundle { manifest, contents }
    }

    /// Whether the manifest's hash is that of the contents. No peer is known to check it, so what
    /// comes from outside has to be.
    pub fn hash_is_right(&self) -> bool {
        self.manifest.sha256_hash == self.contents.hash()
    }

    /// Reads a JSON text.
    pub fn parse(json: &str) -> Result<Bundle, ModelError> {
        Bundle::from_value(Document::parse(json)?.root())
    }

    /// Reads a value of a document.
    pub fn from_value(value: Value<'_, '_>) -> Result<Bundle, ModelError> {
        expect_object(value, "bundle")?;
        let manifest = value
            .get("manifest")
            .ok_or(ModelError::Missing("bundle.manifest"))?;
        let contents = value
            .get("contents")
            .ok_or(ModelError::Missing("bundle.contents"))?;
        Ok(Bundle {
            manifest: Manifest::from_value(manifest)?,
            contents: Contents::from_value(contents)?,
        })
    }

    /// Appends the text that is signed.
    pub fn write(&self, dialect: Dialect, out: &mut String) {
        out.push_str("{\"manifest\":");
        self.manifest.write(dialect, out);
        out.push_str(",\"contents\":");
        self.contents.write_canonical(dialect.floats, out);
        out.push('}');
    }

    /// The canonical text in the default dialect.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(Dialect::default(), &mut out);
        out
    }
}
