mod successor;

use std::collections::BTreeMap;
use std::sync::Arc;

use koi_rid::{Contents, EventType, Rid, RidType, Timestamp};
use koi_runtime::{CallError, GuestErrorKind, Phase};
use koi_store::Revision;
use serde_json::{Value, json};

use super::{Collision, Failed, Snapshot};
use crate::callee::{Callee, Invocation};
use crate::description::Description;
use crate::entry::{ExtensionEntry, Listed, Lists, RevisionInfo, ToolPrefix};
use crate::grant::Access;
use crate::testing::{FakeCallee, tool};

/// An extension with all that it asks for granted.
fn extension(script: Value) -> Arc<ExtensionEntry> {
    let name = script["name"].as_str().unwrap_or_default();
    let callee = FakeCallee::alone(name, &script);
    extension_of(&script, callee)
}

/// The same, with what answers for it.
fn extension_of(script: &Value, callee: Arc<dyn Callee>) -> Arc<ExtensionEntry> {
    let description = Description::parse(&script.to_string()).unwrap();
    let name: Arc<str> = description.name.as_str().into();
    let asks = description.asks.clone();
    let access = Arc::new(Access::new(name.clone(), asks.clone(), asks));
    let revision = RevisionInfo {
        extension: name.clone(),
        revision: 1,
        digest: "00".into(),
        version: description.version.clone(),
        tool_prefix: ToolPrefix::default(),
        source: "test".to_owned(),
        installed_at: Timestamp::now(),
    };
    let entry = ExtensionEntry::new(revision, Arc::new(description), access, callee).unwrap();
    let text = |key: &str, none: Value| script.get(key).cloned().unwrap_or(none).to_string();
    let (tools, resources) = (text("x-tools", json!([])), text("x-resources", json!({})));
    let prompts = text("x-prompts", json!([]));
    let listed = Listed {
        prefix: &ToolPrefix::default(),
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

/// Owns `orn:t.t`, whose contents are of `one`, and leads from it to `two` and on to `three`.
fn versions() -> Value {
    let schema = |name: &str, member: &str| json!({"name": name, "schema": {"type": "object", "required": [member]}});
    script(
        "versions",
        json!({
            "rid-types": [{"rid-type": "orn:t.t", "schema": "one"}],
            "schemas": [schema("one", "a"), schema("two", "b"), schema("three", "c"), schema("island", "i")],
            "transforms": [{"from": "two", "to": "three"}, {"from": "one", "to": "two"}],
            "x-answers": {"two": {"b": 2}, "three": {"c": 3}},
        }),
    )
}

async fn read(snapshot: &Snapshot, contents: &str, wanted: &str) -> Result<String, CallError> {
    let contents = Contents::parse(contents).unwrap();
    let (rid, invocation) = (rid("orn:t.t:x"), Invocation::new("test"));
    let read = snapshot.transform(&rid, contents, wanted, None, invocation);
    Ok(read.await?.as_str().to_owned())
}

fn kind(result: Result<String, CallError>) -> (GuestErrorKind, String) {
    match result {
        Err(CallError::Guest(error)) => (error.kind, error.message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn contents_are_read_in_another_schema_through_the_fewest_transforms() {
    let snapshot = snapshot([versions()]).unwrap();
    let stored = r#"{"a":1}"#;
    assert_eq!(read(&snapshot, stored, "one").await.unwrap(), stored);
    let two = r#"{"a":1,"b":2}"#;
    assert_eq!(read(&snapshot, stored, "two").await.unwrap(), two);
    let three = r#"{"a":1,"b":2,"c":3}"#;
    assert_eq!(read(&snapshot, stored, "three").await.unwrap(), three);
    // Stored before the type's schema was what it is now.
    let late = r#"{"b":7}"#;
    let read_late = read(&snapshot, late, "three").await.unwrap();
    assert_eq!(read_late, r#"{"b":7,"c":3}"#);
    // What fits without anybody's help is not touched.
    assert_eq!(
        read(&snapshot, r#"{"c": 0}"#, "three").await.unwrap(),
        r#"{"c": 0}"#
    );
}

#[tokio::test]
async fn what_no_transform_leads_to_is_refused_in_a_sentence() {
    let snapshot = snapshot([versions()]).unwrap();
    let (refused, told) = kind(read(&snapshot, r#"{"a":1}"#, "island").await);
    assert_eq!(refused, GuestErrorKind::InvalidInput);
    assert!(told.contains("no transform leads there"), "{told}");
    let (refused, told) = kind(read(&snapshot, r#"{"a":1}"#, "nowhere").await);
    assert_eq!(refused, GuestErrorKind::InvalidInput);
    assert!(
        told.contains("no extension has a schema `nowhere`"),
        "{told}"
    );
    // Backwards there is no way.
    assert!(read(&snapshot, r#"{"c":1}"#, "one").await.is_err());
}

#[tokio::test]
async fn what_comes_of_a_transform_has_to_fit() {
    let mut liar = versions();
    liar["x-answers"] = json!({"two": {}});
    let snapshot = snapshot([liar]).unwrap();
    let (refused, told) = kind(read(&snapshot, r#"{"a":1}"#, "three").await);
    assert_eq!(refused, GuestErrorKind::Permanent);
    assert!(
        told.contains("versions turned `one` into what is no `two`"),
        "{told}"
    );
}

#[tokio::test]
async fn a_transform_sees_only_what_its_extension_may_handle() {
    let snapshot = snapshot([versions()]).unwrap();
    let access = &snapshot.extensions["versions"].access;
    access.grant(crate::grant::Grants::default());
    let (refused, told) = kind(read(&snapshot, r#"{"a":1}"#, "two").await);
    assert_eq!(refused, GuestErrorKind::Denied);
    assert!(told.contains("handle=orn:t.t"), "{told}");
}

#[test]
fn an_extension_that_does_not_run_is_missing_for_what_it_owns_or_may_handle() {
    let description = script(
        "a",
        json!({
            "rid-types": [{"rid-type": "orn:t.own"}],
            "handlers": [{"phase": "final", "rid-types": ["orn:t.other", "orn:koi-net.node"]}],
            "asks": {"handle": ["orn:t.other:x*", "orn:koi-net.node"]},
        }),
    );
    let asks = Description::parse(&description.to_string()).unwrap().asks;
    let revision = Revision {
        extension: "a".to_owned(),
        revision: 1,
        digest: "00".to_owned(),
        version: "1.0.0".to_owned(),
        description: description.to_string(),
        grants: serde_json::to_string(&asks).unwrap(),
        settings: "{}".to_owned(),
        tool_prefix: String::new(),
        source: "test".to_owned(),
        installed_at: Timestamp::now(),
        installed_by: "operator".to_owned(),
        publisher: None,
        pinned: false,
        deprecated: None,
        served_at: None,
    };
    let mut snapshot = Snapshot::default();
    let failed = Arc::new(Failed::new(revision, "it is broken".to_owned()));
    snapshot.failed.insert("a".to_owned(), failed);
    let missing = |text: &str| snapshot.missing_for(&rid(text)).is_some();
    assert!(missing("orn:t.own:1"));
    assert!(missing("orn:t.other:x1"));
    assert!(!missing("orn:t.other:y1"));
    assert!(!missing("orn:t.third:1"));
    // Without its network a node would be cut off.
    assert!(!missing("orn:koi-net.node:a+1"));
}
