//! The exchanges of `examples/glossary/exchanges.json`, one after another. What each kind of step means
//! stands in the specification.

use std::collections::BTreeMap;

use koi_tests::{Node, eventually, repository};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{Answer, Server};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolStep {
    tool: String,
    arguments: Value,
    answer: Option<Box<RawValue>>,
    error: Option<String>,
    #[serde(default)]
    steps: Vec<Value>,
    asked: Option<Asked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    message: String,
    answer: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishStep {
    publish: Box<RawValue>,
    stored: Value,
    #[serde(rename = "dead-letter")]
    dead_letter: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadStep {
    read: String,
    r#as: Option<String>,
    contents: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResourceStep {
    resource: String,
    mime_type: Option<String>,
    text: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptStep {
    prompt: String,
    arguments: Value,
    description: Option<String>,
    text: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobStep {
    job: String,
    answer: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpStep {
    http: BTreeMap<String, Answer>,
}

/// What `koi-mcp read` prints.
#[derive(Deserialize)]
struct Read {
    contents: Box<RawValue>,
}

/// A node that the exchanges are run on.
pub struct Exchanges<'a> {
    node: &'a Node,
    server: &'a Server,
    client: Client,
}

impl<'a> Exchanges<'a> {
    pub fn new(node: &'a Node, server: &'a Server) -> Self {
        Self {
            node,
            server,
            client: Client::of(node),
        }
    }

    /// Runs all of them.
    pub async fn run(mut self) {
        let file = repository().join("examples/glossary/exchanges.json");
        let text = std::fs::read_to_string(file).unwrap();
        let steps: Vec<Box<RawValue>> = serde_json::from_str(&text).unwrap();
        assert!(steps.len() > 100, "{}", steps.len());
        for (number, step) in steps.iter().enumerate() {
            let said = step.get().replace("{server}", &self.server.url());
            println!("{number}: {said}");
            self.step(&said).await;
        }
    }

    /// The first member that a step has of these says what it is.
    async fn step(&mut self, said: &str) {
        let members: BTreeMap<String, Value> = parsed(said);
        let has = |member: &str| members.contains_key(member);
        let list = |member: &str| members.get(member).and_then(Value::as_array);
        if has("tool") {
            self.tool(parsed(said));
        } else if has("publish") {
            self.publish(parsed(said)).await;
        } else if has("read") {
            self.read(parsed(said)).await;
        } else if has("resource") {
            self.resource(parsed(said));
        } else if has("prompt") {
            self.prompt(parsed(said));
        } else if has("job") {
            let step: JobStep = parsed(said);
            let run = self.node.json(&["jobs", "run", "glossary", &step.job]);
            assert_eq!(run["result"], step.answer, "{run}");
        } else if has("http") {
            let step: HttpStep = parsed(said);
            self.server.has(step.http);
        } else if let Some(tools) = list("tools") {
            self.list("tools/list", "tools", tools);
        } else if let Some(resources) = list("resources") {
            self.list("resources/list", "resources", resources);
        } else if let Some(templates) = list("templates") {
            self.list("resources/templates/list", "resourceTemplates", templates);
        } else if let Some(prompts) = list("prompts") {
            self.list("prompts/list", "prompts", prompts);
        } else {
            panic!("no step is like this");
        }
    }

    fn list(&mut self, method: &str, member: &str, expected: &[Value]) {
        let outcome = self.client.request(method, json!({}), None);
        let listed = outcome.response["result"][member].as_array();
        let listed = listed.unwrap_or_else(|| panic!("{}", outcome.response));
        // What the host derives from RID types is its own.
        let derived = |item: &&Value| {
            let uri = item["uriTemplate"].as_str();
            uri.is_some_and(|uri| uri.starts_with("orn:"))
        };
        let listed: Vec<_> = listed.iter().filter(|item| !derived(item)).collect();
        assert_eq!(listed, Vec::from_iter(expected));
    }

    fn tool(&mut self, step: ToolStep) {
        let params = json!({"name": step.tool, "arguments": step.arguments});
        let answer = step.asked.as_ref().map(|asked| &asked.answer);
        let outcome = self.client.request("tools/call", params, answer);
        let asked: Vec<_> = outcome
            .asked
            .iter()
            .map(|params| &params["message"])
            .collect();
        let expected: Vec<_> = step.asked.iter().map(|asked| &asked.message).collect();
        assert_eq!(asked, expected);
        let progress: Vec<_> = outcome.progress.iter().map(numbers_alike).collect();
        let expected: Vec<_> = step.steps.iter().map(numbers_alike).collect();
        assert_eq!(progress, expected);
        let result = &outcome.response["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{}", outcome.response));
        match (step.answer, step.error) {
            (Some(answer), None) => {
                assert_ne!(result["isError"], true, "{result}");
                // The text is the structured content as the extension wrote it.
                assert_eq!(text, compact(&answer));
                let value: Value = serde_json::from_str(answer.get()).unwrap();
                assert_eq!(result["structuredContent"], value);
            }
            (None, Some(error)) => assert_eq!((&result["isError"], text), (&json!(true), &*error)),
            _ => panic!("a tool either answers or fails"),
        }
    }

    async fn publish(&self, step: PublishStep) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("object.json");
        std::fs::write(&file, step.publish.get()).unwrap();
        let published = self.node.command(&["publish", &file.to_string_lossy()]);
        assert!(published.status.success(), "{published:?}");
        let object: Value = parsed(step.publish.get());
        let rid = object["rid"].as_str().unwrap();
        if let Some(reason) = step.dead_letter {
            eventually("a dead letter", async || {
                let letters = self.node.dead_letters();
                letters
                    .iter()
                    .find(|letter| {
                        letter["rid"] == rid
                            && letter["reason"]
                                .as_str()
                                .is_some_and(|said| said.contains(&reason))
                    })
                    .map(|_| ())
            })
            .await;
        }
        if !step.stored.is_null() {
            eventually("the contents in the store", async || {
                self.node
                    .read(rid)
                    .filter(|bundle| bundle["contents"] == step.stored)
            })
            .await;
        } else {
            assert_eq!(self.node.read(rid), None);
        }
    }

    async fn read(&self, step: ReadStep) {
        let mut command = vec!["read", &step.read];
        if let Some(schema) = &step.r#as {
            command.extend(["--as", schema]);
        }
        let expected = step.contents.as_deref().map(compact);
        let found = async || {
            let output = self.node.command(&command);
            let read = output
                .status
                .success()
                .then(|| serde_json::from_slice::<Read>(&output.stdout).unwrap());
            (read.map(|read| compact(&read.contents)) == expected).then_some(())
        };
        eventually(&format!("{} with {expected:?}", step.read), found).await;
    }

    fn resource(&mut self, step: ResourceStep) {
        let params = json!({"uri": step.resource});
        let response = self.client.request("resources/read", params, None).response;
        match (step.text, step.error) {
            (Some(text), None) => {
                let contents = &response["result"]["contents"];
                let expected =
                    json!([{"uri": step.resource, "mimeType": step.mime_type, "text": text}]);
                assert_eq!(contents, &expected, "{response}");
            }
            (None, Some(error)) => says(&response, &error),
            _ => panic!("a resource either is there or is not"),
        }
    }

    fn prompt(&mut self, step: PromptStep) {
        let params = json!({"name": step.prompt, "arguments": step.arguments});
        let response = self.client.request("prompts/get", params, None).response;
        match (step.text, step.error) {
            (Some(text), None) => {
                let result = &response["result"];
                assert_eq!(result["description"], json!(step.description), "{response}");
                let message = json!({"role": "user", "content": {"type": "text", "text": text}});
                assert_eq!(result["messages"], json!([message]));
            }
            (None, Some(error)) => says(&response, &error),
            _ => panic!("a prompt either is there or is not"),
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(said: &str) -> T {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Whether a response is an error with a message.
fn says(response: &Value, error: &str) {
    let said = response["error"]["message"].as_str().unwrap_or_default();
    assert!(said.contains(error), "{response}");
}

/// Progress is in floating point: `1.0` is `1`.
fn numbers_alike(progress: &Value) -> (Option<f64>, Option<f64>, Value) {
    (
        progress[0].as_f64(),
        progress[1].as_f64(),
        progress[2].clone(),
    )
}

/// JSON without the space between its tokens.
fn compact(json: &RawValue) -> String {
    let (mut out, mut in_text, mut escaped) = (String::new(), false, false);
    for c in json.get().chars() {
        if in_text || !c.is_ascii_whitespace() {
            out.push(c);
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
    }
    out
}
