//! All that is known of one dataset.

use koi_extension::prelude::*;
use koi_extension::{ErrorKind, log};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::dataset::DatasetMetadata;
use crate::references::{self, DatasetReference};
use crate::schema_name;

/// Which dataset to describe.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DescribeDataset {
    /// Its RID, or what follows `orn:data.dataset:` in it.
    #[schemars(length(min = 1, max = 1024))]
    dataset: String,
}

/// All that is known of a dataset.
#[derive(Debug, Serialize)]
pub struct DatasetDescription {
    rid: Rid,
    /// The metadata, to the letter as it was published.
    dataset: Box<RawValue>,
    /// Left out of a dataset that names no schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<DescribedSchema>,
    provenance: Provenance,
}

#[derive(Debug, Serialize)]
struct DescribedSchema {
    /// As the dataset has it.
    name: String,
    /// None if no schema can have that name.
    rid: Option<Rid>,
    known: bool,
    /// To the letter as it was published.
    definition: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct Provenance {
    /// When the metadata came into being at its source: RFC 3339, UTC.
    timestamp: String,
    /// Of the metadata in its canonical form (RFC 8785).
    sha256_hash: String,
    /// What else the node knows about the bundle, such as who wrote it.
    meta: Box<RawValue>,
}

/// Describes a dataset that the node has stored or can fetch.
///
/// # Errors
/// `invalid-input` if nobody has such a dataset, `denied` without a grant to read.
pub fn describe_dataset(wanted: DescribeDataset) -> Result<DatasetDescription> {
    let rid = references::rid::<DatasetReference>(&wanted.dataset)?;
    let bundle = knowledge::find(&rid)?;
    let dataset: DatasetMetadata = bundle.contents_as()?;
    Ok(DatasetDescription {
        rid,
        schema: dataset.schema.map(described).transpose()?,
        dataset: raw(bundle.contents)?,
        provenance: Provenance {
            timestamp: bundle.timestamp,
            sha256_hash: bundle.sha256_hash,
            meta: raw(bundle.meta)?,
        },
    })
}

fn described(name: String) -> Result<DescribedSchema> {
    let rid = schema_name::rid(&name);
    let bundle = match rid.as_ref().map(knowledge::dereference).transpose() {
        // That no node can be asked for the schema does not make the dataset unknown.
        Err(error) if error.kind == ErrorKind::Transient => {
            log!(Warn, "the schema `{name}` could not be fetched: {error}");
            None
        }
        fetched => fetched?.flatten(),
    };
    Ok(DescribedSchema {
        name,
        rid,
        known: bundle.is_some(),
        definition: bundle.map(|bundle| raw(bundle.contents)).transpose()?,
    })
}

/// JSON as it is, its numbers and the order of its members included.
fn raw(json: Json) -> Result<Box<RawValue>> {
    RawValue::from_string(json.into_string())
        .map_err(|error| Error::permanent(format!("the node gave JSON that is none: {error}")))
}
