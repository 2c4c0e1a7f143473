//! The lists of tools, resources and prompts, read as an install reads them: what an MCP client would see.

use koi_registry::{Listed, Lists};
use koi_schema::JsonSchema;
use serde_json::Value;

use crate::generate::examples;
use crate::report::{Code, Seen, Surface};
use crate::run::{Asked, Run};

fn asked(subject: &str) -> Asked<'_> {
    Asked {
        kind: "list",
        trapped: Code::ListFailed,
        subject,
        input: None,
    }
}

/// Asks for the lists; false if there are none to go on with.
pub(super) async fn check(run: &mut Run<'_>) -> bool {
    let Some(lists) = read(run).await else {
        return false;
    };
    run.report.surface = surface(&lists);
    examples_fit(run, &lists);
    run.lists = lists;
    true
}

/// Asks again, with what the node has come to know: the lists may be others, and have to be lists.
pub(super) async fn again(run: &mut Run<'_>) {
    let Some(lists) = read(run).await else { return };
    if run.entry.description.lists_depend_on.is_empty() && !lists.same_as(&run.lists) {
        let message = "the lists were others after some calls, and `describe` names nothing in `lists-depend-on`: a \
                       node would not ask for them again";
        run.find(Code::ListRefused, "lists", message, None);
    }
}

async fn read(run: &mut Run<'_>) -> Option<Lists> {
    let callee = run.entry.callee.clone();
    let tools = list(run, "list-tools", callee.list_tools()).await;
    let resources = list(run, "list-resources", callee.list_resources()).await;
    let prompts = list(run, "list-prompts", callee.list_prompts()).await;
    let (tools, resources, prompts) = (tools?, resources?, prompts?);
    let revision = &run.entry.revision;
    let listed = Listed {
        prefix: &revision.tool_prefix,
        tools: &tools,
        resources: &resources,
        prompts: &prompts,
    };
    match Lists::parse(&revision.extension, listed, &callee, &Lists::default()) {
        Ok(lists) => {
            let order: Vec<Value> = serde_json::from_str(&tools).unwrap_or_default();
            let names = order.iter().filter_map(|tool| tool["name"].as_str());
            run.tools = names.map(str::to_owned).collect();
            Some(lists)
        }
        Err(error) => {
            let message = format!("{error}: a node refuses the extension for it");
            run.find(Code::ListRefused, "lists", message, None);
            None
        }
    }
}

async fn list(
    run: &mut Run<'_>,
    function: &'static str,
    call: impl Future<Output = Result<String, koi_runtime::CallError>>,
) -> Option<String> {
    match run.call(asked(function), call, String::len).await {
        crate::run::Ended::Error(error) => {
            let message =
                format!("it answers with an error, so that a node refuses the extension: {error}");
            run.find(Code::ListFailed, function, message, None);
            None
        }
        ended => ended.answer(),
    }
}

/// The examples in the schemas of tools fit them.
fn examples_fit(run: &mut Run<'_>, lists: &Lists) {
    for tool in lists.tools.values() {
        for member in ["inputSchema", "outputSchema"] {
            let Some(schema) = tool.descriptor.get(member) else {
                continue;
            };
            let Ok(compiled) = JsonSchema::compile(schema) else {
                continue;
            };
            for example in examples(schema) {
                if let Err(misfit) = compiled.check(example) {
                    let message = format!("an example in its `{member}` does not fit it: {misfit}");
                    let subject = format!("tool {}", tool.name);
                    run.find(
                        Code::ExampleMisfit,
                        &subject,
                        message,
                        Some(&example.to_string()),
                    );
                }
            }
        }
    }
}

fn surface(lists: &Lists) -> Surface {
    let seen = |name: &str, descriptor: &Value| {
        let texts = ["description", "title", "name"];
        let texts = texts
            .iter()
            .filter_map(|member| descriptor[*member].as_str());
        Seen {
            name: name.to_owned(),
            description: texts
                .map(str::trim)
                .find(|text| !text.is_empty())
                .unwrap_or_default()
                .to_owned(),
        }
    };
    Surface {
        tools: lists
            .tools
            .values()
            .map(|tool| seen(&tool.name, &tool.descriptor))
            .collect(),
        resources: lists
            .resources
            .values()
            .map(|of| seen(&of.uri, &of.descriptor))
            .collect(),
        templates: lists
            .templates
            .values()
            .map(|of| seen(&of.uri_template, &of.descriptor))
            .collect(),
        prompts: lists
            .prompts
            .values()
            .map(|of| seen(&of.name, &of.descriptor))
            .collect(),
    }
}
