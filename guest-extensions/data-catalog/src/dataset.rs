//! What is published under a dataset's RID.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::Field;

/// A dataset: what it is, and where. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetMetadata {
    /// Its name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// What it holds, for agents and people.
    #[schemars(length(max = 8192))]
    pub description: String,
    /// Its schema: the RID of an `orn:data.schema`, or what follows the type in it. It need not be
    /// known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub schema: Option<String>,
    /// Its format: `parquet`, `csv`, `postgresql`.
    #[schemars(length(min = 1, max = 128))]
    pub format: String,
    /// Where it lies, best as a URL.
    #[schemars(length(min = 1, max = 4096))]
    pub location: String,
    /// How often it changes: `daily`, `hourly`, `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub update_frequency: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(max = 128)))]
    pub tags: Option<Vec<String>>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub owner: Option<String>,
    /// Its columns, where they are not told by the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub columns: Option<Vec<Field>>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl DatasetMetadata {
    /// The words to find it by.
    pub fn tags(&self) -> &[String] {
        self.tags.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::Schema;
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_written_back_with_all_its_members() {
        let published = json!({
            "name": "customer_transactions",
            "description": "Daily customer transaction records",
            "schema": "transactions_schema_v1",
            "format": "parquet",
            "location": "s3://data-lake/transactions/",
            "update_frequency": "daily",
            "columns": [{ "name": "id", "type": "string", "unit": "m" }],
            "licence": "CC0"
        });
        let dataset: DatasetMetadata = serde_json::from_value(published.clone()).unwrap();
        assert_eq!(serde_json::to_value(dataset).unwrap(), published);
    }

    #[test]
    fn the_schema_asks_for_what_finds_a_dataset_and_takes_null_for_the_rest() {
        let schema = serde_json::to_value(Schema::of::<DatasetMetadata>()).unwrap();
        assert_eq!(schema["name"], "dataset-metadata");
        let schema = &schema["schema"];
        assert_eq!(
            schema["required"],
            json!(["name", "description", "format", "location"])
        );
        assert_eq!(schema["additionalProperties"], json!(true));
        let properties = &schema["properties"];
        for optional in ["schema", "update_frequency", "tags", "owner", "columns"] {
            assert_eq!(properties[optional]["type"][1], "null", "{optional}");
        }
        assert_eq!(properties["tags"]["items"]["maxLength"], json!(128));
    }
}
