//! What a tool answers.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::{Content, Error, Json, Result};

/// The answer of a tool: structured, content, or both.
///
/// Not `Serialize` itself: it would be taken for structured contents (see [`IntoToolResult`]).
#[derive(Clone, Debug, Default)]
pub struct ToolResult(Answer);

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    content: Vec<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

impl ToolResult {
    /// A value as structured contents. The host writes it as text too, for clients that read only
    /// text.
    ///
    /// # Errors
    /// `permanent` if the value has no JSON form.
    pub fn structured(value: &impl Serialize) -> Result<Self> {
        let value = to_raw_value(value).map_err(|error| {
            Error::permanent(format!("the result of the tool has no JSON form: {error}"))
        })?;
        Ok(Self(Answer {
            structured_content: Some(value),
            ..Answer::default()
        }))
    }

    /// Content alone.
    pub fn of(content: impl IntoIterator<Item = Content>) -> Self {
        content.into_iter().fold(Self::default(), Self::and)
    }

    /// Text alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().and_text(text)
    }

    /// A failure that the agent can do something about: the text says what.
    pub fn failure(text: impl Into<String>) -> Self {
        let mut result = Self::text(text);
        result.0.is_error = true;
        result
    }

    /// Adds a block of text.
    pub fn and_text(self, text: impl Into<String>) -> Self {
        self.and(Content::text(text))
    }

    /// Adds content.
    pub fn and(self, content: Content) -> Self {
        self.and_block(content.into_value())
    }

    /// Adds a content block as MCP defines it.
    pub fn and_block(mut self, block: Value) -> Self {
        self.0.content.push(block);
        self
    }

    /// The structured contents as a value; none if there are none or they do not have its form.
    pub fn structured_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.structured_content.as_ref()?.get()).ok()
    }

    /// The content blocks.
    pub fn content(&self) -> &[Value] {
        &self.0.content
    }

    /// Whether it is a [failure](ToolResult::failure).
    pub fn is_error(&self) -> bool {
        self.0.is_error
    }

    /// The answer as the contract has it.
    pub(crate) fn json(&self) -> Result<Json> {
        Json::of(&self.0)
    }
}

/// What a tool's function may answer: a [`ToolResult`], [`Content`], or any value that serde can
/// write, which becomes structured contents.
pub trait IntoToolResult {
    /// Makes a result of it.
    ///
    /// # Errors
    /// `permanent` if the value has no JSON form.
    fn into_tool_result(self) -> Result<ToolResult>;
}

impl IntoToolResult for ToolResult {
    fn into_tool_result(self) -> Result<ToolResult> {
        Ok(self)
    }
}

impl IntoToolResult for Content {
    fn into_tool_result(self) -> Result<ToolResult> {
        Ok(ToolResult::of([self]))
    }
}

impl<T: Serialize> IntoToolResult for T {
    fn into_tool_result(self) -> Result<ToolResult> {
        ToolResult::structured(&self)
    }
}
