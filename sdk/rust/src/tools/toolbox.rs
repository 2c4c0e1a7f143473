//! Tools with their functions.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{IntoToolResult, Tool, ToolResult};
use crate::{Error, Json, Result};

/// Tools, each with a function of typed arguments.
#[derive(Default)]
pub struct Toolbox(Vec<Entry>);

type Call = Box<dyn Fn(&Json) -> Result<ToolResult>>;

struct Entry {
    tool: Tool,
    /// A schema takes longer to make than most calls, so it is made only where tools are listed.
    with_input: fn(Tool) -> Tool,
    call: Call,
}

impl Toolbox {
    /// An empty toolbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool. Its input schema is that of the function's argument, unless it has one.
    pub fn tool<A, R>(mut self, tool: Tool, function: impl Fn(A) -> Result<R> + 'static) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: IntoToolResult,
    {
        let call = move |arguments: &Json| function(arguments.to()?)?.into_tool_result();
        self.0.push(Entry {
            tool,
            with_input: Tool::with_input::<A>,
            call: Box::new(call),
        });
        self
    }

    /// The tools, in the order in which they were added.
    pub fn tools(self) -> Vec<Tool> {
        self.0
            .into_iter()
            .map(|entry| (entry.with_input)(entry.tool))
            .collect()
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// What the function fails with; `invalid-input` if there is no such tool or the arguments do
    /// not fit it.
    pub fn call(&self, name: &str, arguments: &Json) -> Result<ToolResult> {
        match self.0.iter().find(|entry| entry.tool.name() == name) {
            Some(entry) => (entry.call)(arguments),
            None => Err(Error::invalid_input(format!("there is no tool `{name}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::{Content, Icon, TaskSupport};

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Sum {
        /// The summands.
        of: Vec<i64>,
    }

    fn toolbox() -> Toolbox {
        Toolbox::new().tool(
            Tool::new("add", "Adds numbers").read_only(),
            |sum: Sum| match sum.of.is_empty() {
                true => Err(Error::invalid_input("there is nothing to add")),
                false => Ok(json!({ "sum": sum.of.iter().sum::<i64>() })),
            },
        )
    }

    #[test]
    fn a_listed_tool_has_the_schema_of_its_argument() {
        let listed = serde_json::to_value(toolbox().tools()).unwrap();
        assert_eq!(
            listed,
            json!([{
                "name": "add",
                "description": "Adds numbers",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "of": {
                            "description": "The summands.",
                            "type": "array",
                            "items": { "type": "integer", "format": "int64" }
                        }
                    },
                    "required": ["of"]
                },
                "annotations": { "readOnlyHint": true }
            }])
        );
    }

    #[test]
    fn a_call_goes_to_the_function_and_comes_back_structured() {
        let result = toolbox()
            .call("add", &Json::parse(r#"{"of":[1,2]}"#).unwrap())
            .unwrap();
        assert_eq!(
            result.json().unwrap().as_str(),
            r#"{"structuredContent":{"sum":3}}"#
        );
    }

    #[test]
    fn what_is_said_of_a_tool_is_listed_and_its_own_schema_is_left_alone() {
        let schema = json!({ "type": "object", "$defs": { "a": { "$anchor": "a" } } });
        let tool = Tool::new("paint", "Paints")
            .input_schema(schema.clone())
            .output_schema(json!({ "type": "string" }))
            .task(TaskSupport::Optional)
            .icons([Icon::new("data:,")])
            .meta("example.com/colour", "red");
        let toolbox = Toolbox::new().tool(tool, |_: serde_json::Value| Ok("red"));
        assert_eq!(
            serde_json::to_value(toolbox.tools()).unwrap(),
            json!([{
                "name": "paint",
                "description": "Paints",
                "inputSchema": schema,
                "outputSchema": { "type": "string" },
                "execution": { "taskSupport": "optional" },
                "icons": [{ "src": "data:," }],
                "_meta": { "example.com/colour": "red" }
            }])
        );
    }

    #[test]
    fn an_argument_can_go_into_a_header() {
        #[derive(Deserialize, JsonSchema)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct Route {
            #[schemars(extend("x-mcp-header" = "Region"))]
            region: String,
        }
        let listed = json!(Tool::new("route", "Routes").input::<Route>());
        let region = &listed["inputSchema"]["properties"]["region"];
        assert_eq!(
            *region,
            json!({ "type": "string", "x-mcp-header": "Region" })
        );
    }

    #[test]
    fn content_alone_is_no_structured_content() {
        let toolbox = Toolbox::new().tool(Tool::new("say", "Says"), |_: crate::NoArguments| {
            Ok(Content::text("hello"))
        });
        let result = toolbox.call("say", &Json::parse("{}").unwrap()).unwrap();
        assert_eq!(
            result.json().unwrap().as_str(),
            r#"{"content":[{"text":"hello","type":"text"}]}"#
        );
    }

    #[test]
    fn an_unknown_tool_and_unfit_arguments_are_invalid_input() {
        for (name, arguments) in [("multiply", "{}"), ("add", "{}"), ("add", r#"{"of":[]}"#)] {
            let error = toolbox()
                .call(name, &Json::parse(arguments).unwrap())
                .unwrap_err();
            assert_eq!(error.kind, crate::ErrorKind::InvalidInput);
        }
    }
}
