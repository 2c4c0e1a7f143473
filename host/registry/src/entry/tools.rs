//! Tools of an extension.

use std::fmt;
use std::sync::{Arc, OnceLock};

use koi_runtime::{CallError, Called, GuestErrorKind, RecordError, Recording};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::knowledge::failure;
use super::list::{self, ListError};
use super::prefix::{MAX_TOOL_NAME_BYTES, ToolPrefix, is_of_tool_names};
use super::successor::successor;
use crate::callee::{Callee, Invocation};
use crate::watched::Answered;
use koi_schema::{JsonSchema, Patterns};

/// An MCP tool and the extension that answers it.
pub struct ToolEntry {
    /// Its name, unique on a node: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// An object as MCP defines `Tool`: `name`, `description`, `inputSchema` and, where given,
    /// `title`, `outputSchema`, `annotations`, `icons`, `_meta`.
    pub descriptor: Value,
    /// The owner.
    pub extension: Arc<str>,
    /// How many bytes of the name the operator has put before the owner's own.
    prefix_bytes: usize,
    input: JsonSchema,
    output: Option<JsonSchema>,
    callee: Arc<dyn Callee>,
}

/// What a tool answered.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// The structured content, if there is any; it fits the output schema, if there is one.
    pub structured: Option<Value>,
    /// A JSON array of MCP content blocks, as the extension wrote it. Where it wrote none, one
    /// block with the structured content as text.
    pub content: Box<RawValue>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
}

impl ToolEntry {
    /// From one entry of the list that an extension gave, the prefix already before its name.
    pub(super) fn parse(
        extension: &Arc<str>,
        prefix: &ToolPrefix,
        descriptor: Value,
        callee: &Arc<dyn Callee>,
    ) -> Result<Self, ListError> {
        let name = list::text(&descriptor, "tool", "name")?.to_owned();
        if !is_name(&name) {
            return Err(ListError::new(format!(
                "`{}` is no name for a tool: 1 to 64 letters, digits, `_` and `-`",
                list::shortened(&name)
            )));
        }
        let of = |problem: String| ListError::new(format!("the tool `{name}`: {problem}"));
        if list::text(&descriptor, "tool", "description")
            .map_err(|e| of(e.to_string()))?
            .is_empty()
        {
            return Err(of("its description is empty".to_owned()));
        }
        list::check_size(&descriptor).map_err(&of)?;
        let schema = |member: &str| -> Result<Option<JsonSchema>, ListError> {
            let Some(schema) = descriptor.get(member) else {
                return Ok(None);
            };
            JsonSchema::compile(schema)
                .map(Some)
                .map_err(|error| of(format!("`{member}`: {error}")))
        };
        let input =
            schema("inputSchema")?.ok_or_else(|| of("it has no `inputSchema`".to_owned()))?;
        let output = schema("outputSchema")?;
        if descriptor["inputSchema"]
            .get("type")
            .and_then(Value::as_str)
            != Some("object")
        {
            return Err(of(
                "its `inputSchema` has to have `\"type\": \"object\"`".to_owned()
            ));
        }
        Ok(Self {
            name,
            descriptor,
            extension: extension.clone(),
            prefix_bytes: prefix.as_str().len(),
            input,
            output,
            callee: callee.clone(),
        })
    }

    /// The regular expressions of its schemas.
    pub(super) fn patterns(&self) -> impl Iterator<Item = Patterns> {
        let output = self.output.as_ref();
        [Some(&self.input), output]
            .into_iter()
            .flatten()
            .map(JsonSchema::patterns)
    }

    /// The name that the owner gave it.
    pub fn own_name(&self) -> &str {
        self.name.get(self.prefix_bytes..).unwrap_or(&self.name)
    }

    /// # Errors
    /// What does not fit the input schema, and where.
    pub fn check_arguments(&self, arguments: &Value) -> Result<(), String> {
        self.input.check(arguments)
    }

