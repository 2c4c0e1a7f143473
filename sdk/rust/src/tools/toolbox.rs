//! Tools with their functions.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{IntoToolResult, Tool, ToolResult};
use crate::{Error, Json, Result};

/// Tools, each with a function of typed arguments.
#[derive(Default)]
pub struct Toolbox(Vec<Entry>);

/// A function that [`#[tool]`](macro@crate::tool) made a tool of, under the function's name.
pub trait ToolFunction {
    /// The tool's name.
    const NAME: &'static str;

    /// The tool as it is listed, with its schemas.
    fn tool() -> Tool;

    /// Calls the function.
    ///
    /// # Errors
    /// What the function fails with; `invalid-input` if the arguments do not fit it.
    fn call(arguments: &Json) -> Result<ToolResult>;
}

struct Entry {
    name: Cow<'static, str>,
    /// A schema takes longer to make than most calls, so it is made only where tools are listed.
    listed: Box<dyn FnOnce() -> Tool>,
    call: Call,
}

type Call = Box<dyn Fn(&Json) -> Result<ToolResult>>;

impl Toolbox {
    /// An empty toolbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function that [`#[tool]`](macro@crate::tool) made a tool of.
    pub fn with<F: ToolFunction + 'static>(mut self) -> Self {
        self.0.push(Entry {
            name: F::NAME.into(),
            listed: Box::new(F::tool),
            call: Box::new(F::call),
        });
        self
    }

    /// Adds a tool. Its input schema is that of the function's argument, unless it has one.
    pub fn tool<A, R>(mut self, tool: Tool, function: impl Fn(A) -> Result<R> + 'static) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: IntoToolResult,
    {
        self.0.push(Entry {
            name: tool.name().to_owned().into(),
            listed: Box::new(|| tool.with_input::<A>()),
            call: Box::new(move |arguments| function(arguments.to()?)?.into_tool_result()),
        });
        self
    }

    /// The tools, in the order in which they were added.
    pub fn tools(self) -> Vec<Tool> {
        self.0.into_iter().map(|entry| (entry.listed)()).collect()
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// What the function fails with; `invalid-input` if there is no such tool or the arguments do
    /// not fit it.
    pub fn call(&self, name: &str, arguments: &Json) -> Result<ToolResult> {
        match self.0.iter().find(|entry| entry.name == name) {
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
                            "items": { "type": "integer" }
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

    #[derive(Serialize, JsonSchema)]
    struct Shown {
        at: Option<f64>,
    }

    /// Shows a part.
    #[koi_extension::tool(
        name = "show",
        title = "Show",
        read_only,
        destructive,
        task = "optional",
        example = json!({ "part": 1, "type": [] }),
        example = json!({ "type": ["a"] })
    )]
    fn show_part(
        /// Which
        #[schemars(range(min = 1, max = 9))]
        part: Option<u8>,
        mut r#type: Vec<String>,
    ) -> Result<Shown> {
        r#type.truncate(1);
        Ok(Shown {
            at: part.map(f64::from),
        })
    }

    /// Says it.
    #[koi_extension::tool]
    fn say() -> Result<String> {
        Ok("it".into())
    }

    #[test]
    fn a_function_becomes_a_tool_by_its_signature_and_documentation() {
        let toolbox = || Toolbox::new().with::<show_part>().with::<say>();
        assert_eq!(
            serde_json::to_value(toolbox().tools()).unwrap(),
            json!([
                {
                    "name": "show",
                    "title": "Show",
                    "description": "Shows a part.",
                    "inputSchema": {
                        "type": "object",
                        "properties": {
                            "part": {
                                "description": "Which",
                                "type": "integer",
                                "minimum": 1,
                                "maximum": 9
                            },
                            "type": { "type": "array", "items": { "type": "string" } }
                        },
                        "required": ["type"]
                    },
                    "outputSchema": {
                        "type": "object",
                        "properties": { "at": { "type": ["number", "null"] } }
                    },
                    "annotations": { "readOnlyHint": true, "destructiveHint": true },
                    "execution": { "taskSupport": "optional" },
                    "_meta": {
                        "koi-mcp/examples": [
                            { "arguments": { "part": 1, "type": [] } },
                            { "arguments": { "type": ["a"] } }
                        ]
                    }
                },
                { "name": "say", "description": "Says it.", "inputSchema": { "type": "object" } }
            ])
        );
        let call = |name, arguments: &str| {
            let result = toolbox().call(name, &Json::parse(arguments).unwrap());
            result.map(|result| result.json().unwrap().into_string())
        };
        let shown = call("show", r#"{"part":3,"type":[]}"#).unwrap();
        assert_eq!(shown, r#"{"structuredContent":{"at":3.0}}"#);
        assert_eq!(call("say", "{}").unwrap(), r#"{"structuredContent":"it"}"#);
        let error = call("show", "{}").unwrap_err();
        assert_eq!(error.kind, crate::ErrorKind::InvalidInput);
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
