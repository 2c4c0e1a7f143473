//! A catalogue of datasets and their schemas, shared over the network: agents publish, find and
//! describe them.
//!
//! What it promises: metadata that does not have its form is refused; a dataset whose schema nobody
//! knows yet is kept and marked. The mark is made when the catalogue is read, never written into
//! what a node published: it is right again as soon as the schema arrives, and the hash that a
//! source gave stays true.

mod dataset;
mod describe;
mod find;
mod handlers;
mod paging;
mod publish;
mod references;
mod resources;
mod schema;
mod schema_name;
mod tools;

use koi_extension::prelude::*;

use dataset::DatasetMetadata;
use references::{DATASET, SCHEMA};
use schema::DataSchemaDefinition;

/// The extension.
struct DataCatalog;

impl Extension for DataCatalog {
    fn describe() -> Description {
        let stored = [EventType::New, EventType::Update];
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(
                RidType::new(DATASET)
                    .title("Dataset")
                    .description("What a dataset is, where it lies and which schema it has")
                    .contents::<DatasetMetadata>()
                    .index("/format")
                    .index("/name")
                    .parsed(),
            )
            .rid_type(
                RidType::new(SCHEMA)
                    .title("Schema of datasets")
                    .description("The fields of datasets and their types")
                    .contents::<DataSchemaDefinition>()
                    .parsed(),
            )
            .handler(Handler::new(Phase::Bundle, [DATASET, SCHEMA]).events(stored))
            .reads([DATASET, SCHEMA])
            .publishes([DATASET, SCHEMA])
    }
}

koi_extension::export!(DataCatalog: RidTypes, Handlers, Tools, Resources);
