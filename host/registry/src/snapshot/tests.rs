use std::collections::BTreeMap;
use std::sync::Arc;

use koi_rid::{EventType, Rid, RidType, Timestamp};
use koi_runtime::Phase;
use serde_json::{Value, json};

use super::{Collision, Snapshot};
use crate::callee::Invocation;
use crate::description::Description;
use crate::entry::{ExtensionEntry, Listed, Lists, RevisionInfo};
use crate::grant::Access;
use crate::testing::{FakeCallee, tool};

/// An extension with all that it asks for granted.
fn extension(script: Value) -> Arc<ExtensionEntry> {
    let description = Description::parse(&script.to_string()).unwrap();
    let name: Arc<str> = description.name.as_str().into();
    let callee = FakeCallee::alone(&name, &script);
    let asks = description.asks.clone();
    let access = Arc::new(Access::new(name.clone(), asks.clone(), asks));
    let revision = RevisionInfo {
        extension: name.clone(),
        revision: 1,
        digest: "00".into(),
        version: description.version.clone(),
        source: "test".to_owned(),
        installed_at: Timestamp::now(),
    };
    let entry = ExtensionEntry::new(revision, Arc::new(description), access, callee).unwrap();
    let text = |key: &str, none: Value| script.get(key).cloned().unwrap_or(none).to_string();
    let (tools, resources) = (text("x-tools", json!([])), text("x-resources", json!({})));
    let prompts = text("x-prompts", json!([]));
    let listed = Listed {
        tools: &tools,
        resources: &resources,
        prompts: &prompts,
    };
    let lists = Lists::parse(&name, listed, &entry.callee, &entry.lists).unwrap();
    Arc::new(entry.with_lists(lists))
}

fn snapshot(scripts: impl IntoIterator<Item = Value>) -> Result<Snapshot, Collision> {
    let extensions: BTreeMap<_, _> = scripts
        .into_iter()
        .map(extension)
        .map(|entry| (entry.name().to_owned(), entry))
        .collect();
    Snapshot::build(1, extensions)
}

fn script(name: &str, more: Value) -> Value {
    let mut script = json!({"name": name, "version": "1.0.0"});
    for (key, value) in more.as_object().unwrap() {
        script[key] = value.clone();
    }
    script
}

fn rid(text: &str) -> Rid {
    Rid::parse(text).unwrap()
}

#[test]
fn handlers_come_by_priority_and_then_by_name() {
    let handler = |priority: i32| json!({"handlers": [{"phase": "bundle", "rid-types": ["orn:t.t"], "priority": priority}]});
    let snapshot = snapshot([
        script("c", handler(0)),
        script("b", handler(5)),
        script("a", handler(5)),
        script("d", handler(-1)),
    ])
    .unwrap();
    let order = |phase, text: &str| {
        let of: Vec<_> = snapshot
            .handlers_for(phase, &rid(text), None)
            .map(|handler| handler.extension().to_owned())
            .collect();
        of
    };
    assert_eq!(order(Phase::Bundle, "orn:t.t:x"), ["d", "c", "a", "b"]);
    assert!(order(Phase::Rid, "orn:t.t:x").is_empty());
    assert!(order(Phase::Bundle, "orn:t.other:x").is_empty());
}

#[test]
fn a_handler_sees_only_the_events_and_rids_that_it_asked_for() {
    let snapshot = snapshot([script("a", json!({
        "handlers": [
            {"phase": "rid", "rid-types": ["orn:t.t", "orn:t.t"], "event-types": ["NEW", "UPDATE"]},
        ],
        "asks": {"handle": ["orn:t.t:x*"]},
    }))])
    .unwrap();
    let seen = |text: &str, event| snapshot.handlers_for(Phase::Rid, &rid(text), event).count();
    assert_eq!(seen("orn:t.t:x1", Some(EventType::New)), 1);
    assert_eq!(seen("orn:t.t:x1", Some(EventType::Forget)), 0);
    assert_eq!(seen("orn:t.t:x1", None), 0);
    assert_eq!(seen("orn:t.t:y1", Some(EventType::New)), 0);
}

