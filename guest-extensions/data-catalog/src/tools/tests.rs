use koi_extension::ErrorKind;
use koi_extension::testing::Node;
use serde_json::{Value, json};

use super::*;

fn call(tool: &str, arguments: Value) -> Result<Value> {
    let result = DataCatalog::call_tool(tool, &Json::of(&arguments)?)?;
    Ok(result.structured_as().unwrap())
}

fn dataset(name: &str, more: Value) -> Value {
    let mut dataset = json!({
        "name": name, "description": "Records", "format": "parquet", "location": "s3://lake/"
    });
    dataset
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    dataset
}

fn publish(path: &str, more: Value) -> Value {
    let mut dataset = dataset(path.rsplit('/').next().unwrap(), more);
    dataset["path"] = json!(path);
    call("publish_dataset", dataset).unwrap()
}

fn found(filters: Value) -> Vec<String> {
    let found = call("find_datasets", filters).unwrap();
    let rids = found["datasets"].as_array().unwrap().iter();
    rids.map(|found| found["rid"].as_str().unwrap()["orn:data.dataset:".len()..].to_owned())
        .collect()
}

#[test]
fn a_published_dataset_is_stored_under_its_path_and_nothing_else() {
    let node = Node::fresh();
    let published = publish("sales/2026", json!({ "licence": "CC0" }));
    assert_eq!(published["rid"], "orn:data.dataset:sales/2026");
    assert_eq!(published["stored"], true);
    assert_eq!(published.get("schema"), None);
    let rid = Rid::parse("orn:data.dataset:sales/2026").unwrap();
    let stored: Value = node.stored(&rid).unwrap().to().unwrap();
    assert_eq!(stored, dataset("2026", json!({ "licence": "CC0" })));
}

#[test]
fn without_a_path_a_publication_is_named_after_what_is_in_it() {
    Node::fresh();
    let published = call("publish_dataset", dataset("weather", json!({}))).unwrap();
    assert_eq!(published["rid"], "orn:data.dataset:weather");
    for (version, rid) in [
        (json!("v1"), "orn:data.schema:t/v1"),
        (json!(null), "orn:data.schema:t"),
    ] {
        let schema = json!({ "name": "t", "version": version, "fields": [] });
        assert_eq!(call("publish_schema", schema).unwrap()["rid"], rid);
    }
}

#[test]
fn a_path_that_is_none_and_metadata_that_is_incomplete_are_invalid_input() {
    Node::fresh();
    for arguments in [dataset("a//b", json!({})), json!({ "name": "a" })] {
        let error = call("publish_dataset", arguments).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }
}

#[test]
fn datasets_are_found_by_each_filter_and_all_of_them_together() {
    Node::fresh();
    publish(
        "sales/2025",
        json!({ "format": "CSV", "tags": ["Finance"], "schema": "t/v1" }),
    );
    publish(
        "sales/2026",
        json!({ "tags": ["finance", "eu"], "owner": "Ada", "schema": "t/v1" }),
    );
    publish(
        "salesforce/leads",
        json!({ "description": "Who may buy", "schema": "l" }),
    );
    call("publish_schema", json!({ "name": "l", "fields": [] })).unwrap();
    for (filters, expected) in [
        (
            json!({}),
            vec!["sales/2025", "sales/2026", "salesforce/leads"],
        ),
        (
            json!({ "namespace": "sales" }),
            vec!["sales/2025", "sales/2026"],
        ),
        (json!({ "namespace": "sales/2025/" }), vec!["sales/2025"]),
        (json!({ "format": "csv" }), vec!["sales/2025"]),
        (
            json!({ "tag": "FINANCE" }),
            vec!["sales/2025", "sales/2026"],
        ),
        (
            json!({ "schema": "orn:data.schema:t/v1" }),
            vec!["sales/2025", "sales/2026"],
        ),
        (
            json!({ "schema_known": false }),
            vec!["sales/2025", "sales/2026"],
        ),
        (json!({ "schema_known": true }), vec!["salesforce/leads"]),
        (json!({ "text": "BUY leads" }), vec!["salesforce/leads"]),
        (json!({ "text": "ada" }), vec!["sales/2026"]),
        (
            json!({ "text": "finance", "format": "csv", "namespace": "sales" }),
            vec!["sales/2025"],
        ),
        (json!({ "text": "nobody" }), vec![]),
    ] {
        assert_eq!(found(filters.clone()), expected, "{filters}");
    }
    let error = call("find_datasets", json!({ "schema": "a//b" })).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
}

