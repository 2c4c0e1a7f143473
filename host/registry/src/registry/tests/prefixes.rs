//! What an operator has put before the names of an extension's tools.

use super::*;
use crate::entry::ToolPrefix;

fn answering(name: &str) -> Value {
    let answers = json!({"find": {"structuredContent": {"by": name}}});
    script(
        name,
        json!({"x-tools": [tool("find")], "x-answers": answers}),
    )
}

fn prefixed(script: &Value, prefix: &str) -> Install {
    Install {
        tool_prefix: Some(ToolPrefix::parse(prefix).unwrap()),
        ..component(script, GrantRequest::Keep)
    }
}

#[tokio::test]
async fn a_collision_of_tools_names_both_and_is_resolved_by_a_prefix() {
    let f = fixture().await;
    f.install(&answering("one")).await.unwrap();
    let told = f.install(&answering("two")).await.unwrap_err().to_string();
    for part in ["one", "two", "`find`", "--prefix"] {
        assert!(told.contains(part), "{told}");
    }
    let second = f.registry.install(prefixed(&answering("two"), "two_"));
    assert_eq!(second.await.unwrap().tools, ["two_find"]);
    assert_eq!(f.tools(), ["find", "two_find"]);
    // Each was called by the name that it gave itself.
    assert_eq!(f.call("find").await, json!({"by": "one"}));
    assert_eq!(f.call("two_find").await, json!({"by": "two"}));
    let snapshot = f.registry.snapshot();
    let tool = &snapshot.tools["two_find"];
    assert_eq!(
        (tool.own_name(), &tool.descriptor["name"]),
        ("find", &json!("two_find"))
    );
}

#[tokio::test]
async fn a_prefix_stays_until_it_is_changed() {
    let f = fixture().await;
    let one = answering("one");
    f.registry.install(prefixed(&one, "a-")).await.unwrap();
    let newer = {
        let mut newer = one.clone();
        newer["version"] = json!("2.0.0");
        newer
    };
    let report = f.install(&newer).await.unwrap();
    assert_eq!(
        (report.outcome, report.tools),
        (Installed::Replaced, vec!["a-find".to_owned()])
    );
    let again = open(&f.stores, &f.stage, &f.full).await;
    let listed = serde_json::to_value(again.list()).unwrap();
    assert_eq!(listed[0]["tool-prefix"], "a-");
    assert_eq!(listed[0]["tools"], json!(["a-find"]));
    drop(again);
    let same = f.registry.install(prefixed(&newer, "a-")).await.unwrap();
    assert_eq!(same.outcome, Installed::Unchanged);
    let without = f.registry.install(prefixed(&newer, "")).await.unwrap();
    assert_eq!(
        (without.outcome, f.tools()),
        (Installed::Replaced, vec!["find".to_owned()])
    );
    let listed = serde_json::to_value(f.registry.list()).unwrap();
    assert_eq!(listed[0].get("tool-prefix"), None);
}

#[tokio::test]
async fn a_name_that_a_prefix_makes_too_long_is_refused_with_both() {
    let f = fixture().await;
    let long = "n".repeat(60);
    let install = prefixed(&script("one", json!({"x-tools": [tool(&long)]})), "sales_");
    let told = f.registry.install(install).await.unwrap_err().to_string();
    for part in [&*long, "`sales_`", "66", "64"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(f.tools().is_empty());
    let fits = prefixed(&script("one", json!({"x-tools": [tool(&long)]})), "so__");
    f.registry.install(fits).await.unwrap();
}

#[test]
fn a_prefix_has_the_characters_of_names_and_leaves_room_for_one() {
    for text in ["sales.", "a b", "%", &"p".repeat(64)] {
        let told = ToolPrefix::parse(text).unwrap_err().to_string();
        assert!(told.contains(&text[..1]) && told.contains("63"), "{told}");
    }
    assert_eq!(ToolPrefix::parse("a-B_9").unwrap().as_str(), "a-B_9");
    assert!(ToolPrefix::parse("").unwrap().is_empty());
}
