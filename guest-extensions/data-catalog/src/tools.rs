//! The catalogue as tools.

use koi_extension::prelude::*;

use crate::DataCatalog;
use crate::describe::describe_dataset;
use crate::find::{find_datasets, find_schemas};
use crate::publish::{publish_dataset, publish_schema};

impl Tools for DataCatalog {
    fn toolbox() -> Toolbox {
        let find_datasets_tool = Tool::new(
            "find_datasets",
            "Finds datasets in the catalogue by words, format, tag, schema or namespace",
        )
        .title("Find datasets");
        let describe_dataset_tool = Tool::new(
            "describe_dataset",
            "Tells all about one dataset: metadata, schema with its fields, and where that is from",
        )
        .title("Describe a dataset");
        let find_schemas_tool =
            Tool::new("find_schemas", "Finds schemas of datasets by words").title("Find schemas");
        let publish_dataset_tool = Tool::new(
            "publish_dataset",
            "Publishes the metadata of a dataset to the network, in place of what was known under \
             its RID. Its schema need not be known yet",
        )
        .title("Publish a dataset");
        let publish_schema_tool = Tool::new(
            "publish_schema",
            "Publishes a schema of datasets to the network, in place of what was known under its \
             RID",
        )
        .title("Publish a schema");
        Toolbox::new()
            .tool(
                find_datasets_tool.read_only().idempotent().closed_world(),
                find_datasets,
            )
            .tool(
                describe_dataset_tool.read_only().idempotent(),
                describe_dataset,
            )
            .tool(
                find_schemas_tool.read_only().idempotent().closed_world(),
                find_schemas,
            )
            .tool(publish_dataset_tool.idempotent(), publish_dataset)
            .tool(publish_schema_tool.idempotent(), publish_schema)
    }
}

#[cfg(test)]
mod tests;
