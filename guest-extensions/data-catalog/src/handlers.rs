//! Datasets and schemas on their way into the node, after the host has checked their form.

use std::borrow::Cow;
use std::collections::BTreeSet;

use koi_extension::log;
use koi_extension::prelude::*;
use serde::Deserialize;

use crate::DataCatalog;
use crate::references::SCHEMA;
use crate::schema_name::KnownSchemas;

impl Handlers for DataCatalog {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        let contents = object.contents.as_ref().map_or("", Json::as_str);
        match object.rid.rid_type() {
            SCHEMA => check_fields(&object.rid, contents)?,
            _ => report_unknown_schema(&object.rid, contents)?,
        }
        Ok(Outcome::Unchanged)
    }
}

#[derive(Deserialize)]
struct Dataset<'a> {
    #[serde(borrow, default)]
    schema: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow)]
    fields: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// A field is known by its name.
fn check_fields(rid: &Rid, contents: &str) -> Result<()> {
    let schema: Schema<'_> = read(rid, contents)?;
    let mut names = BTreeSet::new();
    match schema
        .fields
        .iter()
        .find(|field| !names.insert(&field.name))
    {
        Some(twice) => Err(Error::invalid_input(format!(
            "the schema {rid} has two fields `{}`",
            twice.name
        ))),
        None => Ok(()),
    }
}

fn report_unknown_schema(rid: &Rid, contents: &str) -> Result<()> {
    let dataset: Dataset<'_> = read(rid, contents)?;
    let schema = dataset.schema.as_deref();
    if KnownSchemas::default().mark(schema)? == Some(false) {
        let schema = schema.unwrap_or_default();
        log!(
            Warn,
            "{rid} is kept although its schema `{schema}` is not known; `catalog:unresolved` lists \
             such datasets"
        );
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(rid: &Rid, contents: &'a str) -> Result<T> {
    serde_json::from_str(contents)
        .map_err(|error| Error::invalid_input(format!("the contents of {rid} are none: {error}")))
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::{Value, json};

    use super::*;

    fn handle(rid: &str, contents: &Value) -> Result<Outcome> {
        let mut object = KnowledgeObject::new(Rid::parse(rid).unwrap(), Phase::Bundle);
        object.contents = Some(Json::of(contents).unwrap());
        DataCatalog::handle(object)
    }

    #[test]
    fn a_dataset_with_an_unknown_schema_is_kept_as_it_is_and_logged() {
        let node = Node::fresh();
        let dataset = json!({ "schema": "transactions/v1" });
        for lines in 1..=2 {
            let outcome = handle("orn:data.dataset:sales", &dataset);
            assert_eq!(outcome.unwrap(), Outcome::Unchanged);
            assert_eq!(node.log().len(), lines);
        }
        assert!(node.log()[0].contains("`transactions/v1`"));
        let rid = Rid::parse("orn:data.schema:transactions/v1").unwrap();
        node.store(&rid, &json!({ "name": "transactions", "fields": [] }));
        for dataset in [dataset, json!({}), json!({ "schema": null })] {
            handle("orn:data.dataset:sales", &dataset).unwrap();
        }
        assert_eq!(node.log().len(), 2);
    }

    #[test]
    fn a_schema_with_two_fields_of_one_name_is_refused() {
        let field = json!({ "name": "id", "type": "string" });
        let one = json!({ "fields": [field] });
        assert_eq!(
            handle("orn:data.schema:t", &one).unwrap(),
            Outcome::Unchanged
        );
        let error = handle("orn:data.schema:t", &json!({ "fields": [field, field] })).unwrap_err();
        assert_eq!(error.kind, koi_extension::ErrorKind::InvalidInput);
        assert!(error.message.contains("`id`"));
    }
}
