//! Manifests: what a bundle is about, when it was made, and the hash of its contents.

use crate::json::{Dialect, Document, Kind, ManifestExtras, Text, Value, write_string};
use crate::{ModelError, Rid, Timestamp};

/// The members that every manifest has, in the order in which they are signed.
pub const MANIFEST_MEMBERS: [&str; 3] = ["rid", "timestamp", "sha256_hash"];

/// Most extra members of a manifest.
pub const MAX_EXTRAS: usize = 32;

/// Longest extra members of a manifest, names and values together, in bytes.
pub const MAX_EXTRAS_BYTES: usize = 16 * 1024;

/// Longest `sha256_hash`, in bytes. A right one has 64; the network does not check it.
pub const MAX_HASH_BYTES: usize = 256;

/// Manifest members beyond the three, in the order in which they came. They are signed and relayed,
/// and mean nothing here. A `null` is not kept, as no peer prints it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras(Vec<(String, Text)>);

impl Extras {
    /// Reads them back from the text of [`Extras::to_json`].
    pub fn parse(json: &str) -> Result<Extras, ModelError> {
        let document = Document::parse(json)?;
        expect_object(document.root(), "extras")?;
        Extras::from_value(document.root())
    }

    /// Takes all members but those three from an object.
    fn from_value(object: Value<'_, '_>) -> Result<Extras, ModelError> {
        let mut extras = Vec::new();
        let mut bytes = 0;
        for (name, value) in object.members() {
            if value.is_null() || MANIFEST_MEMBERS.contains(&&*name) {
                continue;
            }
            bytes += name.len() + value.text().len();
            if bytes > MAX_EXTRAS_BYTES {
                return Err(ModelError::TooLarge {
                    what: "bytes of extra manifest members",
                    limit: MAX_EXTRAS_BYTES,
                });
            }
            if extras.len() == MAX_EXTRAS {
                return Err(ModelError::TooLarge {
                    what: "number of extra manifest members",
                    limit: MAX_EXTRAS,
                });
            }
            extras.push((name.into_owned(), Text::from_value(value)));
        }
        Ok(Extras(extras))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and JSON text of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// A JSON object of them, to be stored; `{}` if there are none.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        self.write_members(Dialect::default(), &mut out);
        if out.as_bytes().get(1) == Some(&b',') {
            out.remove(1);
        }
        out.push('}');
        out
    }

    /// Appends `,"name":value` for each.
    fn write_members(&self, dialect: Dialect, out: &mut String) {
        for (name, text) in &self.0 {
            out.push(',');
            write_string(name, out);
            out.push(':');
            text.write_canonical(dialect.floats, out);
        }
    }
}

/// A manifest. `sha256_hash` is what the sender claims: see [`crate::Bundle::hash_is_right`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What the bundle is about.
    pub rid: Rid,
    /// When its contents were made.
    pub timestamp: Timestamp,
    /// Lower-case hex SHA-256 of the RFC 8785 form of the contents, if the sender is right.
    pub sha256_hash: String,
    /// Members beyond the three.
    pub extras: Extras,
}

impl Manifest {
    /// Reads a JSON text.
    pub fn parse(json: &str) -> Result<Manifest, ModelError> {
        Manifest::from_value(Document::parse(json)?.root())
    }

    /// Reads a value of a document.
    pub fn from_value(value: Value<'_, '_>) -> Result<Manifest, ModelError> {
        expect_object(value, "manifest")?;
        let rid = value
            .get("rid")
            .ok_or(ModelError::Missing("manifest.rid"))?;
        let timestamp = value
            .get("timestamp")
            .ok_or(ModelError::Missing("manifest.timestamp"))?;
        let hash = value
            .get("sha256_hash")
            .ok_or(ModelError::Missing("manifest.sha256_hash"))?;
        let timestamp = match timestamp.kind() {
            Kind::Integer | Kind::Float => Timestamp::parse(timestamp.text())?,
            _ => Timestamp::parse(&expect_str(timestamp, "manifest.timestamp")?)?,
        };
        let sha256_hash = expect_str(hash, "manifest.sha256_hash")?;
        if sha256_hash.len() > MAX_HASH_BYTES {
            return Err(ModelError::TooLarge {
                what: "bytes of manifest.sha256_hash",
                limit: MAX_HASH_BYTES,
            });
        }
        Ok(Manifest {
            rid: Rid::parse(&expect_str(rid, "manifest.rid")?)?,
            timestamp,
            sha256_hash: sha256_hash.into_owned(),
            extras: Extras::from_value(value)?,
        })
    }

    /// Appends the text that is signed.
    pub fn write(&self, dialect: Dialect, out: &mut String) {
        out.push_str("{\"rid\":");
        write_string(self.rid.as_str(), out);
        out.push_str(",\"timestamp\":");
        write_string(self.timestamp.as_str(), out);
        out.push_str(",\"sha256_hash\":");
        write_string(&self.sha256_hash, out);
        if dialect.extras == ManifestExtras::Keep {
            self.extras.write_members(dialect, out);
        }
        out.push('}');
    }

    /// The canonical text in the default dialect.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(Dialect::default(), &mut out);
        out
    }
}

pub(crate) fn expect_object(value: Value<'_, '_>, what: &'static str) -> Result<(), ModelError> {
    match value.kind() {
        Kind::Object => Ok(()),
        _ => Err(ModelError::Kind {
            what,
            expected: "an object",
        }),
    }
}

pub(crate) fn expect_str<'a>(
    value: Value<'_, 'a>,
    what: &'static str,
) -> Result<std::borrow::Cow<'a, str>, ModelError> {
    value.as_str().ok_or(ModelError::Kind {
        what,
        expected: "a string",
    })
}
