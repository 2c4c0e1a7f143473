//! Examples that extensions give beyond those in their JSON Schemas. Hosts ignore them.
//!
//! A RID type may have `examples` in the description: references of that type, such as `"sales/orders"`. A
//! tool may have `koi-mcp/examples` in its `_meta`: an array of `{"arguments": {…}}`, and with `result` what
//! its structured content has to be. A JSON Schema has `examples` and `default` of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The member of a tool's `_meta`.
pub(crate) const TOOL_EXAMPLES: &str = "koi-mcp/examples";

/// Most examples of one tool or RID type that are looked at.
const MAX_EXAMPLES: usize = 64;

/// References by RID type.
#[derive(Debug, Default)]
pub(crate) struct Examples(BTreeMap<String, Vec<String>>);

/// One example of a tool's call.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ToolExample {
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
    /// What the structured content has to be; none where that is left open.
    #[serde(default)]
    pub(crate) result: Option<Value>,
}

impl Examples {
    /// Of a description that was found fit.
    pub(crate) fn of(description: &str) -> Self {
        let description: Value = serde_json::from_str(description).unwrap_or_default();
        let rid_types = description["rid-types"].as_array();
        let references = rid_types.into_iter().flatten().filter_map(|rid_type| {
            let examples = rid_type["examples"].as_array()?.iter();
            let examples = examples.filter_map(Value::as_str).take(MAX_EXAMPLES);
            Some((
                rid_type["rid-type"].as_str()?.to_owned(),
                examples.map(str::to_owned).collect(),
            ))
        });
        Self(references.collect())
    }

    /// References of a RID type that the extension gives itself.
    pub(crate) fn references(&self, rid_type: &str) -> &[String] {
        self.0.get(rid_type).map_or(&[], Vec::as_slice)
    }
}

/// The examples in the `_meta` of a tool.
///
/// # Errors
/// Why they are none.
pub(crate) fn of_tool(descriptor: &Value) -> Result<Vec<ToolExample>, String> {
    let Some(examples) = descriptor
        .get("_meta")
        .and_then(|meta| meta.get(TOOL_EXAMPLES))
    else {
        return Ok(Vec::new());
    };
    let examples: Vec<ToolExample> = Deserialize::deserialize(examples).map_err(|error: serde_json::Error| {
        format!("`_meta` has `{TOOL_EXAMPLES}` that are no array of objects with `arguments`: {error}")
    })?;
    Ok(examples.into_iter().take(MAX_EXAMPLES).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_arguments_are_taken_from_where_hosts_do_not_look() {
        let description = json!({"rid-types": [{"rid-type": "orn:a.b", "examples": ["one", 2]}, {"rid-type": "orn:a.c"}]});
        let examples = Examples::of(&description.to_string());
        assert_eq!(examples.references("orn:a.b"), ["one"]);
        assert!(examples.references("orn:a.c").is_empty());
        let tool =
            json!({"_meta": {"koi-mcp/examples": [{"arguments": {"a": 1}, "result": null}, {}]}});
        let examples = of_tool(&tool).unwrap();
        assert_eq!(examples[0].arguments["a"], 1);
        assert!(examples[1].arguments.is_empty());
        assert!(of_tool(&json!({"_meta": {"koi-mcp/examples": 7}})).is_err());
    }
}
