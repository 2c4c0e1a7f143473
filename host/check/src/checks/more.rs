//! Resources, templates, prompts, completions and jobs.

use koi_registry::{CompletionOutput, Invocation, PromptEntry};
use koi_rid::Timestamp;
use koi_runtime::{Completion, ResourceBody, ResourceContents};
use serde_json::{Map, Value, json};

use crate::node::now;
use crate::report::Code;
use crate::run::{Asked, Ended, Run};

/// What a person may have typed.
const TYPED: [&str; 5] = ["", "a", "alpha", "é日😀", "\u{0}"];
/// Most values of a completion.
const MAX_VALUES: usize = 100;

pub(super) async fn check(run: &mut Run<'_>) {
    resources(run).await;
    prompts(run).await;
    jobs(run).await;
}

async fn resources(run: &mut Run<'_>) {
    let uris: Vec<String> = run.lists.resources.keys().cloned().collect();
    for uri in uris {
        if run.is_over() {
            return;
        }
        let subject = format!("resource {uri}");
        if let Ended::Error(error) = read(run, &subject, &uri).await {
            let message = format!("it is listed, and reading it gives an error: {error}");
            run.find(Code::ResourceFailed, &subject, message, None);
        }
    }
    let templates: Vec<_> = run.lists.templates.values().cloned().collect();
    for template in templates {
        let subject = format!("template {}", template.uri_template);
        for variable in variables(&template.uri_template) {
            complete(
                run,
                &subject,
                "resource-template",
                &template.uri_template,
                &variable,
            )
            .await;
        }
        for value in ["alpha", "1", "no%20such", "%F0%9F%98%80", ".."] {
            let uri = expanded(&template.uri_template, value);
            if template.fits(&uri) && !run.is_over() && read(run, &subject, &uri).await.badly() {
                break;
            }
        }
    }
}

async fn read(run: &mut Run<'_>, subject: &str, uri: &str) -> Ended<Vec<ResourceContents>> {
    let callee = run.entry.callee.clone();
    let invocation = run.of_person(subject);
    let asked = Asked {
        kind: "resource",
        trapped: Code::ResourceTrapped,
        subject,
        input: Some(uri),
    };
    let ended = run
        .call(asked, callee.read_resource(uri, invocation), |contents| {
            size(contents)
        })
        .await;
    if let Ended::Answer(contents) = &ended {
        for piece in contents {
            let is_object = serde_json::from_str::<Map<String, Value>>(&piece.meta).is_ok();
            let problem = match (piece.uri.is_empty(), is_object) {
                (true, _) => "a piece of its contents has no URI",
                (_, false) => "the `meta` of a piece of its contents is no JSON object",
                _ => continue,
            };
            run.find(Code::ResultMisfit, subject, problem, Some(uri));
        }
    }
    ended
}

fn size(contents: &[ResourceContents]) -> usize {
    let bytes = |piece: &ResourceContents| match &piece.body {
        ResourceBody::Text(text) => text.len(),
        ResourceBody::Blob(bytes) => bytes.len(),
    };
    contents.iter().map(bytes).sum()
}

/// The expressions of a URI template between their braces, with where they stand.
fn expressions(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(expression, _)| expression))
}

