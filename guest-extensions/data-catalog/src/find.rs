//! Finding datasets and schemas.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dataset::DatasetMetadata;
use crate::paging::{self, Page};
use crate::references::{DATASET, SCHEMA};
use crate::schema::DataSchemaDefinition;
use crate::schema_name::{self, KnownSchemas};

const DEFAULT_LIMIT: u8 = 20;
const MAX_LIMIT: u8 = 100;
/// Most characters of a description in a list; `describe_dataset` gives all of it.
const TOLD_CHARS: usize = 300;

/// Which datasets to find. All that is given has to hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FindDatasets {
    /// Words that have to occur in name, description, tags, owner, location or RID, in upper or
    /// lower case.
    #[schemars(length(max = 1024))]
    text: Option<String>,
    /// The format, in upper or lower case.
    format: Option<String>,
    /// One of the tags, in upper or lower case.
    tag: Option<String>,
    /// The schema: its RID, or what follows `orn:data.schema:` in it.
    schema: Option<String>,
    /// Whether the schema is known. `false` finds the datasets that name an unknown one.
    schema_known: Option<bool>,
    /// The beginning of the path: `sales` finds `sales/2026`, and not `salesforce/2026`.
    namespace: Option<String>,
    #[serde(flatten)]
    page: PageWanted,
}

/// Which schemas to find.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FindSchemas {
    /// Words that have to occur in name, version, description, names of fields or RID, in upper or
    /// lower case.
    #[schemars(length(max = 1024))]
    text: Option<String>,
    #[serde(flatten)]
    page: PageWanted,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct PageWanted {
    /// At most so many; 20 if left out.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: Option<u8>,
    /// Where to go on: `next` of the answer before, with the same filters.
    cursor: Option<String>,
}

impl PageWanted {
    fn limit(&self) -> usize {
        self.limit
            .unwrap_or(DEFAULT_LIMIT)
            .clamp(1, MAX_LIMIT)
            .into()
    }
}

/// Datasets in the order of their RIDs.
#[derive(Debug, Serialize)]
pub struct FoundDatasets {
    datasets: Vec<FoundDataset>,
    /// Where to go on, even after a short page; left out if there is nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct FoundDataset {
    rid: Rid,
    name: String,
    description: String,
    format: String,
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    /// Left out of a dataset that names no schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_known: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_frequency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    timestamp: String,
}

/// Schemas in the order of their RIDs.
#[derive(Debug, Serialize)]
pub struct FoundSchemas {
    schemas: Vec<FoundSchema>,
    /// Where to go on, even after a short page; left out if there is nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct FoundSchema {
    rid: Rid,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// How many fields it has.
    fields: usize,
    timestamp: String,
}

/// Finds datasets.
///
/// # Errors
/// `invalid-input` if the cursor is none or no schema can have the name, `denied` without a grant
/// to read.
pub fn find_datasets(wanted: FindDatasets) -> Result<FoundDatasets> {
    let words = Words::of(wanted.text.as_deref());
    let schema = wanted.schema.as_deref().map(|name| {
        schema_name::rid(name)
            .ok_or_else(|| Error::invalid_input(format!("no schema can have the name `{name}`")))
    });
    let schema = schema.transpose()?;
    let mut known_schemas = KnownSchemas::default();
    let (cursor, limit) = (wanted.page.cursor.as_deref(), wanted.page.limit());
    let Page { items, next } = paging::search(DATASET, cursor, limit, |bundle| {
        let in_namespace = |namespace: &str| is_within(bundle.rid.reference(), namespace);
        if !wanted.namespace.as_deref().is_none_or(in_namespace) {
            return Ok(None);
        }
        // What was stored before this extension was there has never been checked.
        let Ok(dataset) = bundle.contents_as::<DatasetMetadata>() else {
            return Ok(None);
        };
        let fits = wanted
            .format
            .as_deref()
            .is_none_or(|format| same(format, &dataset.format))
            && wanted
                .tag
                .as_deref()
                .is_none_or(|tag| dataset.tags().iter().any(|t| same(tag, t)))
            && schema.as_ref().is_none_or(|schema| {
                dataset
                    .schema
                    .as_deref()
                    .and_then(schema_name::rid)
                    .as_ref()
                    == Some(schema)
            })
            && words.occur_in(
                [
                    bundle.rid.as_str(),
                    &dataset.name,
                    &dataset.description,
                    &dataset.location,
                ]
                .into_iter()
                .chain(dataset.owner.as_deref())
                .chain(dataset.tags().iter().map(String::as_str)),
            );
        if !fits {
            return Ok(None);
        }
        let schema_known = known_schemas.mark(dataset.schema.as_deref())?;
        if wanted.schema_known.is_some() && wanted.schema_known != schema_known {
            return Ok(None);
        }
        Ok(Some(FoundDataset {
            rid: bundle.rid.clone(),
            tags: dataset.tags().to_vec(),
            name: dataset.name,
            description: shortened(&dataset.description),
            format: dataset.format,
            location: dataset.location,
            schema: dataset.schema,
            schema_known,
            update_frequency: dataset.update_frequency,
            owner: dataset.owner,
            timestamp: bundle.timestamp.clone(),
        }))
    })?;
    Ok(FoundDatasets {
        datasets: items,
        next,
    })
}

/// Finds schemas.
///
/// # Errors
/// `invalid-input` if the cursor is none, `denied` without a grant to read.
pub fn find_schemas(wanted: FindSchemas) -> Result<FoundSchemas> {
    let words = Words::of(wanted.text.as_deref());
    let (cursor, limit) = (wanted.page.cursor.as_deref(), wanted.page.limit());
    let Page { items, next } = paging::search(SCHEMA, cursor, limit, |bundle| {
        let Ok(schema) = bundle.contents_as::<DataSchemaDefinition>() else {
            return Ok(None);
        };
        let texts = [bundle.rid.as_str(), &schema.name]
            .into_iter()
            .chain(schema.version.as_deref())
            .chain(schema.description.as_deref())
            .chain(schema.fields.iter().map(|field| field.name.as_str()));
        Ok(words.occur_in(texts).then(|| FoundSchema {
            rid: bundle.rid.clone(),
            name: schema.name,
            version: schema.version,
            description: schema.description.as_deref().map(shortened),
            fields: schema.fields.len(),
            timestamp: bundle.timestamp.clone(),
        }))
    })?;
    Ok(FoundSchemas {
        schemas: items,
        next,
    })
}

/// Words to look for, in lower case.
struct Words(Vec<String>);

impl Words {
    fn of(text: Option<&str>) -> Self {
        let words = text.unwrap_or_default().split_whitespace();
        Self(words.map(str::to_lowercase).collect())
    }

    /// Whether each of them occurs in one of the texts.
    fn occur_in<'a>(&self, texts: impl Iterator<Item = &'a str>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let texts: Vec<String> = texts.map(str::to_lowercase).collect();
        self.0
            .iter()
            .all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

/// Whether a path is a namespace or within it.
fn is_within(path: &str, namespace: &str) -> bool {
    let namespace = namespace.trim_end_matches('/');
    let rest = path.strip_prefix(namespace);
    namespace.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TOLD_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
