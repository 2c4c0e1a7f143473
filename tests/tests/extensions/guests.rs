//! Guests of several languages, with and without an SDK.

use koi_tests::{McpClient, Mode, Transport, eventually, repository};
use serde_json::{Value, json};

use crate::{says, start};

#[tokio::test]
async fn guests_without_an_sdk_work_in_the_running_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let mut client = McpClient::connect(&node, (Mode::Auto, Transport::Http));
    for language in ["python", "javascript"] {
        client.ignore_news();
        node.install(&format!("test-{language}"));
        let tool = format!("{language}_shout");
        client.is_told_of_tool(&tool);
        assert_eq!(
            client.call(&tool, &json!({"text": "hello"})),
            json!({"text": "HELLO"})
        );

        let note = |text: &str| json!({"rid": format!("orn:{language}.note:{}", text.len()), "contents": {"text": text}});
        let notes = folder.path().join("notes.json");
        std::fs::write(&notes, json!([note("hello"), note(" ")]).to_string()).unwrap();
        says(&node, &["publish", &notes.to_string_lossy()]);
        let rid = format!("orn:{language}.note:5");
        let stored = eventually(&rid, async || node.read(&rid)).await;
        assert_eq!(
            stored["contents"],
            json!({"text": "hello", "seen-by": language})
        );
        assert_eq!(client.read(&rid), stored["contents"]);
        // Its handler stopped the empty one.
        eventually("the empty note stopped", async || {
            node.log()
                .lines()
                .any(|line| line.contains("the note is empty") && line.contains(language))
                .then_some(())
        })
        .await;
        assert!(node.read(&format!("orn:{language}.note:1")).is_none());
    }
    let data_dir = node.data_dir.clone();
    assert_eq!(node.process.terminate(), Some(0));
    assert_descriptions_have_their_form(&data_dir, &["javascript-guest", "python-guest"]).await;
}

#[tokio::test]
async fn guests_of_the_sdk_describe_themselves_as_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    for name in [
        "agent-personality",
        "data-catalog",
        "echo",
        "first-extension",
    ] {
        node.install(name);
    }
    let data_dir = node.data_dir.clone();
    assert_eq!(node.process.terminate(), Some(0));
    let names = ["agent-personality", "data-catalog", "echo", "glossary"];
    assert_descriptions_have_their_form(&data_dir, &names).await;
}

/// What extensions answered to `describe` fits `docs/describe.schema.json`.
async fn assert_descriptions_have_their_form(data_dir: &std::path::Path, names: &[&str]) {
    let schema = std::fs::read_to_string(repository().join("docs/describe.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let stores = koi_store::sqlite::open(&data_dir.join("koi.sqlite")).unwrap();
    for name in names {
        let revisions = stores.extensions.revisions(name).await.unwrap();
        let description: Value = serde_json::from_str(&revisions[0].description).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&description)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}