#[test]
fn a_handler_without_a_grant_sees_nothing() {
    let snapshot = snapshot([script(
        "a",
        json!({"handlers": [{"phase": "rid", "rid-types": ["orn:t.t"]}]}),
    )])
    .unwrap();
    let handled = RidType::parse("orn:t.t").unwrap();
    assert!(snapshot.handled_rid_types().contains(&handled));
    snapshot.extensions["a"]
        .access
        .grant(crate::grant::Grants::default());
    assert_eq!(
        snapshot
            .handlers_for(Phase::Rid, &rid("orn:t.t:x"), None)
            .count(),
        0
    );
    assert!(snapshot.handled_rid_types().is_empty());
}

#[test]
fn each_thing_has_one_owner() {
    let resource = |uri: &str| json!({"uri": uri, "name": "n"});
    let claims = [
        (
            "RID type",
            "orn:t.t",
            json!({"rid-types": [{"rid-type": "orn:t.t"}]}),
        ),
        (
            "schema",
            "s",
            json!({"schemas": [{"name": "s", "schema": true}]}),
        ),
        ("tool", "t", json!({"x-tools": [tool("t")]})),
        (
            "resource",
            "x:y",
            json!({"x-resources": {"resources": [resource("x:y")]}}),
        ),
        (
            "resource template",
            "x:{y}",
            json!({"x-resources": {"templates": [{"uriTemplate": "x:{y}", "name": "n"}]}}),
        ),
    ];
    for (kind, what, claim) in claims {
        let collision = snapshot([script("one", claim.clone()), script("two", claim)])
            .err()
            .unwrap();
        assert_eq!(collision.kind.to_string(), kind);
        assert_eq!(collision.what, what);
        let told = collision.to_string();
        assert!(told.contains("one") && told.contains("two"), "{told}");
    }
}

#[test]
fn only_the_owner_of_a_type_may_list_its_rids_as_resources() {
    let owner = script("owner", json!({"rid-types": [{"rid-type": "orn:t.t"}]}));
    let lists = json!({"resources": [{"uri": "orn:t.t:x", "name": "n"}]});
    let forger = script("forger", json!({"x-resources": lists}));
    let collision = snapshot([owner.clone(), forger.clone()]).err().unwrap();
    assert_eq!(
        (collision.holder.as_str(), collision.claimant.as_str()),
        ("owner", "forger")
    );
    snapshot([forger]).unwrap();
    let mut both = owner;
    both["x-resources"] = json!({"resources": [{"uri": "orn:t.t:x", "name": "n"}]});
    snapshot([both]).unwrap();
}

#[tokio::test]
async fn a_resource_is_read_by_its_uri_or_by_the_longest_template_that_fits() {
    let template = |template: &str| json!({"uriTemplate": template, "name": "n"});
    let snapshot = snapshot([
        script(
            "a",
            json!({"x-resources": {
                "resources": [{"uri": "x:1/2", "name": "n"}], "templates": [template("x:{+all}")],
            }}),
        ),
        script(
            "b",
            json!({"x-resources": {"templates": [template("x:{one}/{two}")]}}),
        ),
    ])
    .unwrap();
    let reader = async |uri: &str| {
        let read = snapshot.read_resource(uri, Invocation::new("t")).await?;
        Some(read.unwrap().remove(0).body)
    };
    let text = |text: &str| Some(koi_runtime::ResourceBody::Text(text.to_owned()));
    assert_eq!(reader("x:1/2").await, text("a"));
    assert_eq!(reader("x:3/4").await, text("b"));
    assert_eq!(reader("x:3/4/5").await, text("a"));
    assert_eq!(reader("y:1").await, None);
}
