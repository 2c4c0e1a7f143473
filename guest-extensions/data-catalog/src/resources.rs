//! The catalogue as resources: what is in it, and which datasets name a schema that nobody knows.

use std::collections::BTreeMap;

use koi_extension::no_resource;
use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

use crate::DataCatalog;
use crate::dataset::DatasetMetadata;
use crate::references::{DATASET, SCHEMA};
use crate::schema_name::KnownSchemas;

/// What is in the catalogue.
const DATASETS: &str = "catalog:datasets";
/// Datasets whose schema is not known.
const UNRESOLVED: &str = "catalog:unresolved";

/// Most entries of a list; the number of all stands beside it.
const MAX_LISTED: usize = 500;
/// Most values of which is told how many datasets have them.
const MAX_COUNTED: usize = 100;

impl Resources for DataCatalog {
    fn list_resources() -> Result<ResourceList> {
        let datasets = Resource::new(DATASETS, "datasets")
            .title("Datasets")
            .description("What is in the catalogue: datasets, and their formats, tags, namespaces");
        let unresolved = Resource::new(UNRESOLVED, "unresolved")
            .title("Datasets without a known schema")
            .description("Datasets that name a schema which this node does not know");
        let resources = [datasets, unresolved].map(|known| known.mime_type("application/json"));
        Ok(ResourceList {
            resources: resources.into(),
            templates: Vec::new(),
        })
    }

    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>> {
        let contents = match uri {
            DATASETS => ResourceContents::json(uri, &overview()?)?,
            UNRESOLVED => ResourceContents::json(uri, &unresolved()?)?,
            _ => return Err(no_resource(uri)),
        };
        Ok(vec![contents])
    }
}

#[derive(Serialize, Deserialize)]
struct Overview {
    /// How many datasets there are.
    count: usize,
    /// How many of them name a schema that is not known.
    unresolved: usize,
    /// How many schemas there are.
    schemas: usize,
    formats: Vec<Counted>,
    tags: Vec<Counted>,
    /// First parts of paths that have more than one.
    namespaces: Vec<Counted>,
    /// The first of the datasets in the order of their RIDs.
    datasets: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    rid: Rid,
    name: String,
    format: String,
}

/// The most frequent of the values that datasets have, and how many have each.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Counted {
    value: String,
    datasets: usize,
}

#[derive(Serialize, Deserialize)]
struct Unresolved {
    /// How many there are.
    count: usize,
    /// The first of them in the order of their RIDs.
    datasets: Vec<NamesUnknown>,
}

#[derive(Serialize, Deserialize)]
struct NamesUnknown {
    rid: Rid,
    schema: String,
}

fn overview() -> Result<Overview> {
    let mut known_schemas = KnownSchemas::default();
    let (mut formats, mut tags, mut namespaces) =
        (Counts::default(), Counts::default(), Counts::default());
    let (mut count, mut unresolved, mut datasets) = (0, 0, Vec::new());
    for dataset in all() {
        let (rid, dataset) = dataset?;
        count += 1;
        if known_schemas.mark(dataset.schema.as_deref())? == Some(false) {
            unresolved += 1;
        }
        formats.count(&dataset.format);
        dataset.tags().iter().for_each(|tag| tags.count(tag));
        if let Some((namespace, _)) = rid.reference().split_once('/') {
            namespaces.count(namespace);
        }
        if datasets.len() < MAX_LISTED {
            datasets.push(Listed {
                rid,
                name: dataset.name,
                format: dataset.format,
            });
        }
    }
    Ok(Overview {
        count,
        unresolved,
        schemas: knowledge::all(SCHEMA).try_fold(0, |count, schema| schema.map(|_| count + 1))?,
        formats: formats.most_frequent(),
        tags: tags.most_frequent(),
        namespaces: namespaces.most_frequent(),
        datasets,
    })
}

fn unresolved() -> Result<Unresolved> {
    let mut known_schemas = KnownSchemas::default();
    let (mut count, mut datasets) = (0, Vec::new());
    for dataset in all() {
        let (rid, dataset) = dataset?;
        if known_schemas.mark(dataset.schema.as_deref())? == Some(false) {
            count += 1;
            if datasets.len() < MAX_LISTED {
                let schema = dataset.schema.unwrap_or_default();
                datasets.push(NamesUnknown { rid, schema });
            }
        }
    }
    Ok(Unresolved { count, datasets })
}

