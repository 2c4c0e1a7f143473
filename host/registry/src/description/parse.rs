//! From JSON text to a [`Description`].

use std::collections::{BTreeMap, BTreeSet};

use koi_rid::{EventType, Pointer, RidType};
use koi_runtime::{Mode, Phase};
use koi_store::MAX_PATHS;
use serde::Deserialize;
use serde_json::Value;

use super::job::{RawJob, jobs};
use super::{
    Description, HandlerDescription, MAX_DECLARATIONS, MAX_DESCRIPTION_BYTES, MAX_RID_TYPES,
    MAX_SCHEMAS, MAX_SECRETS, MAX_TEXT_BYTES, RidTypeDescription, SchemaDescription,
};
use crate::grant::{
    Capability, Folder, Grant, Grants, LimitName, MAX_GRANTS, Pattern, Right, SecretUse, Variable,
};
use crate::text::shortened;

/// RID types of the network itself: the host owns them.
pub(crate) const HOST_RID_TYPES: [&str; 2] = ["orn:koi-net.node", "orn:koi-net.edge"];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    name: String,
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    rid_types: Vec<RawRidType>,
    #[serde(default)]
    schemas: Vec<RawSchema>,
    #[serde(default)]
    transforms: Vec<RawTransform>,
    #[serde(default)]
    handlers: Vec<RawHandler>,
    #[serde(default)]
    lists_depend_on: Vec<RidType>,
    #[serde(default)]
    jobs: Vec<RawJob>,
    #[serde(default)]
    asks: RawAsks,
    #[serde(default)]
    config_schema: Option<Value>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawRidType {
    rid_type: RidType,
    schema: Option<String>,
    title: Option<String>,
    description: Option<String>,
    mime_type: Option<String>,
    #[serde(default)]
    parses: bool,
    #[serde(default)]
    indexes: Vec<String>,
}

#[derive(Deserialize)]
struct RawSchema {
    name: String,
    schema: Value,
    #[serde(default)]
    validates: bool,
}

