//! Extensions come into a running node and go again, and do what they were granted.

use koi_tests::{McpClient, Mode, Node, NodeBuilder, Transport, eventually, extension, repository};
use serde_json::{Value, json};
use tempfile::TempDir;

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn says(node: &Node, args: &[&str]) -> String {
    let output = node.command(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Puts a component into the drop folder as a person would: not at once.
fn drop_in(node: &Node, name: &str) {
    let folder = node.data_dir.join("extensions");
    let component = std::fs::read(extension(name)).unwrap();
    let (beginning, end) = component.split_at(component.len() / 2);
    let path = folder.join(format!("{name}.wasm"));
    std::fs::write(&path, beginning).unwrap();
    std::fs::write(&path, [beginning, end].concat()).unwrap();
}

fn grants(node: &Node, name: &str) -> Value {
    node.json(&["extension", "grants", name])
}

#[test]
fn commands_install_list_and_remove_in_the_running_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    assert!(says(&node, &["extension", "list"]).contains("no extension is installed"));
    let echo = extension("echo");
    let report = node.json(&["extension", "install", &echo.to_string_lossy()]);
    assert_eq!((&report["name"], &report["outcome"]), (&json!("echo"), &json!("new")));
    assert_eq!(report["tools"], json!(["echo"]));
    let again = node.json(&["extension", "install", &echo.to_string_lossy()]);
    assert_eq!((&again["outcome"], &again["revision"]), (&json!("unchanged"), &json!(1)));

    let list = node.json(&["extension", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["state"]), (&json!("echo"), &json!("active")));
    let table = says(&node, &["extension", "list"]);
    assert!(table.starts_with("NAME") && table.contains("echo"), "{table}");

    says(&node, &["extension", "remove", "echo"]);
    assert_eq!(node.json(&["extension", "list"]), json!([]));
    let refusal = node.refusal(&["call", "echo", "--args", r#"{"text":"x"}"#]);
    assert!(refusal.contains("no tool \"echo\""), "{refusal}");
    let refusal = node.refusal(&["extension", "remove", "echo"]);
    assert!(refusal.contains("no extension `echo` is installed"), "{refusal}");
}

#[tokio::test]
async fn what_is_dropped_in_is_installed_without_any_grant_and_goes_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let mut clients = [(Mode::Legacy, Transport::Stdio), (Mode::Modern, Transport::Http)]
        .map(|way| McpClient::connect(&node, way));
    drop_in(&node, "data-catalog");
    for client in &mut clients {
        client.is_told_of_tool("find_datasets");
        client.ignore_news();
    }
    let catalog = grants(&node, "data-catalog");
    assert_eq!(catalog["grants"], json!([]));
    assert!(catalog["missing"].as_array().unwrap().contains(&json!("read=orn:data.dataset")), "{catalog}");

    // The denial says what to do, and doing it helps.
    for client in &mut clients {
        let denial = client.failure("find_datasets", &json!({}));
        assert!(
            denial.contains("koi-mcp extension grant data-catalog read=orn:data.dataset"),
            "{denial}"
        );
    }
    says(&node, &["extension", "grant", "data-catalog", "read=orn:data.dataset", "read=orn:data.schema"]);
    for client in &mut clients {
        assert_eq!(client.call("find_datasets", &json!({})), json!({"datasets": []}));
    }

    // A second copy of the file changes nothing, and takes no grant away.
    drop_in(&node, "data-catalog");
    std::fs::remove_file(node.data_dir.join("extensions/data-catalog.wasm")).unwrap();
    for client in &mut clients {
        client.is_told_that_tool_is_gone("find_datasets");
    }
    assert_eq!(node.json(&["extension", "list"]), json!([]));
}

#[tokio::test]
async fn what_was_dropped_in_or_taken_out_while_no_node_ran_is_noticed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let data_dir = node.data_dir.clone();
    assert_eq!(node.process.terminate(), Some(0));
    let file = data_dir.join("extensions/echo.wasm");
    std::fs::copy(extension("echo"), &file).unwrap();
    let node = start(&folder);
    eventually("echo installed", async || {
        (node.json(&["extension", "list"])[0]["name"] == "echo").then_some(())
    })
    .await;
    assert_eq!(node.process.terminate(), Some(0));
    std::fs::remove_file(file).unwrap();
    let node = start(&folder);
    eventually("echo removed", async || {
        (node.json(&["extension", "list"]) == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn grants_are_given_and_taken_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = extension("data-catalog");
    let file = file.to_string_lossy();
    let report = node.json(&["extension", "install", &file, "--grant", "read=orn:data.schema"]);
    assert_eq!(report["grants"], json!(["read=orn:data.schema"]));

    let publish = ["call", "publish_dataset", "--args",
        r#"{"name":"n","description":"d","format":"csv","location":"here"}"#];
    let denial = node.refusal(&publish);
    assert!(denial.contains("koi-mcp extension grant data-catalog publish=orn:data.dataset"), "{denial}");
    says(&node, &["extension", "grant", "data-catalog", "publish=orn:data.dataset"]);
    says(&node, &publish);
    eventually("the dataset", async || node.read("orn:data.dataset:n")).await;

    says(&node, &["extension", "revoke", "data-catalog", "publish=orn:data.dataset"]);
    assert_eq!(node.refusal(&publish), denial);
    assert_eq!(grants(&node, "data-catalog")["grants"], json!(["read=orn:data.schema"]));
    let refusal = node.refusal(&["extension", "revoke", "data-catalog", "forget=orn:data.dataset"]);
    assert!(refusal.contains("was not granted forget=orn:data.dataset"), "{refusal}");
    let refusal = node.refusal(&["extension", "grant", "data-catalog", "write=orn:data.dataset"]);
    assert!(refusal.contains("`write=orn:data.dataset` is no grant"), "{refusal}");

    // What is granted covers what a pattern says, and no more.
    says(&node, &["extension", "grant", "data-catalog", "publish=orn:data.dataset:sales/*"]);
    assert!(node.refusal(&publish).contains("publish=orn:data.dataset"));
    let sales = ["call", "publish_dataset", "--args",
        r#"{"path":"sales/n","name":"n","description":"d","format":"csv","location":"here"}"#];
    says(&node, &sales);
}

#[tokio::test]
async fn an_extension_that_was_not_granted_to_handle_sees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = extension("data-catalog");
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let doubled = json!({"rid": "orn:data.schema:doubled", "contents": {"name": "doubled", "fields": [
        {"name": "id", "type": "string"}, {"name": "id", "type": "int"}]}});
    let object = folder.path().join("object.json");
    std::fs::write(&object, doubled.to_string()).unwrap();
    let publish = ["publish", &object.to_string_lossy()];
    // Its handler would have refused it; its schema, which the host applies, does not.
    says(&node, &publish);
    eventually("the schema", async || node.read("orn:data.schema:doubled")).await;
    assert_eq!(node.dead_letters(), Vec::<Value>::new());
}

#[tokio::test]
async fn two_extensions_cannot_own_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let rival = koi_tests::Guest { tools: koi_tests::Guest::named("echo").tools, ..koi_tests::Guest::named("rival") };
    let file = folder.path().join("rival.wasm");
    std::fs::write(&file, rival.bytes()).unwrap();
    let refusal = node.refusal(&["extension", "install", &file.to_string_lossy()]);
    assert!(refusal.contains("echo") && refusal.contains("rival"), "{refusal}");
    assert_eq!(node.json(&["extension", "list"]).as_array().unwrap().len(), 1);
}

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
        assert_eq!(client.call(&tool, &json!({"text": "hello"})), json!({"text": "HELLO"}));

        let note = |text: &str| json!({"rid": format!("orn:{language}.note:{}", text.len()), "contents": {"text": text}});
        let notes = folder.path().join("notes.json");
        std::fs::write(&notes, json!([note("hello"), note(" ")]).to_string()).unwrap();
        says(&node, &["publish", &notes.to_string_lossy()]);
        let rid = format!("orn:{language}.note:5");
        let stored = eventually(&rid, async || node.read(&rid)).await;
        assert_eq!(stored["contents"], json!({"text": "hello", "seen-by": language}));
        assert_eq!(client.read(&rid), stored["contents"]);
        // Its handler stopped the empty one.
        eventually("the empty note stopped", async || {
            node.log().lines().any(|line| line.contains("the note is empty") && line.contains(language)).then_some(())
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
    for name in ["agent-personality", "data-catalog", "echo", "first-extension"] {
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
        let errors: Vec<String> =
            schema.iter_errors(&description).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}
