use std::sync::Arc;

use koi_rid::{Contents, Rid};
use koi_runtime::CallError;
use serde_json::{Value, json};

use super::{
    JobEntry, JobTold, ListError, Listed, Lists, RidTypeEntry, SchemaEntry, ToolOutput, ToolPrefix,
};
use crate::callee::Invocation;
use crate::description::Description;
use crate::grant::{Access, Grants};
use crate::testing::{FakeCallee, tool};

fn lists(script: &Value, before: &Lists) -> Result<Lists, ListError> {
    let callee = FakeCallee::alone("a", script);
    let text = |key: &str, none: Value| script.get(key).unwrap_or(&none).to_string();
    let (tools, resources) = (text("x-tools", json!([])), text("x-resources", json!({})));
    let prompts = text("x-prompts", json!([]));
    let listed = Listed {
        prefix: &ToolPrefix::default(),
        tools: &tools,
        resources: &resources,
        prompts: &prompts,
    };
    Lists::parse(&"a".into(), listed, &callee, before)
}

fn tools(tools: Value) -> Result<Lists, ListError> {
    lists(&json!({"x-tools": tools}), &Lists::default())
}

fn refused_tool(change: impl FnOnce(&mut Value)) -> String {
    let mut one = tool("echo");
    change(&mut one);
    tools(json!([one])).unwrap_err().to_string()
}

#[test]
fn a_tool_has_a_name_a_description_and_an_object_schema() {
    assert!(tools(json!([tool("echo"), tool("Echo_2-x")])).is_ok());
    assert!(refused_tool(|t| t["name"] = json!("a.b")).contains("`a.b`"));
    assert!(refused_tool(|t| t["name"] = json!("a".repeat(65))).contains("no name for a tool"));
    assert!(refused_tool(|t| t["name"] = json!(3)).contains("`name`"));
    assert!(refused_tool(|t| t["description"] = json!("")).contains("`echo`: its description"));
    assert!(refused_tool(|t| t["description"] = Value::Null).contains("`description`"));
    assert!(refused_tool(|t| t["inputSchema"] = json!({})).contains("\"type\": \"object\""));
    assert!(refused_tool(|t| t["inputSchema"] = json!({"type": "odd"})).contains("`inputSchema`"));
    assert!(refused_tool(|t| t["outputSchema"] = json!({"type": 1})).contains("`outputSchema`"));
    assert!(
        refused_tool(|t| drop(t.as_object_mut().unwrap().remove("inputSchema")))
            .contains("no `inputSchema`")
    );
    assert!(refused_tool(|t| t["_meta"] = json!({"x": "y".repeat(600_000)})).contains("bytes"));
}

#[test]
fn lists_are_bounded_and_without_repetition() {
    let many: Vec<_> = (0..1001).map(|n| tool(&format!("t{n}"))).collect();
    assert!(
        tools(json!(many))
            .unwrap_err()
            .to_string()
            .contains("1001 tools")
    );
    assert!(
        tools(json!([tool("a"), tool("a")]))
            .unwrap_err()
            .to_string()
            .contains("twice")
    );
    assert!(
        tools(json!({}))
            .unwrap_err()
            .to_string()
            .contains("list of tools")
    );
}

#[test]
fn resources_have_uris_and_names() {
    let resources = |resource: Value| {
        let script = json!({"x-resources": {"resources": [resource]}});
        lists(&script, &Lists::default())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        resources(json!({"uri": "agent:bob", "name": "Bob", "size": 3})),
        Ok(())
    );
    for wrong in ["bob", ":x", "1a:x", "a b:c", "a:b c", "a:", "a:\u{7}"] {
        let told = resources(json!({"uri": wrong, "name": "n"})).unwrap_err();
        assert!(told.contains("no URI"), "{wrong}: {told}");
    }
    assert!(
        resources(json!({"uri": "a:b"}))
            .unwrap_err()
            .contains("`name`")
    );
    assert!(
        resources(json!({"name": "b"}))
            .unwrap_err()
            .contains("`uri`")
    );
    let long = format!("a:{}", "b".repeat(3000));
    assert!(
        resources(json!({"uri": long, "name": "n"}))
            .unwrap_err()
            .contains("longer")
    );
}

#[test]
fn an_entry_that_did_not_change_is_taken_over() {
    let before = tools(json!([tool("a"), tool("b")])).unwrap();
    let mut other = tool("b");
    other["description"] = json!("Another.");
    let script = json!({"x-tools": [tool("a"), other]});
    let after = lists(&script, &before).unwrap();
    assert!(Arc::ptr_eq(&before.tools["a"], &after.tools["a"]));
    assert!(!Arc::ptr_eq(&before.tools["b"], &after.tools["b"]));
    assert!(!before.same_as(&after));
    assert!(after.same_as(&lists(&script, &before).unwrap()));
}

