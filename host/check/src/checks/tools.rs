//! Tools answer their own examples, and all arguments that fit their schemas.

use std::sync::Arc;

use koi_registry::{ToolEntry, ToolOutput};
use serde_json::Value;

use crate::examples::{self, ToolExample};
use crate::generate::Source;
use crate::report::Code;
use crate::run::{Asked, Ended, Run};

fn subject(tool: &ToolEntry) -> String {
    format!("tool {}", tool.name)
}

/// The tools in the order in which they were listed.
fn tools(run: &Run<'_>) -> Vec<Arc<ToolEntry>> {
    let tool = |name: &String| run.lists.tools.get(name).cloned();
    run.tools.iter().filter_map(tool).collect()
}

/// Calls each tool with its examples, in the order of the list: one may be about what another one wrote. Those
/// that failed are called once more after all others.
pub(super) async fn examples(run: &mut Run<'_>) {
    let mut failed = Vec::new();
    for tool in tools(run) {
        let examples = match examples::of_tool(&tool.descriptor) {
            Ok(examples) => examples,
            Err(problem) => {
                run.find(Code::ExampleMisfit, &subject(&tool), problem, None);
                continue;
            }
        };
        for example in examples {
            let arguments = Value::Object(example.arguments.clone());
            if let Err(misfit) = tool.check_arguments(&arguments) {
                let message =
                    format!("an example in its `_meta` does not fit its `inputSchema`: {misfit}");
                run.find(
                    Code::ExampleMisfit,
                    &subject(&tool),
                    message,
                    Some(&arguments.to_string()),
                );
                continue;
            }
            if run.is_over() {
                return;
            }
            if let Some(why) = answers(run, &tool, &example).await {
                failed.push((tool.clone(), example, why));
            }
        }
    }
    let last = failed.len() < 2;
    for (tool, example, why) in failed {
        let why = match last {
            true => Some(why),
            false => answers(run, &tool, &example).await,
        };
        if let Some(why) = why {
            let arguments = Value::Object(example.arguments).to_string();
            let message = format!("it answers its own example with an error: {why}");
            run.find(
                Code::ExampleFailed,
                &subject(&tool),
                message,
                Some(&arguments),
            );
        }
    }
}

/// Calls a tool with an example; gives the error that it answers with.
async fn answers(run: &mut Run<'_>, tool: &ToolEntry, example: &ToolExample) -> Option<String> {
    let arguments = Value::Object(example.arguments.clone()).to_string();
    match call(run, tool, &arguments).await {
        Called::Error(error) => Some(error),
        Called::Badly => None,
        Called::Answer(output) if output.is_error => Some(output.content.get().to_owned()),
        Called::Answer(output) => {
            if let Some(wanted) = &example.result
                && output.structured.as_ref() != Some(wanted)
            {
                let given = output.structured.unwrap_or_default();
                let message = format!(
                    "it answers its own example with {given}, and the example has {wanted}"
                );
                run.find(
                    Code::ExampleResult,
                    &subject(tool),
                    message,
                    Some(&arguments),
                );
            }
            None
        }
    }
}

/// Calls each tool with what was made from its schema.
pub(super) async fn check(run: &mut Run<'_>) {
    for tool in tools(run) {
        let subject = subject(&tool);
        let schema = &tool.descriptor["inputSchema"];
        let Some(mut source) = Source::new(schema, run.random(&subject)) else {
            continue;
        };
        let mut arguments = source.valid(run.options.cases);
        if arguments.is_empty() {
            let message =
                "the check could make no arguments that fit its `inputSchema`: give it `examples`";
            run.find(Code::NotChecked, &subject, message, None);
        }
        // What does not fit is refused before the extension hears of it.
        let mut mutilated = source.mutilated(&arguments, run.options.cases);
        mutilated.retain(|arguments| source.check(arguments).is_ok());
        arguments.extend(mutilated);
        for arguments in arguments {
            if run.is_over() {
                return;
            }
            if matches!(
                call(run, &tool, &arguments.to_string()).await,
                Called::Badly
            ) {
                break;
            }
        }
    }
}

enum Called {
    Answer(ToolOutput),
    Error(String),
    Badly,
}

async fn call(run: &mut Run<'_>, tool: &ToolEntry, arguments: &str) -> Called {
    let subject = subject(tool);
    let callee = run.entry.callee.clone();
    let invocation = run.of_person(&subject);
    let asked = Asked {
        kind: "tool",
        trapped: Code::ToolTrapped,
        subject: &subject,
        input: Some(arguments),
    };
    let call = callee.call_tool(tool.own_name(), arguments, invocation);
    let answer = match run.call(asked, call, String::len).await {
        Ended::Answer(answer) => answer,
        Ended::Error(error) => return Called::Error(error.to_string()),
        Ended::Badly => return Called::Badly,
    };
    let output = tool.read(&answer).and_then(|output| {
        let blocks: Vec<Value> = serde_json::from_str(output.content.get()).unwrap_or_default();
        match blocks.iter().all(|block| block["type"].is_string()) {
            true => Ok(output),
            false => Err("has content blocks without a `type`".to_owned()),
        }
    });
    match output {
        Ok(output) => Called::Answer(output),
        Err(problem) => {
            let message = format!("it gave an answer that {problem}");
            run.find(Code::ResultMisfit, &subject, message, Some(arguments));
            Called::Badly
        }
    }
}
