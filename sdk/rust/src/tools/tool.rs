//! A tool as it is listed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::Icon;
use crate::schema::schema_of;

/// The arguments of a tool that takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoArguments {}

/// A tool as MCP clients see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    description: String,
    #[serde(serialize_with = "or_any_object")]
    input_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<Value>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<Execution>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    icons: Vec<Icon>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

fn or_any_object<S: Serializer>(schema: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match schema {
        Some(schema) => schema.serialize(serializer),
        None => json!({ "type": "object" }).serialize(serializer),
    }
}

/// Whether a call of a tool may become a task: something that goes on while the client is gone, and
/// that it asks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSupport {
    /// It becomes one where the client knows of tasks.
    Optional,
    /// Clients that do not know of tasks cannot call it.
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    task_support: TaskSupport,
}

/// What a client may believe of a tool that it has not called yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destructive_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotent_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_world_hint: Option<bool>,
}

impl Annotations {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Tool {
    /// A tool without arguments: a name for programs, and what agents read to decide whether to
    /// call it.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            input_schema: None,
            output_schema: None,
            annotations: Annotations::default(),
            execution: None,
            icons: Vec::new(),
            meta: Map::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Its arguments, as the schema of a struct. A [`Toolbox`](crate::Toolbox) does this by itself.
    ///
    /// An argument that intermediaries may route by goes into an HTTP header too:
    /// `#[schemars(extend("x-mcp-header" = "Region"))]` on the field puts it into
    /// `Mcp-Param-Region`.
    pub fn input<A: JsonSchema>(self) -> Self {
        self.input_schema(schema_of::<A>())
    }

    /// Its arguments, as a JSON Schema (2020-12) of an object. A [`Toolbox`](crate::Toolbox) leaves
    /// it as it is.
    pub fn input_schema(mut self, schema: Value) -> Self {
        self.input_schema = Some(schema);
        self
    }

    /// With the schema of its function's argument, if it has none yet.
    pub(super) fn with_input<A: JsonSchema>(self) -> Self {
        match self.input_schema {
            Some(_) => self,
            None => self.input::<A>(),
        }
    }

    /// Its structured result, as the schema of a struct. Results that do not fit are refused.
    pub fn output<R: JsonSchema>(self) -> Self {
        self.output_schema(schema_of::<R>())
    }

    /// Its structured result, as a JSON Schema (2020-12). Results that do not fit are refused.
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// It changes nothing.
    pub fn read_only(mut self) -> Self {
        self.annotations.read_only_hint = Some(true);
        self
    }

    /// It may take something away.
    pub fn destructive(mut self) -> Self {
        self.annotations.destructive_hint = Some(true);
        self
    }

    /// It adds, but takes nothing away.
    pub fn additive(mut self) -> Self {
        self.annotations.destructive_hint = Some(false);
        self
    }

    /// Calling it again with the same arguments changes nothing more.
    pub fn idempotent(mut self) -> Self {
        self.annotations.idempotent_hint = Some(true);
        self
    }

    /// It reaches beyond what this node knows.
    pub fn open_world(mut self) -> Self {
        self.annotations.open_world_hint = Some(true);
        self
    }

    /// It touches only what this node knows.
    pub fn closed_world(mut self) -> Self {
        self.annotations.open_world_hint = Some(false);
        self
    }

    /// A call that takes its time becomes a task; without this, none does.
    pub fn task(mut self, task_support: TaskSupport) -> Self {
        self.execution = Some(Execution { task_support });
        self
    }

    /// Pictures to show beside it.
    pub fn icons(mut self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.icons.extend(icons);
        self
    }

    /// Arguments to try it with, an object: `koi-mcp check` calls it with them. They are listed under
    /// `koi-mcp/examples` in its `_meta`.
    pub fn example(mut self, arguments: impl Into<Value>) -> Self {
        let example = json!({ "arguments": arguments.into() });
        let examples = self.meta.entry("koi-mcp/examples");
        if let Value::Array(examples) = examples.or_insert_with(|| json!([])) {
            examples.push(example);
        }
        self
    }

    /// A member of its `_meta`: something that some clients understand, under a name with a prefix
    /// (`example.com/colour`).
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }
}
