//! What an extension is, provides and asks for: the document that `describe` answers, in the form
//! of `docs/describe.schema.json`.

mod asks;
mod execution;
mod job;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::schema::{Schema, schema_of};
use crate::{EventType, Phase, Reference};

use asks::Asks;
pub use asks::Capability;
pub use execution::{Limit, Mode};
pub use job::{Job, Missed};

/// What an extension is, provides and asks for.
///
/// RIDs are asked for by pattern: a RID type (`orn:data.dataset`, all RIDs of it), or a RID type and
/// a reference in which `*` stands for any text (`orn:data.dataset:sales/*`).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Description {
    name: String,
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    rid_types: Vec<RidType>,
    schemas: Vec<Schema>,
    transforms: Vec<Transform>,
    handlers: Vec<Handler>,
    lists_depend_on: BTreeSet<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<Job>,
    asks: Asks,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    limits: BTreeMap<Limit, u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Transform {
    from: String,
    to: String,
}

impl Description {
    /// An extension with a name (lower-case letters, digits and hyphens, a letter first) and a
    /// version (semver): `Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))`.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            description: String::new(),
            rid_types: Vec::new(),
            schemas: Vec::new(),
            transforms: Vec::new(),
            handlers: Vec::new(),
            lists_depend_on: BTreeSet::new(),
            jobs: Vec::new(),
            asks: Asks::default(),
            config_schema: None,
            mode: None,
            limits: BTreeMap::new(),
        }
    }

    /// What it is for, in a sentence.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// A RID type that the extension owns, and the schema of its contents if it has one.
    pub fn rid_type(mut self, mut rid_type: RidType) -> Self {
        if let Some(schema) = rid_type.contents.take() {
            self = self.schema(schema);
        }
        self.rid_types.push(rid_type);
        self
    }

    /// A schema that belongs to no RID type, such as an earlier version of one that does.
    pub fn schema(mut self, schema: Schema) -> Self {
        if !self.schemas.iter().any(|known| known.name == schema.name) {
            self.schemas.push(schema);
        }
        self
    }

    /// Contents of one schema can be turned into contents of another.
    pub fn transform(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.transforms.push(Transform {
            from: from.into(),
            to: to.into(),
        });
        self
    }

    /// The extension handles knowledge objects, and asks to be allowed to.
    pub fn handler(mut self, handler: Handler) -> Self {
        self.asks.handle.extend(handler.rid_types.iter().cloned());
        self.handlers.push(handler);
        self
    }

    /// The lists of tools and resources depend on bundles of these RID types: the host asks for
    /// them again when one is stored or forgotten.
    pub fn lists_depend_on<S: Into<String>>(mut self, types: impl IntoIterator<Item = S>) -> Self {
        self.lists_depend_on
            .extend(types.into_iter().map(Into::into));
        self
    }

    /// The settings that the extension reads, as the schema of a struct.
    pub fn config_schema<T: JsonSchema>(mut self) -> Self {
        self.config_schema = Some(schema_of::<T>());
        self
    }
}

/// A RID type that an extension owns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RidType {
    rid_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(skip)]
    contents: Option<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    parses: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<String>,
}

impl RidType {
    /// A RID type: `orn:data.dataset`.
    pub fn new(rid_type: impl Into<String>) -> Self {
        Self {
            rid_type: rid_type.into(),
            schema: None,
            contents: None,
            title: None,
            description: None,
            mime_type: None,
            parses: false,
            indexes: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// The RID type of a typed reference, whose [`RidTypes`](crate::RidTypes) parse it.
    pub fn of<R: Reference>() -> Self {
        Self::new(R::RID_TYPE).parsed()
    }

    /// Its contents have the form of `T`: the host refuses others.
    pub fn contents<T: JsonSchema>(self) -> Self {
        self.schema(Schema::of::<T>())
    }

    /// Its contents satisfy a schema: the host refuses others.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema.name.clone());
        self.contents = Some(schema);
        self
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What its bundles are, for agents and people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The media type under which its bundles are resources; `application/json` if it is not set.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// The node indexes what its contents have at a path, a JSON pointer such as `/owner/name`: queries
    /// that compare it look at few bundles, and can be ordered by it. Eight paths at the most.
    pub fn index(mut self, path: impl Into<String>) -> Self {
        self.indexes.push(path.into());
        self
    }

    /// A reference to try it with, `sales/orders`: `koi-mcp check` parses it.
    pub fn example(mut self, reference: impl Into<String>) -> Self {
        self.examples.push(reference.into());
        self
    }

    /// The extension's [`RidTypes`](crate::RidTypes) parse its references.
    pub fn parsed(mut self) -> Self {
        self.parses = true;
        self
    }
}

/// Which knowledge objects an extension handles, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Handler {
    phase: Phase,
    rid_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_types: Option<Vec<EventType>>,
    priority: i32,
}

impl Handler {
    /// Handles objects of these RID types in a phase.
    pub fn new<S: Into<String>>(phase: Phase, rid_types: impl IntoIterator<Item = S>) -> Self {
        let rid_types = rid_types.into_iter().map(Into::into).collect();
        Self {
            phase,
            rid_types,
            event_types: None,
            priority: 0,
        }
    }

    /// Only objects of these event types; without this, all.
    pub fn events(mut self, event_types: impl IntoIterator<Item = EventType>) -> Self {
        self.event_types = Some(event_types.into_iter().collect());
        self
    }

    /// Its place among the handlers of a phase: smaller ones come first, 0 if it is not set.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct TermOfArt {
        meaning: String,
    }

    #[test]
    fn a_description_prints_what_is_provided_and_asked_for() {
        let description = Description::new("glossary", "0.1.0")
            .description("Terms")
            .rid_type(
                RidType::new("orn:glossary.term")
                    .contents::<TermOfArt>()
                    .index("/meaning")
                    .example("rid"),
            )
            .handler(Handler::new(Phase::Bundle, ["orn:glossary.term"]).events([EventType::New]))
            .reads(["orn:glossary.term:*"])
            .uses([Capability::Keyvalue]);
        assert_eq!(
            serde_json::to_value(description).unwrap(),
            json!({
                "name": "glossary",
                "version": "0.1.0",
                "description": "Terms",
                "rid-types": [
                    {
                        "rid-type": "orn:glossary.term",
                        "schema": "term-of-art",
                        "parses": false,
                        "indexes": ["/meaning"],
                        "examples": ["rid"]
                    }
                ],
                "schemas": [{
                    "name": "term-of-art",
                    "schema": {
                        "type": "object",
                        "properties": { "meaning": { "type": "string" } },
                        "required": ["meaning"]
                    },
                    "validates": false
                }],
                "transforms": [],
                "handlers": [{
                    "phase": "bundle",
                    "rid-types": ["orn:glossary.term"],
                    "event-types": ["NEW"],
                    "priority": 0
                }],
                "lists-depend-on": [],
                "asks": {
                    "read": ["orn:glossary.term:*"],
                    "publish": [],
                    "forget": [],
                    "handle": ["orn:glossary.term"],
                    "capabilities": ["keyvalue"]
                }
            })
        );
    }
}