/// All datasets, without those that were stored before this extension could check them.
fn all() -> impl Iterator<Item = Result<(Rid, DatasetMetadata)>> {
    knowledge::all(DATASET).filter_map(|bundle| match bundle {
        Ok(bundle) => Some(Ok((bundle.rid.clone(), bundle.contents_as().ok()?))),
        Err(error) => Some(Err(error)),
    })
}

#[derive(Default)]
struct Counts(BTreeMap<String, usize>);

impl Counts {
    fn count(&mut self, value: &str) {
        match self.0.get_mut(value) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(value.to_owned(), 1)),
        }
    }

    fn most_frequent(self) -> Vec<Counted> {
        let counted = self
            .0
            .into_iter()
            .map(|(value, datasets)| Counted { value, datasets });
        let mut counted: Vec<_> = counted.collect();
        counted.sort_by_key(|counted| std::cmp::Reverse(counted.datasets));
        counted.truncate(MAX_COUNTED);
        counted
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::{Value, json};

    use super::*;

    fn read(uri: &str) -> Value {
        let contents = DataCatalog::read_resource(uri).unwrap();
        let text = match uri {
            DATASETS => Json::of(&overview().unwrap()).unwrap(),
            _ => Json::of(&unresolved().unwrap()).unwrap(),
        };
        let expected = ResourceContents::text(uri, "application/json", text.as_str());
        assert_eq!(contents, [expected]);
        text.to().unwrap()
    }

    fn store(node: &Node, path: &str, format: &str, schema: Option<&str>) {
        let dataset = json!({
            "name": path, "description": "", "format": format, "location": "l", "schema": schema,
            "tags": ["a"]
        });
        node.store(&Rid::new(DATASET, path).unwrap(), &dataset);
    }

    #[test]
    fn the_overview_counts_what_there_is() {
        let node = Node::fresh();
        store(&node, "sales/1", "csv", Some("t"));
        store(&node, "sales/2", "parquet", Some("u"));
        store(&node, "weather", "parquet", None);
        node.store(
            &Rid::new(SCHEMA, "t").unwrap(),
            &json!({ "name": "t", "fields": [] }),
        );
        node.store(
            &Rid::new(DATASET, "unchecked").unwrap(),
            &json!({ "name": 1 }),
        );
        let overview = read(DATASETS);
        assert_eq!(overview["count"], 3);
        assert_eq!(overview["unresolved"], 1);
        assert_eq!(overview["schemas"], 1);
        assert_eq!(
            overview["formats"],
            json!([{ "value": "parquet", "datasets": 2 }, { "value": "csv", "datasets": 1 }])
        );
        assert_eq!(overview["tags"], json!([{ "value": "a", "datasets": 3 }]));
        assert_eq!(
            overview["namespaces"],
            json!([{ "value": "sales", "datasets": 2 }])
        );
        assert_eq!(overview["datasets"][2]["name"], "weather");
    }

    #[test]
    fn datasets_are_unresolved_until_their_schema_arrives() {
        let node = Node::fresh();
        store(&node, "sales/1", "csv", Some("t/v1"));
        store(&node, "weather", "csv", None);
        assert_eq!(
            read(UNRESOLVED),
            json!({
                "count": 1,
                "datasets": [{ "rid": "orn:data.dataset:sales/1", "schema": "t/v1" }]
            })
        );
        node.store(
            &Rid::new(SCHEMA, "t/v1").unwrap(),
            &json!({ "name": "t", "fields": [] }),
        );
        assert_eq!(read(UNRESOLVED), json!({ "count": 0, "datasets": [] }));
    }

    #[test]
    fn lists_end_and_their_counts_go_on() {
        let node = Node::fresh();
        (0..=MAX_LISTED).for_each(|n| store(&node, &format!("n/{n}"), "csv", Some("u")));
        for uri in [DATASETS, UNRESOLVED] {
            let listed = read(uri);
            assert_eq!(listed["count"], MAX_LISTED + 1);
            assert_eq!(listed["datasets"].as_array().unwrap().len(), MAX_LISTED);
        }
    }

    #[test]
    fn there_is_no_other_resource() {
        let error = DataCatalog::read_resource("catalog:other").unwrap_err();
        assert_eq!(error.kind, koi_extension::ErrorKind::InvalidInput);
    }
}