/// The variables of a URI template.
fn variables(template: &str) -> Vec<String> {
    let names = expressions(template).flat_map(|expression| {
        let names = expression.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']);
        names
            .split(',')
            .map(|name| name.split([':', '*']).next().unwrap_or_default())
    });
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The URI that comes of a template with one value for all of its variables.
fn expanded(template: &str, value: &str) -> String {
    let mut uri = template.to_owned();
    for expression in expressions(template) {
        let operator = expression.chars().next().filter(|c| "+#./;?&".contains(*c));
        let text = match operator {
            None | Some('+') => value.to_owned(),
            Some(operator @ (';' | '?' | '&')) => {
                let pairs: Vec<String> = variables(&format!("{{{expression}}}"))
                    .iter()
                    .map(|name| format!("{name}={value}"))
                    .collect();
                format!("{operator}{}", pairs.join("&"))
            }
            Some(operator) => format!("{operator}{value}"),
        };
        uri = uri.replacen(&format!("{{{expression}}}"), &text, 1);
    }
    uri
}

async fn prompts(run: &mut Run<'_>) {
    let prompts: Vec<_> = run.lists.prompts.values().cloned().collect();
    for prompt in prompts {
        let subject = format!("prompt {}", prompt.name);
        let arguments = prompt.descriptor["arguments"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let names = |required: bool| -> Vec<String> {
            let wanted = |argument: &&Value| !required || argument["required"] == true;
            let names = arguments
                .iter()
                .filter(wanted)
                .filter_map(|argument| argument["name"].as_str());
            names.map(str::to_owned).collect()
        };
        for name in names(false) {
            complete(run, &subject, "prompt", &prompt.name, &name).await;
        }
        for (index, text) in TYPED.iter().rev().enumerate() {
            let given = names(index % 2 == 1);
            let given: Map<String, Value> =
                given.into_iter().map(|name| (name, json!(text))).collect();
            let given = Value::Object(given).to_string();
            if run.is_over() || !get(run, &subject, &prompt, &given).await {
                break;
            }
        }
    }
}

/// Has a prompt made; false if further ones need not be.
async fn get(run: &mut Run<'_>, subject: &str, prompt: &PromptEntry, arguments: &str) -> bool {
    let callee = run.entry.callee.clone();
    let invocation = run.of_person(subject);
    let asked = Asked {
        kind: "prompt",
        trapped: Code::PromptTrapped,
        subject,
        input: Some(arguments),
    };
    let call = callee.get_prompt(&prompt.name, arguments, invocation);
    let answer = match run.call(asked, call, String::len).await {
        Ended::Answer(answer) => answer,
        ended => return !ended.badly(),
    };
    let read = prompt.read(&answer).and_then(|output| {
        let messages: Vec<Value> = serde_json::from_str(output.messages.get())
            .map_err(|error| format!("has `messages` that are no array: {error}"))?;
        let is_message = |message: &Value| {
            matches!(message["role"].as_str(), Some("user" | "assistant"))
                && message["content"]["type"].is_string()
        };
        match messages.iter().all(is_message) {
            true => Ok(()),
            false => Err("has a message without a role or without a content block".to_owned()),
        }
    });
    if let Err(problem) = read {
        run.find(
            Code::ResultMisfit,
            subject,
            format!("it gave an answer that {problem}"),
            Some(arguments),
        );
        return false;
    }
    true
}

async fn complete(
    run: &mut Run<'_>,
    subject: &str,
    kind: &'static str,
    name: &str,
    argument: &str,
) {
    for typed in TYPED {
        if run.is_over() {
            return;
        }
        let completion = Completion {
            kind,
            name: name.to_owned(),
            argument: argument.to_owned(),
            value: typed.to_owned(),
            context: r#"{"arguments":{}}"#.to_owned(),
        };
        let input = json!({"argument": argument, "value": typed}).to_string();
        let callee = run.entry.callee.clone();
        let invocation = run.of_person(subject);
        let asked = Asked {
            kind: "completion",
            trapped: Code::CompletionTrapped,
            subject,
            input: Some(&input),
        };
        let answer = match run
            .call(asked, callee.complete(&completion, invocation), String::len)
            .await
        {
            Ended::Answer(answer) => answer,
            Ended::Error(_) => continue,
            Ended::Badly => return,
        };
        let problem = match serde_json::from_str::<CompletionOutput>(&answer) {
            Err(error) => error.to_string(),
            Ok(_) if !answer.trim_ascii_start().starts_with('{') => {
                "it is no JSON object".to_owned()
            }
            Ok(output) if output.values.len() > MAX_VALUES => {
                format!(
                    "it has {} values, and at most {MAX_VALUES} are told",
                    output.values.len()
                )
            }
            Ok(_) => continue,
        };
        let message = format!("its completion is not of the form of the contract: {problem}");
        run.find(Code::ResultMisfit, subject, message, Some(&input));
        return;
    }
}

/// Each job runs twice: on its own time, and again after a failure.
async fn jobs(run: &mut Run<'_>) {
    let description = run.entry.description.clone();
    for job in &description.jobs {
        let subject = format!("job {}", job.name);
        let due: Timestamp = now();
        for told in [
            json!({"due": due, "attempt": 1}),
            json!({"attempt": 2, "last-success": due}),
        ] {
            if run.is_over() {
                return;
            }
            let told = told.to_string();
            let callee = run.entry.callee.clone();
            let asked = Asked {
                kind: "job",
                trapped: Code::JobTrapped,
                subject: &subject,
                input: Some(&told),
            };
            let call = callee.run_job(&job.name, &told, Invocation::new(subject.as_str()));
            match run.call(asked, call, String::len).await {
                Ended::Badly => break,
                Ended::Error(_) => {}
                Ended::Answer(answer) => {
                    if serde_json::from_str::<Map<String, Value>>(&answer).is_err() {
                        let message = "its answer is no JSON object";
                        run.find(Code::ResultMisfit, &subject, message, Some(&answer));
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_expanded_with_one_value() {
        for (template, uri) in [
            ("agent:{name}", "agent:a"),
            ("file:///{+path}", "file:///a"),
            ("x:y{/id}{?q,r}", "x:y/a?q=a&r=a"),
        ] {
            assert_eq!(expanded(template, "a"), uri);
        }
        assert_eq!(variables("x:{a}{?b,c*}{/d:3}"), ["a", "b", "c", "d"]);
    }
}