    /// Calls the tool with arguments, the text of a JSON object that
    /// [`check_arguments`](Self::check_arguments) found fit.
    ///
    /// # Errors
    /// As a call fails. An answer that is not of the form that the contract has, or does not fit the
    /// tool's own output schema, is the extension's failure, of kind permanent.
    pub async fn call(
        &self,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<ToolOutput, CallError> {
        let mut newer: Option<Arc<Self>> = None;
        loop {
            let tool = newer.as_deref().unwrap_or(self);
            match tool.call_this(arguments, invocation.clone()).await {
                Err(CallError::Superseded) => {}
                answer => return answer,
            }
            newer = Some(tool.newer(arguments)?);
        }
    }

    /// Calls the tool of this revision.
    async fn call_this(
        &self,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<ToolOutput, CallError> {
        let read = OnceLock::new();
        let judge = |answer: &str| match read.get_or_init(|| self.read(answer)) {
            Ok(output) if output.is_error => Answered::Error,
            Ok(_) => Answered::Well,
            Err(_) => Answered::Badly,
        };
        let called = self
            .callee
            .call_tool_judged(self.own_name(), arguments, invocation, &judge);
        let answer = called.await?;
        let read = read.into_inner().unwrap_or_else(|| self.read(&answer));
        read.map_err(|problem| {
            let (name, extension) = (&self.name, &self.extension);
            let message = format!("the tool {name} of {extension} gave an answer that {problem}");
            failure(GuestErrorKind::Permanent, message)
        })
    }

    /// The tool of that name in the revision that has taken the place of this one, which has to take the
    /// arguments too.
    fn newer(&self, arguments: &str) -> Result<Arc<Self>, CallError> {
        let successor = successor(&*self.callee)?;
        let revision = &successor.revision;
        let mut tools = successor.lists.tools.values();
        let tool = tools
            .find(|tool| tool.own_name() == self.own_name())
            .ok_or_else(|| {
                let message = format!(
                    "there is no tool {} any more: revision {} of {} has taken its place",
                    self.name, revision.revision, revision.extension
                );
                failure(GuestErrorKind::InvalidInput, message)
            })?;
        let checked = serde_json::from_str(arguments)
            .map_err(|error| error.to_string())
            .and_then(|arguments| tool.check_arguments(&arguments));
        checked.map_err(|misfit| {
            let message = format!(
                "revision {} of {} has taken the place of the one that was called, and its tool {} does \
                 not take these arguments: {misfit}",
                revision.revision, revision.extension, tool.name
            );
            failure(GuestErrorKind::InvalidInput, message)
        })?;
        Ok(tool.clone())
    }

    /// Makes such a call and records it. Its answer is in the recording as the extension gave it.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn record(
        &self,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<Recording, RecordError> {
        let called = Called::Tool {
            name: self.own_name().to_owned(),
            arguments: arguments.to_owned(),
        };
        self.callee.record(called, invocation).await
    }

    /// Reads an answer of the extension as clients get it.
    ///
    /// # Errors
    /// What keeps it from being a result of this tool, as a clause: `does not fit its output schema: …`.
    pub fn read(&self, answer: &str) -> Result<ToolOutput, String> {
        list::check_object(answer)?;
        let raw: RawOutput<'_> = serde_json::from_str(answer)
            .map_err(|error| format!("is not of the form of a tool result: {error}"))?;
        let structured: Option<Value> = raw
            .structured_content
            .map(|raw| serde_json::from_str(raw.get()))
            .transpose()
            .map_err(|error| format!("has structured content that cannot be read: {error}"))?;
        if let Some(schema) = self.output.as_ref().filter(|_| !raw.is_error) {
            let value = structured
                .as_ref()
                .ok_or("has no structured content, though the tool has an output schema")?;
            schema
                .check(value)
                .map_err(|misfit| format!("does not fit its output schema: {misfit}"))?;
        }
        let content = match (raw.content, raw.structured_content) {
            (Some(content), _) if content.get().starts_with('[') => content.to_owned(),
            (Some(_), _) => return Err("has a `content` that is no array".to_owned()),
            (None, Some(structured)) => text_block(structured.get())?,
            (None, None) => RawValue::from_string("[]".to_owned()).map_err(|e| e.to_string())?,
        };
        Ok(ToolOutput {
            structured,
            content,
            is_error: raw.is_error,
        })
    }
}

/// MCP asks that structured content be there as text too; the text is as the extension wrote it.
fn text_block(structured: &str) -> Result<Box<RawValue>, String> {
    let text = serde_json::to_string(structured).map_err(|error| error.to_string())?;
    RawValue::from_string(format!("[{{\"type\":\"text\",\"text\":{text}}}]"))
        .map_err(|error| error.to_string())
}

/// Whether it is a name that every MCP client takes.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_TOOL_NAME_BYTES).contains(&name.len()) && is_of_tool_names(name)
}

/// Puts the prefix before the name in an entry of an extension's list. What is no name of a tool is
/// left for [`ToolEntry::parse`] to refuse.
///
/// # Errors
/// If both together are longer than a name may be.
pub(super) fn put_before(descriptor: &mut Value, prefix: &ToolPrefix) -> Result<(), ListError> {
    let Some(name) = descriptor.get_mut("name") else {
        return Ok(());
    };
    let Some(own) = name.as_str().filter(|own| is_name(own)) else {
        return Ok(());
    };
    let whole = prefix.before(own);
    if whole.len() > MAX_TOOL_NAME_BYTES {
        return Err(ListError::new(format!(
            "the prefix `{prefix}` and the tool's name `{own}` have {} characters together; \
             {MAX_TOOL_NAME_BYTES} are taken at most: install it with a shorter `--prefix`",
            whole.len()
        )));
    }
    *name = whole.into();
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOutput<'a> {
    /// `null` is structured content, and something else than none.
    #[serde(borrow, default, deserialize_with = "present")]
    structured_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    is_error: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolEntry({} of {})", self.name, self.extension)
    }
}
