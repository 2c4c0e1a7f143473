//! What the expansions of [`#[tool]`](macro@crate::tool) and [`#[derive(Reference)]`](macro@crate::Reference) reach for.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Content, Error, IntoToolResult, Json, Result, Tool, ToolResult};

pub use {schemars, serde};

/// Takes a reference apart: a prefix, then parts, each with the text that follows it. None if it is not so, or a
/// part is empty.
pub fn split<'a, const N: usize>(
    reference: &'a str,
    prefix: &str,
    after: [&str; N],
) -> Option<[&'a str; N]> {
    let mut rest = reference.strip_prefix(prefix)?;
    let mut parts = [""; N];
    for (at, (part, after)) in parts.iter_mut().zip(after).enumerate() {
        (*part, rest) = match at + 1 == N {
            true => (rest.strip_suffix(after)?, ""),
            false => rest.split_once(after)?,
        };
        if part.is_empty() {
            return None;
        }
    }
    Some(parts)
}

/// The error for a reference that has not the form of the pattern.
pub fn malformed(reference: &str, form: &str) -> Error {
    Error::invalid_input(format!("`{reference}` is not {form}"))
}

/// What a tool's function answers, as far as that is known before.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no schema, so that a tool cannot answer it",
    note = "derive `serde::Serialize` and `schemars::JsonSchema`, or answer a `ToolResult`"
)]
pub trait Output {
    /// The tool with its output schema, if it has one.
    fn describe(tool: Tool) -> Tool {
        tool
    }
}

impl Output for ToolResult {}

impl Output for Content {}

impl<T: Serialize + JsonSchema> Output for T {
    fn describe(tool: Tool) -> Tool {
        let schema = crate::schema::schema_of::<T>();
        // Others are none for MCP.
        match schema["type"] == "object" {
            true => tool.output_schema(schema),
            false => tool,
        }
    }
}

/// A tool with the schemas of its function.
pub fn described<A: JsonSchema, R: Output>(tool: Tool, _: fn(A) -> Result<R>) -> Tool {
    R::describe(tool.input::<A>())
}

/// Calls a tool's function.
///
/// # Errors
/// What it fails with; `invalid-input` if the arguments do not fit.
pub fn called<A, R>(arguments: &Json, function: fn(A) -> Result<R>) -> Result<ToolResult>
where
    A: DeserializeOwned,
    R: IntoToolResult,
{
    function(arguments.to()?)?.into_tool_result()
}
