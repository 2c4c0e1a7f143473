//! Whether a question in plain language finds the tool that it is about: among the 117 tools of a
//! business application, nine for each of its thirteen kinds of record.

use std::path::Path;

use koi_mcp_server::{Dispatcher, McpOptions, ViewOptions};
use serde_json::{Value, json};

use super::http::{Served, serve};
use super::node::{Extension, Node};

/// Among so many of the first ones the right tool has to be.
const AMONG: usize = 3;

fn read(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/search");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn served() -> Served {
    let main = ViewOptions {
        dispatcher: Dispatcher::Only,
        ..ViewOptions::default()
    };
    let node = Node::with(McpOptions {
        main,
        ..McpOptions::default()
    });
    let tools = read("tools.json");
    assert_eq!(tools.len(), 117);
    node.install(vec![Extension::of_tools("dataflow", tools)]);
    serve(node).await
}

/// Asks all questions of a file: how many there are, and those that did not find their tool.
async fn ask(file: &str) -> (usize, Vec<String>) {
    let questions = read(file);
    let served = served().await;
    let mut missed = Vec::new();
    for of in &questions {
        let query = json!({ "query": of["question"], "limit": AMONG });
        let answer = served.call("search_tools", query).await;
        let found = answer.result()["structuredContent"]["tools"]
            .as_array()
            .unwrap()
            .clone();
        let names: Vec<&Value> = found.iter().map(|tool| &tool["name"]).collect();
        if !names.contains(&&of["tool"]) {
            missed.push(format!(
                "{}: expected {}, found {names:?}",
                of["question"], of["tool"]
            ));
        }
    }
    (questions.len(), missed)
}

#[tokio::test]
async fn questions_that_the_ranking_was_made_with_find_their_tools() {
    let (asked, missed) = ask("own-questions.json").await;
    assert!(
        asked >= 120 && missed.len() <= 10,
        "{asked} asked, missed: {missed:#?}"
    );
}

/// By somebody who has not seen the ranking.
#[tokio::test]
async fn questions_of_a_stranger_find_their_tools() {
    let (asked, missed) = ask("questions.json").await;
    assert!(asked >= 30, "{asked} asked");
    let most = asked / 10;
    assert!(missed.len() <= most, "{asked} asked, missed: {missed:#?}");
}
