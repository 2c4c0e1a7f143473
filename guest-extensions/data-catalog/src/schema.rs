//! What is published under a schema's RID.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most fields of a schema, and columns of a dataset.
const MAX_FIELDS: usize = 4096;

/// The fields of datasets. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataSchemaDefinition {
    /// Its name, without the version.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Its version: `v1`, `2026-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub version: Option<String>,
    /// What its datasets hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub description: Option<String>,
    /// The fields, in their order; no two of one name.
    #[schemars(length(max = MAX_FIELDS))]
    pub fields: Vec<Field>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A field of a schema, a column of a dataset. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Its name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Its type, as the format of the dataset calls it.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 256))]
    pub kind: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// Whether it may be without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nullable: Option<bool>,
    #[serde(flatten)]
    other: Map<String, Value>,
}
