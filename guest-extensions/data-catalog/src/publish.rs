//! Publishing datasets and schemas.

use std::time::Duration;

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dataset::DatasetMetadata;
use crate::references::{self, DatasetReference, SchemaReference};
use crate::schema::DataSchemaDefinition;
use crate::schema_name::{self, KnownSchemas};

/// So long a publication is awaited, so that whoever published finds it from then on.
const AWAITED: Duration = Duration::from_secs(1);

/// A dataset to publish.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PublishDataset {
    /// What follows `orn:data.dataset:` in its RID, such as `sales/customer_transactions`; the name
    /// if left out.
    path: Option<String>,
    #[serde(flatten)]
    dataset: DatasetMetadata,
}

/// A schema to publish.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PublishSchema {
    /// What follows `orn:data.schema:` in its RID, such as `transactions/v1`; name and version if
    /// left out.
    path: Option<String>,
    #[serde(flatten)]
    schema: DataSchemaDefinition,
}

/// What was published.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    rid: Rid,
    /// RFC 3339, UTC.
    timestamp: String,
    sha256_hash: String,
    /// Whether it is what everybody reads by now; if not, it still waits to be processed.
    stored: bool,
    /// Of a dataset that names a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaMark>,
}

/// The schema that a dataset names.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaMark {
    /// As the dataset has it.
    name: String,
    /// Its RID; none if no schema can have that name.
    rid: Option<Rid>,
    known: bool,
}

impl SchemaMark {
    fn of(dataset: &DatasetMetadata) -> Result<Option<Self>> {
        let name = dataset.schema.as_deref();
        Ok(KnownSchemas::default()
            .mark(name)?
            .zip(name)
            .map(|(known, name)| Self {
                name: name.to_owned(),
                rid: schema_name::rid(name),
                known,
            }))
    }
}

/// Publishes a dataset, in place of what was known under its RID.
///
/// # Errors
/// `invalid-input` if it makes no RID, `denied` without the grant.
pub fn publish_dataset(PublishDataset { path, dataset }: PublishDataset) -> Result<Published> {
    let rid = references::rid::<DatasetReference>(path.as_ref().unwrap_or(&dataset.name))?;
    let schema = SchemaMark::of(&dataset)?;
    published(knowledge::publish(&rid, &dataset)?, schema)
}

/// Publishes a schema, in place of what was known under its RID.
///
/// # Errors
/// `invalid-input` if it makes no RID, `denied` without the grant.
pub fn publish_schema(PublishSchema { path, schema }: PublishSchema) -> Result<Published> {
    let path = path.unwrap_or_else(|| match &schema.version {
        Some(version) => format!("{}/{version}", schema.name),
        None => schema.name.clone(),
    });
    let rid = references::rid::<SchemaReference>(&path)?;
    published(knowledge::publish(&rid, &schema)?, None)
}

fn published(publication: Publication, schema: Option<SchemaMark>) -> Result<Published> {
    Ok(Published {
        stored: knowledge::stored_within(&publication, AWAITED)?,
        rid: publication.rid,
        timestamp: publication.timestamp,
        sha256_hash: publication.sha256_hash,
        schema,
    })
}
