//! Pieces of knowledge.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::koi::extension::{knowledge as wit_knowledge, types as wit};
use crate::{Error, Json, Result, Rid};

/// A piece of knowledge: contents under a RID, with the manifest that identifies them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its name.
    pub rid: Rid,
    /// When these contents came into being at their source: RFC 3339, UTC.
    pub timestamp: String,
    /// Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents.
    pub sha256_hash: String,
    /// A JSON object.
    pub contents: Json,
    /// A JSON object with everything else that is known about the bundle.
    pub meta: Json,
}

impl Bundle {
    /// The contents as a value.
    ///
    /// # Errors
    /// `invalid-input` if they do not have the form of `T`.
    pub fn contents_as<T: DeserializeOwned>(&self) -> Result<T> {
        contents_as(&self.rid, &self.contents)
    }
}

/// What a publication was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Publication {
    /// The name under which it was published.
    pub rid: Rid,
    /// Its timestamp: RFC 3339, UTC.
    pub timestamp: String,
    /// Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents.
    pub sha256_hash: String,
}

/// Contents as a value, with the RID in the message when they are not.
pub(crate) fn contents_as<T: DeserializeOwned>(rid: &Rid, contents: &Json) -> Result<T> {
    contents.to().map_err(|error| Error {
        message: format!("the contents of {rid} are {}", error.message),
        kind: error.kind,
    })
}

impl TryFrom<wit::Bundle> for Bundle {
    type Error = Error;

    fn try_from(bundle: wit::Bundle) -> Result<Self> {
        Ok(Self {
            rid: Rid::parse(bundle.rid)?,
            timestamp: bundle.timestamp,
            sha256_hash: bundle.sha256_hash,
            contents: Json::trusted(bundle.contents),
            meta: Json::trusted(bundle.meta),
        })
    }
}

impl TryFrom<wit_knowledge::Publication> for Publication {
    type Error = Error;

    fn try_from(publication: wit_knowledge::Publication) -> Result<Self> {
        Ok(Self {
            rid: Rid::parse(publication.rid)?,
            timestamp: publication.timestamp,
            sha256_hash: publication.sha256_hash,
        })
    }
}