#[test]
fn what_is_found_comes_in_pages() {
    Node::fresh();
    (0..5).for_each(|n| drop(publish(&format!("n/{n}"), json!({}))));
    let (mut rids, mut cursor) = (Vec::new(), json!(null));
    loop {
        let page = call("find_datasets", json!({ "limit": 2, "cursor": cursor })).unwrap();
        rids.extend(
            page["datasets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|d| d["name"].clone()),
        );
        match page.get("next") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!(rids, ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_dataset_with_an_unknown_schema_is_marked_until_the_schema_arrives() {
    let node = Node::fresh();
    let published = publish("sales", json!({ "schema": "t/v1" }));
    let mark = json!({ "name": "t/v1", "rid": "orn:data.schema:t/v1", "known": false });
    assert_eq!(published["schema"], mark);
    let described = || call("describe_dataset", json!({ "dataset": "sales" })).unwrap();
    assert_eq!(described()["schema"]["known"], false);
    let rid = Rid::parse("orn:data.dataset:sales").unwrap();
    let before = node.stored(&rid);

    let schema = json!({
        "name": "t", "version": "v1", "fields": [{ "name": "id", "type": "string" }]
    });
    call("publish_schema", schema.clone()).unwrap();
    let described = described();
    assert_eq!(described["schema"]["known"], true);
    assert_eq!(described["schema"]["definition"], schema);
    assert_eq!(node.stored(&rid), before);
}

#[test]
fn a_description_has_the_metadata_to_the_letter_and_its_provenance() {
    let node = Node::fresh();
    let rid = Rid::parse("orn:data.dataset:sales").unwrap();
    let text = r#"{"z":1.50,"name":"n","description":"d","location":"l","format":"f"}"#;
    let contents: Box<serde_json::value::RawValue> = serde_json::from_str(text).unwrap();
    node.store(&rid, &contents);
    let arguments = Json::of(&json!({ "dataset": rid })).unwrap();
    let result = DataCatalog::call_tool("describe_dataset", &arguments).unwrap();
    let raw: Box<serde_json::value::RawValue> = result.structured_as().unwrap();
    assert!(raw.get().contains(text), "{raw}");
    let described: Value = result.structured_as().unwrap();
    assert_eq!(
        described["provenance"]["timestamp"],
        "2026-01-01T00:00:00.000000Z"
    );
    assert_eq!(described.get("schema"), None);
}

#[test]
fn what_nobody_has_cannot_be_described() {
    Node::fresh();
    for dataset in ["sales", "orn:data.dataset:sales", ""] {
        let error = call("describe_dataset", json!({ "dataset": dataset })).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }
}

#[test]
fn schemas_are_found_by_the_names_of_their_fields() {
    Node::fresh();
    for (name, field) in [("people", "surname"), ("places", "latitude")] {
        let fields = json!([{ "name": field, "type": "string" }]);
        call("publish_schema", json!({ "name": name, "fields": fields })).unwrap();
    }
    let found = call("find_schemas", json!({ "text": "Latitude" })).unwrap();
    assert_eq!(found["schemas"].as_array().unwrap().len(), 1);
    assert_eq!(found["schemas"][0]["rid"], "orn:data.schema:places");
    assert_eq!(found["schemas"][0]["fields"], 1);
}

#[test]
fn tools_that_only_look_say_so() {
    let tools = serde_json::to_value(DataCatalog::list_tools().unwrap()).unwrap();
    for tool in tools.as_array().unwrap() {
        let looks = !tool["name"].as_str().unwrap().starts_with("publish");
        assert_eq!(
            tool["annotations"]["readOnlyHint"]
                .as_bool()
                .unwrap_or(false),
            looks
        );
        assert_eq!(tool["annotations"]["idempotentHint"], true);
        assert_eq!(tool["inputSchema"]["type"], "object");
    }
}