async fn answer(answer: Value, output_schema: Option<Value>) -> Result<ToolOutput, CallError> {
    let mut one = tool("echo");
    if let Some(schema) = output_schema {
        one["outputSchema"] = schema;
    }
    let script = json!({"x-tools": [one], "x-answers": {"echo": answer}});
    let lists = lists(&script, &Lists::default()).unwrap();
    lists.tools["echo"].call("{}", Invocation::new("t")).await
}

#[tokio::test]
async fn structured_content_is_text_too_as_it_was_written() {
    let output = answer(json!(r#"{"structuredContent":{"z":1.0, "a":[]}}"#), None)
        .await
        .unwrap();
    assert_eq!(output.structured, Some(json!({"z": 1.0, "a": []})));
    let content: Value = serde_json::from_str(output.content.get()).unwrap();
    assert_eq!(
        content,
        json!([{"type": "text", "text": r#"{"z":1.0, "a":[]}"#}])
    );
}

#[tokio::test]
async fn content_that_the_tool_wrote_stays_as_it_is() {
    let text =
        r#"{"content":[ {"type":"text","text":"x"}],"structuredContent":null,"isError":true}"#;
    let output = answer(json!(text), None).await.unwrap();
    assert_eq!(output.content.get(), r#"[ {"type":"text","text":"x"}]"#);
    assert_eq!(
        (output.structured, output.is_error),
        (Some(Value::Null), true)
    );
    let output = answer(json!({}), None).await.unwrap();
    assert_eq!(
        (output.structured, output.content.get(), output.is_error),
        (None, "[]", false)
    );
}

#[tokio::test]
async fn an_answer_fits_the_output_schema_or_is_an_error() {
    let schema = || Some(json!({"type": "object", "required": ["n"]}));
    let told = answer(json!({"structuredContent": {}}), schema())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("echo") && told.contains("output schema"),
        "{told}"
    );
    let told = answer(json!({"content": []}), schema())
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("no structured content"), "{told}");
    answer(json!({"structuredContent": {"n": 1}}), schema())
        .await
        .unwrap();
    answer(json!({"content": [], "isError": true}), schema())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_of_another_form_is_an_error() {
    for wrong in [
        json!("nonsense"),
        json!("[]"),
        json!({"content": {}}),
        json!({"isError": 1}),
    ] {
        // The extension's failure, not the host's.
        let error = answer(wrong, None).await.unwrap_err();
        assert!(matches!(error, CallError::Guest(_)), "{error:?}");
        assert!(error.to_string().contains("the tool echo of a"), "{error}");
    }
}

#[test]
fn arguments_are_checked() {
    let lists = tools(json!([tool("echo")])).unwrap();
    let echo = &lists.tools["echo"];
    assert_eq!(echo.check_arguments(&json!({"n": 1})), Ok(()));
    assert!(
        echo.check_arguments(&json!({"n": "x"}))
            .unwrap_err()
            .contains("/n")
    );
    assert!(echo.check_arguments(&json!([])).is_err());
}

#[test]
fn the_regular_expressions_of_a_whole_list_are_bounded() {
    let list = |count: usize, pattern: &str| {
        let with_pattern = |n: usize| {
            let mut one = tool(&format!("t{n:03}"));
            one["inputSchema"]["properties"]["s"] = json!({"type": "string", "pattern": pattern});
            one
        };
        json!((0..count).map(with_pattern).collect::<Vec<_>>())
    };
    let usual = tools(list(200, "^[a-z0-9-]{1,64}$")).unwrap();
    assert_eq!(usual.tools.len(), 200);
    let large = "^[^/]{100}$";
    let counts: Vec<usize> = (1..400).collect();
    let most = counts.partition_point(|count| tools(list(*count, large)).is_ok());
    assert!(most > 10 && most < 300, "{most}");
    let told = tools(list(most + 1, large)).unwrap_err().to_string();
    assert!(told.contains("regular expressions"), "{told}");
    // What was there before counts as well.
    let before = tools(list(most, large)).unwrap();
    let script = json!({"x-tools": list(most + 1, large)});
    lists(&script, &before).unwrap_err();
}

/// A RID type whose owner looks at references and contents, and what the owner was granted.
fn rid_type(granted: &[&str]) -> RidTypeEntry {
    let script = json!({
        "name": "a", "version": "1.0.0",
        "rid-types": [{"rid-type": "orn:t.t", "schema": "s", "parses": true}],
        "schemas": [{"name": "s", "schema": {"required": ["n"]}, "validates": true}],
    });
    let description = Description::parse(&script.to_string()).unwrap();
    let callee = FakeCallee::alone("a", &script);
    let granted = Grants::new(granted.iter().map(|text| text.parse().unwrap())).unwrap();
    let access = Arc::new(Access::new("a".into(), description.asks.clone(), granted));
    let schema = SchemaEntry::new("a".into(), &description.schemas[0]).unwrap();
    RidTypeEntry::new(
        &description.rid_types[0],
        Some(Arc::new(schema)),
        access,
        callee,
    )
}

#[tokio::test]
async fn a_reference_travels_in_its_canonical_form() {
    let entry = rid_type(&["handle=orn:t.t"]);
    let parse = async |rid: &str| {
        entry
            .parse_reference(&Rid::parse(rid).unwrap(), Invocation::new("t"))
            .await
    };
    assert_eq!(
        parse("orn:t.t:bob").await.unwrap().unwrap().canonical,
        "bob"
    );
    let told = parse("orn:t.t:Bob").await.unwrap_err().to_string();
    assert!(
        told.contains("orn:t.t:Bob") && told.contains("`bob`"),
        "{told}"
    );
}

#[tokio::test]
async fn contents_satisfy_the_json_schema_before_the_owner_is_asked() {
    let entry = rid_type(&["handle=orn:t.t"]);
    let told = async |contents: &str| {
        let contents = Contents::parse(contents).unwrap();
        entry
            .validate(
                &Rid::parse("orn:t.t:x").unwrap(),
                &contents,
                Invocation::new("t"),
            )
            .await
            .unwrap_err()
            .to_string()
    };
    assert!(told("{}").await.contains("do not fit the schema s"));
    assert!(told(r#"{"n":1}"#).await.contains("never valid: s"));
}

#[tokio::test]
async fn an_owner_sees_nothing_of_what_it_was_not_granted_to_handle() {
    let entry = rid_type(&["handle=orn:t.t:a*"]);
    let unseen = Rid::parse("orn:t.t:B").unwrap();
    let parsed = entry.parse_reference(&unseen, Invocation::new("t")).await;
    assert_eq!(parsed.unwrap(), None);
    let contents = |text| Contents::parse(text).unwrap();
    let validate = async |rid: &Rid, text| {
        entry
            .validate(rid, &contents(text), Invocation::new("t"))
            .await
    };
    validate(&unseen, r#"{"n":1}"#).await.unwrap();
    // The host's own check stays.
    validate(&unseen, "{}").await.unwrap_err();
    let seen = Rid::parse("orn:t.t:a").unwrap();
    validate(&seen, r#"{"n":1}"#).await.unwrap_err();
}

#[tokio::test]
async fn a_job_runs_where_that_is_granted_and_answers_with_an_object() {
    let jobs = ["good", "list", "text", "torn"].map(|name| json!({"name": name, "every": 1}));
    let script = json!({"name": "a", "version": "1.0.0", "jobs": jobs,
        "x-answers": {"good": {"n": 1}, "list": [], "text": "it is done", "torn": "{\"n\":"}});
    let description = Description::parse(&script.to_string()).unwrap();
    let granted = |grants: &[&str]| {
        let grants = grants.iter().map(|grant| grant.parse().unwrap());
        let access = Access::new(
            "a".into(),
            description.asks.clone(),
            Grants::new(grants).unwrap(),
        );
        let callee = FakeCallee::alone("a", &script);
        let access = Arc::new(access);
        let entry = |job| JobEntry::new(job, access.clone(), callee.clone());
        description.jobs.iter().map(entry).collect::<Vec<_>>()
    };
    assert!(!granted(&["capability=config"])[0].is_granted());
    let jobs = granted(&["capability=schedule"]);
    assert!(jobs[0].is_granted());
    let told = JobTold {
        due: None,
        attempt: 1,
        last_success: None,
    };
    let answer = jobs[0].run(told, Invocation::new("t")).await.unwrap();
    assert_eq!(answer, r#"{"n":1}"#);
    for job in &jobs[1..] {
        let error = job.run(told, Invocation::new("t")).await.unwrap_err();
        assert!(
            !error.is_transient() && error.to_string().contains("JSON"),
            "{error}"
        );
    }
}
