use koi_extension::ErrorKind;
use koi_extension::testing::Node;
use serde_json::json;

use super::*;

fn store(node: &Node, agent: &str, mcp_url: Option<&str>, traits: Value) {
    let rid = Rid::new("orn:agent.personality", format!("{agent}/1.0")).unwrap();
    node.store(
        &rid,
        &json!({ "rid": rid, "mcp_url": mcp_url, "traits": traits }),
    );
}

fn callable(name: &str, value: Value) -> Value {
    json!({
        "name": name, "description": "Does it", "type": "function", "value": value,
        "is_callable": true
    })
}

fn listed() -> Vec<Value> {
    let tools = serde_json::to_value(AgentPersonality::list_tools().unwrap()).unwrap();
    tools.as_array().unwrap().clone()
}

fn names() -> Vec<String> {
    listed()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

fn call(tool: &str, arguments: Value) -> Result<Value> {
    let result = AgentPersonality::call_tool(tool, &Json::of(&arguments)?)?;
    Ok(result.structured_as().unwrap())
}

#[test]
fn each_callable_trait_of_each_agent_is_a_tool() {
    let node = Node::fresh();
    let mut quiet = callable("quiet", json!(1));
    quiet["is_callable"] = json!(false);
    let schema = json!({ "type": "object", "required": ["who"] });
    let greet = callable("greet", json!({ "parameters": schema }));
    store(&node, "bob", None, json!([greet, quiet]));
    store(
        &node,
        "ada",
        None,
        json!([callable("calculate", json!(null))]),
    );
    assert_eq!(names(), ["update_traits", "ada_calculate", "bob_greet"]);
    let tools = listed();
    assert_eq!(tools[1]["inputSchema"], json!({ "type": "object" }));
    assert_eq!(tools[2]["inputSchema"], schema);
    assert_eq!(
        tools[2]["description"],
        "Does it (trait `greet` of the agent `bob`)"
    );
}

#[test]
fn only_the_newest_version_of_an_agent_has_tools() {
    let node = Node::fresh();
    store(&node, "bob", None, json!([callable("old", json!(1))]));
    let rid = Rid::parse("orn:agent.personality:bob/1.1").unwrap();
    node.store(
        &rid,
        &json!({ "rid": rid, "traits": [callable("new", json!(1))] }),
    );
    assert_eq!(names(), ["update_traits", "bob_new"]);
}

#[test]
fn whatever_strangers_publish_the_list_stays_one_that_the_host_takes() {
    let node = Node::fresh();
    let twice = callable("twice", json!(1));
    let mut wordy = callable("wordy", json!({ "parameters": { "type": 3 } }));
    wordy["description"] = json!("é\u{0}".repeat(4000));
    store(&node, "bob", None, json!([twice, twice, wordy]));
    store(&node, "update", None, json!([callable("traits", json!(1))]));
    let unread = Rid::parse("orn:agent.personality:unread/1").unwrap();
    node.store(&unread, &json!({ "traits": 1 }));
    let names = names();
    assert_eq!(names[..3], ["update_traits", "bob_twice", "bob_wordy"]);
    assert!(names[3].starts_with("update_traits-"), "{names:?}");
    assert_eq!(names.len(), 4);
    assert!(listed()[2]["description"].as_str().unwrap().len() < 1100);
}

#[test]
fn there_is_an_end_to_tools() {
    let node = Node::fresh();
    for agent in 0..5 {
        let traits: Vec<_> = (0..250)
            .map(|n| callable(&n.to_string(), json!(n)))
            .collect();
        store(&node, &format!("agent{agent}"), None, json!(traits));
    }
    assert_eq!(names().len(), MAX_TOOLS);
    assert!(
        node.log()
            .iter()
            .any(|line| line.contains("more callable traits"))
    );
}

#[test]
fn the_list_stays_within_what_a_guest_may_answer() {
    let node = Node::fresh();
    for agent in 0..5 {
        let long = |n: usize| {
            let schema = json!({ "properties": { "x".repeat(3900): {} } });
            let mut long = callable(&format!("t{n}"), json!({ "parameters": schema }));
            long["description"] = json!("\"".repeat(4000));
            long
        };
        let traits: Vec<_> = (0..256).map(long).collect();
        store(&node, &format!("agent{agent}"), None, json!(traits));
    }
    let tools = AgentPersonality::list_tools().unwrap();
    let bytes = Json::of(&tools).unwrap().as_str().len();
    assert!(
        tools.len() > 500 && bytes < 5 << 20,
        "{} tools, {bytes} bytes",
        tools.len()
    );
}

#[test]
fn an_own_trait_runs_here() {
    let node = Node::fresh();
    store(
        &node,
        "test",
        None,
        json!([
            callable(
                "greet",
                json!({ "kind": "template", "template": "Hello {who}" })
            ),
            callable("broken", json!({ "kind": "template", "template": "{" })),
        ]),
    );
    let greeting = call("test_greet", json!({ "who": "Bob" })).unwrap();
    assert_eq!(greeting, json!({ "result": "Hello Bob" }));
    assert_eq!(
        call("test_greet", json!({})).unwrap_err().kind,
        ErrorKind::InvalidInput
    );
    assert_eq!(
        call("test_broken", json!({})).unwrap_err().kind,
        ErrorKind::Permanent
    );
}

#[test]
fn anothers_trait_is_not_run_and_the_error_says_where_it_is() {
    let node = Node::fresh();
    let traits = json!([callable(
        "greet",
        json!({ "kind": "template", "template": "Hello" })
    )]);
    store(
        &node,
        "bob",
        Some("http://127.0.0.1:8101/mcp"),
        traits.clone(),
    );
    store(&node, "eve", None, traits);
    let error = call("bob_greet", json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.message.contains("`http=POST:http://127.0.0.1:8101`"),
        "{error}"
    );
    assert!(
        error.message.contains("http://127.0.0.1:8101/mcp"),
        "{error}"
    );
    assert!(error.message.contains("`greet`"), "{error}");
    let error = call("eve_greet", json!({})).unwrap_err();
    assert!(error.message.contains("no `mcp_url`"), "{error}");
}

#[test]
fn a_tool_that_is_none_is_invalid_input() {
    Node::fresh();
    for tool in ["bob_greet", "test_greet", ""] {
        assert_eq!(
            call(tool, json!({})).unwrap_err().kind,
            ErrorKind::InvalidInput
        );
    }
}

#[test]
fn traits_that_were_updated_are_tools_at_once() {
    Node::fresh();
    let double =
        json!({ "is_callable": true, "value": { "kind": "expression", "expression": "2*n" } });
    call("update_traits", json!({ "traits": { "double": double } })).unwrap();
    assert_eq!(names(), ["update_traits", "test_double"]);
    assert_eq!(
        call("test_double", json!({ "n": 21 })).unwrap(),
        json!({ "result": 42 })
    );
}