#[derive(Deserialize)]
struct RawTransform {
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawHandler {
    phase: String,
    rid_types: Vec<RidType>,
    #[serde(default)]
    event_types: Vec<String>,
    #[serde(default)]
    priority: i32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawAsks {
    read: Vec<Pattern>,
    publish: Vec<Pattern>,
    forget: Vec<Pattern>,
    handle: Vec<Pattern>,
    capabilities: Vec<String>,
    http: Vec<String>,
    files: Vec<RawFolder>,
    environment: Vec<String>,
    secrets: Vec<String>,
}

#[derive(Deserialize)]
struct RawFolder {
    path: String,
    #[serde(default)]
    write: bool,
}

pub(super) fn parse(text: &str) -> Result<Description, String> {
    if text.len() > MAX_DESCRIPTION_BYTES {
        return Err(format!("it is longer than {MAX_DESCRIPTION_BYTES} bytes"));
    }
    // A derived reader takes an array for an object, too, member by member.
    if !text.trim_ascii_start().starts_with('{') {
        return Err("it is no JSON object".to_owned());
    }
    let raw: Raw = serde_json::from_str(text).map_err(|error| error.to_string())?;
    check_name(&raw.name)?;
    let version = raw.version.parse().map_err(|error| {
        format!(
            "`version`: `{}` is not of the form 1.2.3: {error}",
            shortened(&raw.version)
        )
    })?;
    check_text("description", &raw.description)?;
    at_most("transforms", raw.transforms.len(), MAX_DECLARATIONS)?;
    at_most("handlers", raw.handlers.len(), MAX_DECLARATIONS)?;
    at_most(
        "lists-depend-on",
        raw.lists_depend_on.len(),
        MAX_DECLARATIONS,
    )?;
    let schemas = schemas(raw.schemas)?;
    let names: BTreeSet<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let rid_types = rid_types(raw.rid_types, &names)?;
    for transform in &raw.transforms {
        for end in [&transform.from, &transform.to] {
            check_schema_name("transforms", end)?;
        }
    }
    let handlers = raw
        .handlers
        .into_iter()
        .map(handler)
        .collect::<Result<Vec<_>, _>>()?;
    let execution = execution(raw.mode.as_deref(), &raw.limits)?;
    let jobs = jobs(raw.jobs)?;
    let mut implied = execution;
    if !jobs.is_empty() {
        implied.push(Grant::Capability(Capability::Schedule));
    }
    let transforms = !raw.transforms.is_empty();
    let shown = shown(&handlers, &rid_types, &schemas, transforms);
    let asks = asks(raw.asks, shown, implied)?;
    Ok(Description {
        name: raw.name,
        version,
        description: raw.description,
        rid_types,
        transforms: raw
            .transforms
            .into_iter()
            .map(|pair| (pair.from, pair.to))
            .collect(),
        schemas,
        handlers,
        lists_depend_on: raw.lists_depend_on,
        jobs,
        asks,
        config_schema: raw.config_schema,
    })
}

fn check_name(name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let fits = name.len() <= 63
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        return Ok(());
    }
    Err(format!(
        "`name`: `{}` is no name for an extension: up to 63 of a-z, 0-9 and `-`, a letter first",
        shortened(name)
    ))
}

fn schemas(raw: Vec<RawSchema>) -> Result<Vec<SchemaDescription>, String> {
    at_most("schemas", raw.len(), MAX_SCHEMAS)?;
    let mut seen = BTreeSet::new();
    for schema in &raw {
        check_schema_name("schemas", &schema.name)?;
        if !seen.insert(schema.name.as_str()) {
            return Err(format!("`schemas`: `{}` stands there twice", schema.name));
        }
    }
    Ok(raw
        .into_iter()
        .map(
            |RawSchema {
                 name,
                 schema,
                 validates,
             }| SchemaDescription {
                name,
                schema,
                validates,
            },
        )
        .collect())
}

/// Schema names stand in URIs, errors and calls, so they are of plain characters.
fn check_schema_name(member: &str, name: &str) -> Result<(), String> {
    let fits = (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-:/".contains(&b));
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{member}`: `{}` is no name for a schema: 1 to 128 letters, digits and `._-:/`",
        shortened(name)
    ))
}

fn rid_types(
    raw: Vec<RawRidType>,
    schemas: &BTreeSet<&str>,
) -> Result<Vec<RidTypeDescription>, String> {
    at_most("rid-types", raw.len(), MAX_RID_TYPES)?;
    let mut seen = BTreeSet::new();
    for entry in &raw {
        let rid_type = entry.rid_type.as_str();
        if !seen.insert(rid_type) {
            return Err(format!("`rid-types`: `{rid_type}` stands there twice"));
        }
        if HOST_RID_TYPES.contains(&rid_type) {
            return Err(format!(
                "`rid-types`: `{rid_type}` belongs to the network itself"
            ));
        }
        if let Some(schema) = entry
            .schema
            .as_deref()
            .filter(|schema| !schemas.contains(schema))
        {
            return Err(format!(
                "`rid-types`: the schema `{}` of `{rid_type}` is not among `schemas`",
                shortened(schema)
            ));
        }
        for text in [&entry.title, &entry.description, &entry.mime_type]
            .into_iter()
            .flatten()
        {
            check_text("rid-types", text)?;
        }
    }
    raw.into_iter()
        .map(|entry| {
            Ok(RidTypeDescription {
                indexes: indexes(&entry)?,
                rid_type: entry.rid_type,
                schema: entry.schema,
                title: entry.title,
                description: entry.description,
                mime_type: entry.mime_type,
                parses: entry.parses,
            })
        })
        .collect()
}

/// The paths that are to be indexed. One that is named twice is one path.
fn indexes(entry: &RawRidType) -> Result<Vec<Pointer>, String> {
    at_most("indexes of a RID type", entry.indexes.len(), MAX_PATHS)?;
    let paths = entry.indexes.iter().map(|text| {
        Pointer::parse(text)
            .map_err(|error| format!("`rid-types`: `indexes` of `{}`: {error}", entry.rid_type))
    });
    let paths: BTreeSet<_> = paths.collect::<Result<_, _>>()?;
    Ok(paths.into_iter().collect())
}

fn handler(raw: RawHandler) -> Result<HandlerDescription, String> {
    let phase: Phase = raw
        .phase
        .parse()
        .map_err(|error| format!("`handlers`: {error}"))?;
    if raw.rid_types.is_empty() {
        return Err(format!(
            "`handlers`: the one for phase `{}` names no RID type",
            raw.phase
        ));
    }
    at_most("rid-types of a handler", raw.rid_types.len(), MAX_RID_TYPES)?;
    at_most("event-types of a handler", raw.event_types.len(), 3)?;
    let event_types = raw
        .event_types
        .iter()
        .map(|text| {
            text.parse::<EventType>().map_err(|_| {
                format!(
                    "`handlers`: `{}` is not `NEW`, `UPDATE` or `FORGET`",
                    shortened(text)
                )
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(HandlerDescription {
        phase,
        rid_types: raw.rid_types,
        event_types,
        priority: raw.priority,
    })
}

/// The mode and the limits that are asked for. A limit that this host does not know is one of a later
/// revision.
fn execution(mode: Option<&str>, limits: &BTreeMap<String, u64>) -> Result<Vec<Grant>, String> {
    let mode = mode.unwrap_or(Mode::Fresh.as_str());
    let mode = Mode::ALL
        .into_iter()
        .find(|known| known.as_str() == mode)
        .ok_or_else(|| {
            format!(
                "`mode`: `{}` is none of `fresh`, `pooled` and `singleton`",
                shortened(mode)
            )
        })?;
    let limits = limits
        .iter()
        .filter_map(|(name, value)| Some(Grant::Limit(LimitName::find(name)?, *value)));
    let mode = (mode != Mode::Fresh).then_some(Grant::Mode(mode));
    Ok(mode.into_iter().chain(limits).collect())
}

/// The RID types whose objects the extension is shown: by its handlers, and as the owner of the type.
fn shown<'a>(
    handlers: &'a [HandlerDescription],
    rid_types: &'a [RidTypeDescription],
    schemas: &'a [SchemaDescription],
    transforms: bool,
) -> impl Iterator<Item = &'a RidType> {
    let validates = |name: &String| schemas.iter().any(|s| s.name == *name && s.validates);
    let looks = move |name: &String| transforms || validates(name);
    let owned = rid_types
        .iter()
        .filter(move |owned| owned.parses || owned.schema.as_ref().is_some_and(looks));
    let handled = handlers.iter().flat_map(|handler| &handler.rid_types);
    handled.chain(owned.map(|owned| &owned.rid_type))
}

fn asks<'a>(
    raw: RawAsks,
    shown: impl Iterator<Item = &'a RidType>,
    implied: Vec<Grant>,
) -> Result<Grants, String> {
    let knowledge = [
        (Right::Read, raw.read),
        (Right::Publish, raw.publish),
        (Right::Forget, raw.forget),
        (Right::Handle, raw.handle),
    ];
    let mut asks = implied;
    for (right, patterns) in knowledge {
        at_most("asks", patterns.len(), MAX_GRANTS)?;
        asks.extend(
            patterns
                .into_iter()
                .map(|pattern| Grant::Knowledge(right, pattern)),
        );
    }
    at_most(
        "asks.capabilities",
        raw.capabilities.len(),
        Capability::ALL.len(),
    )?;
    for capability in &raw.capabilities {
        let capability = capability
            .parse()
            .map_err(|error| format!("`asks`: {error}"))?;
        asks.push(Grant::Capability(capability));
    }
    at_most("asks.http", raw.http.len(), MAX_GRANTS)?;
    at_most("asks.environment", raw.environment.len(), MAX_GRANTS)?;
    let worded = |word, text: &String| format!("{word}={text}").parse::<Grant>();
    let http = raw.http.iter().map(|text| worded("http", text));
    for ask in http {
        asks.push(ask.map_err(|error| format!("`asks`: {error}"))?);
    }
    for name in &raw.environment {
        let variable = Variable::asked(name)
            .map_err(|reason| format!("`asks.environment`: `{}`: {reason}", shortened(name)))?;
        asks.push(Grant::Environment(variable));
    }
    at_most("asks.files", raw.files.len(), MAX_GRANTS)?;
    for folder in &raw.files {
        let folder = Folder::asked(&folder.path, folder.write)
            .map_err(|reason| format!("`asks.files`: `{}`: {reason}", shortened(&folder.path)))?;
        asks.push(Grant::Files(folder));
    }
    at_most("asks.secrets", raw.secrets.len(), MAX_SECRETS)?;
    for name in &raw.secrets {
        let secret =
            SecretUse::asked(name).map_err(|reason| format!("`asks.secrets`: {reason}"))?;
        asks.push(Grant::Secret(secret));
    }
    for rid_type in shown {
        if !asks.iter().any(|ask| ask.touches(Right::Handle, rid_type)) {
            asks.push(Grant::Knowledge(
                Right::Handle,
                Pattern::whole(rid_type.clone()),
            ));
        }
    }
    Grants::new(asks).map_err(|error| format!("`asks`: {error}"))
}

pub(super) fn at_most(member: &str, count: usize, limit: usize) -> Result<(), String> {
    if count > limit {
        return Err(format!(
            "`{member}` has {count} entries; {limit} are taken at most"
        ));
    }
    Ok(())
}

pub(super) fn check_text(member: &str, text: &str) -> Result<(), String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!(
            "a text in `{member}` is longer than {MAX_TEXT_BYTES} bytes"
        ));
    }
    Ok(())
}
