//! Back and forth between revisions, and what is told of a swap.

use super::*;
use crate::grant::Grants;
use crate::registry::{Changes, RevisionError, StateHandover};

fn version(version: &str) -> Value {
    script("one", json!({"version": version}))
}

impl Fixture {
    /// Installs these versions of `one`, one after the other.
    async fn install_all(&self, versions: &[&str]) {
        for number in versions {
            self.install(&version(number)).await.unwrap();
        }
    }

    async fn revert(&self, to: Option<u64>) -> Result<InstallReport, RevisionError> {
        self.registry.revert("one", to, "operator").await
    }

    /// `NUMBER ROLE` of what is kept of `one`.
    async fn kept(&self) -> Vec<String> {
        let revisions = self.registry.revisions("one").await.unwrap();
        let kept = revisions.iter();
        kept.map(|one| format!("{} {}", one.revision, one.role.unwrap_or("-")))
            .collect()
    }
}

#[tokio::test]
async fn the_revision_before_serves_again_with_what_it_was_granted_and_told() {
    let f = fixture().await;
    let asks = json!({"asks": {"capabilities": ["config"]}});
    let mut first = component(&script("one", asks.clone()), GrantRequest::AsAsked);
    first.settings = json!({"greeting": "first"}).as_object().unwrap().clone();
    f.registry.install(first).await.unwrap();
    let mut second = script("one", asks);
    second["version"] = json!("2.0.0");
    let mut second = component(&second, GrantRequest::Listed(Vec::new()));
    second.settings = json!({"greeting": "second"}).as_object().unwrap().clone();
    f.registry.install(second).await.unwrap();
    assert_ne!(f.call("one").await["greeting"], "first");

    let report = f.revert(None).await.unwrap();
    assert_eq!((report.outcome, report.revision), (Installed::Replaced, 1));
    assert!(report.missing.is_empty());
    let answer = f.call("one").await;
    assert_eq!(
        (&answer["by"], &answer["greeting"]),
        (&json!("one@1"), &json!("first"))
    );
    assert_eq!(f.kept().await, ["1 serving", "2 -"]);
    assert_eq!(f.stage.calls("stop"), ["one@1 stop", "one@2 stop"]);
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(again.list()[0].revision, 1);
    let back = f.revert(Some(2)).await.unwrap();
    assert_eq!(
        (back.revision, f.call("one").await["by"].clone()),
        (2, json!("one@2"))
    );
    // The number goes on from the newest, whichever serves.
    f.revert(Some(1)).await.unwrap();
    assert_eq!(f.install(&version("3.0.0")).await.unwrap().revision, 3);
    let log = f
        .stores
        .audit
        .list(Some("one"), None, 2)
        .await
        .unwrap()
        .items;
    let log: Vec<_> = log.iter().map(|entry| &*entry.change.action).collect();
    assert_eq!(log, ["install", "activate"]);
}

#[tokio::test]
async fn what_does_not_come_up_again_leaves_all_as_it_was() {
    let f = fixture().await;
    f.install_all(&["1.0.0", "2.0.0"]).await;
    f.install(&script("two", json!({}))).await.unwrap();
    let before = f.registry.snapshot();
    let refused = async |to: Option<u64>, part: &str| {
        let told = f.revert(to).await.unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
        assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
        assert_eq!(f.kept().await, ["1 -", "2 serving"]);
    };
    refused(Some(2), "serves already").await;
    refused(Some(7), "it has: 1, 2").await;
    f.stage.lock().failing.insert("one start".to_owned());
    refused(None, "failed in `start`").await;
    f.stage.lock().failing.clear();
    let tools = json!([tool("two")]);
    f.stage.lock().tools.insert("one".to_owned(), tools);
    refused(None, "the tool `two`").await;
    f.stage.lock().tools.clear();
    f.full.store(true, Ordering::SeqCst);
    refused(None, "could not be stored").await;
    // What was made ready in vain was told to stop.
    assert_eq!(f.stage.calls("one@1 stop").len(), 2);
    let unknown = f.registry.revert("three", None, "operator").await;
    assert!(unknown.unwrap_err().to_string().contains("`three`"));
}

#[tokio::test]
async fn going_back_passes_over_what_is_deprecated_or_never_served() {
    let f = fixture().await;
    f.install_all(&["1.0.0", "2.0.0"]).await;
    let more = json!({"version": "3.0.0", "asks": {"capabilities": ["config"]}});
    let held = f.install(&script("one", more)).await.unwrap();
    assert_eq!(held.outcome, Installed::Held);
    f.install_all(&["4.0.0"]).await;
    let reason = Some("it leaks".to_owned());
    f.registry
        .deprecate("one", 2, reason, "operator")
        .await
        .unwrap();
    let report = f.revert(None).await.unwrap();
    assert_eq!((report.revision, report.deprecated), (1, None));
    let told = f.revert(None).await.unwrap_err().to_string();
    assert!(told.contains("before 1") && told.contains("--to"), "{told}");
    let report = f.revert(Some(2)).await.unwrap();
    assert_eq!(report.deprecated.as_deref(), Some("it leaks"));
    let listed = f.registry.list_with_usage().await.unwrap();
    assert_eq!(listed[0].deprecated.as_deref(), Some("it leaks"));
}

#[tokio::test]
async fn rights_that_were_taken_back_do_not_come_back_with_an_earlier_revision() {
    let f = fixture().await;
    let asks = json!({"capabilities": ["config", "keyvalue"]});
    let with = |version: &str| script("one", json!({"version": version, "asks": asks}));
    let first = component(&with("1.0.0"), GrantRequest::AsAsked);
    f.registry.install(first).await.unwrap();
    f.install(&with("2.0.0")).await.unwrap();
    let config: Grant = "capability=config".parse().unwrap();
    let change = GrantChange {
        revoke: vec![config.clone()],
        ..GrantChange::default()
    };
    let taken = f.registry.change_grants("one", change, "operator");
    taken.await.unwrap();
    let report = f.revert(None).await.unwrap();
    assert_eq!((report.revision, report.missing), (1, vec![config]));
}

#[tokio::test]
async fn old_revisions_go_but_for_those_that_are_pinned_or_serve() {
    let f = fixture().await;
    let registry = keeping(2, &f.stores, &f.stage, &f.full).await;
    let f = Fixture { registry, ..f };
    f.install_all(&["1.0.0", "2.0.0"]).await;
    f.registry.pin("one", 1, true, "operator").await.unwrap();
    f.install_all(&["3.0.0", "4.0.0"]).await;
    assert_eq!(f.kept().await, ["1 -", "3 -", "4 serving"]);
    f.registry.pin("one", 1, false, "operator").await.unwrap();
    f.revert(Some(1)).await.unwrap();
    assert_eq!(f.kept().await, ["1 serving", "3 -", "4 -"]);
    f.install_all(&["5.0.0"]).await;
    assert_eq!(f.kept().await, ["4 -", "5 serving"]);
    let gone = f.registry.pin("one", 1, true, "operator").await;
    assert!(gone.unwrap_err().to_string().contains("it has: 4, 5"));
}

#[tokio::test]
async fn a_swap_tells_what_it_was() {
    let f = fixture().await;
    let more = |version: &str, tools: Value, asks: Value| {
        let more = json!({"version": version, "x-tools": tools, "asks": {"capabilities": asks}});
        component(&script("one", more), GrantRequest::AsAsked)
    };
    let tools = json!([tool("a"), tool("b")]);
    let first = f.registry.install(more("1.0.0", tools, json!(["config"])));
    let first = first.await.unwrap().swap.unwrap();
    assert_eq!(
        (first.from, first.tools.added),
        (None, vec!["a".to_owned(), "b".to_owned()])
    );

    let mut other = tool("b");
    other["description"] = json!("Another one.");
    let tools = json!([other, tool("c")]);
    let report = f
        .registry
        .install(more("2.0.0", tools, json!(["keyvalue"])));
    let swap = report.await.unwrap().swap.unwrap();
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let expected = Changes {
        added: names(&["c"]),
        removed: names(&["a"]),
        changed: names(&["b"]),
    };
    assert_eq!(swap.tools, expected);
    let (from, to) = (swap.from.unwrap(), swap.to);
    assert_eq!((from.revision, &*from.version), (1, "1.0.0"));
    assert_eq!((to.revision, &*to.version), (2, "2.0.0"));
    assert_eq!(
        swap.capabilities.more,
        ["capability=keyvalue".parse().unwrap()]
    );
    assert_eq!(
        swap.capabilities.less,
        ["capability=config".parse().unwrap()]
    );
    assert_eq!((swap.drained, swap.state), (0, StateHandover::None));
    let last = f.registry.last_swap("one").unwrap();
    assert_eq!((last.to, last.tools), (to, expected));
}

#[tokio::test]
async fn the_old_revision_is_stopped_when_its_calls_have_ended() {
    let f = fixture().await;
    f.install_all(&["1.0.0"]).await;
    f.stage.lock().waiting.insert("one call-tool".to_owned());
    let old = f.registry.snapshot().tools["one"].clone();
    let call = tokio::spawn(async move { old.call("{}", Invocation::new("t")).await });
    f.stage.called("call-tool", 1).await;
    let mut changes = f.registry.changes();
    changes.borrow_and_update();
    let registry = f.registry.clone();
    let next = component(&version("2.0.0"), GrantRequest::Keep);
    let install = tokio::spawn(async move { registry.install(next).await });
    changes.changed().await.unwrap();
    // The new one serves, and the next change waits for nobody.
    assert_eq!(f.registry.list()[0].revision, 2);
    f.install(&script("two", json!({}))).await.unwrap();
    assert!(f.stage.calls("stop").is_empty() && !install.is_finished());
    f.stage.let_all_on();
    let answer = call.await.unwrap().unwrap().structured.unwrap();
    assert_eq!(answer["by"], "one@1");
    let swap = install.await.unwrap().unwrap().swap.unwrap();
    assert_eq!((swap.drained, swap.not_drained), (1, 0));
    assert_eq!(f.stage.calls("stop"), ["one@1 stop"]);
}

#[tokio::test]
async fn a_difference_names_what_came_went_and_changed() {
    let f = fixture().await;
    let first = json!({
        "version": "1.0.0", "x-tools": [tool("a")], "x-imports": ["koi:extension/log@0.1.0"],
        "schemas": [{"name": "s", "schema": {}}], "rid-types": [{"rid-type": "orn:t.t"}],
        "asks": {"read": ["orn:t.t"]},
    });
    let second = json!({
        "version": "2.0.0", "x-tools": [tool("a"), tool("b")],
        "x-imports": ["koi:extension/knowledge@0.1.0"],
        "schemas": [{"name": "s", "schema": {"type": "object"}}],
        "jobs": [{"name": "daily", "every": 60}],
    });
    let (first, second) = (script("one", first), script("one", second));
    f.install(&first).await.unwrap();
    let second_bytes = second.to_string().into_bytes();
    let of_file = f.registry.diff_component(second_bytes, Naming::Own);
    let of_file = of_file.await.unwrap();
    assert_eq!(
        (of_file.from.revision, of_file.to.revision),
        (Some(1), None)
    );
    assert_eq!(f.kept().await, ["1 serving"]);
    let asked = component(&second, GrantRequest::AsAsked);
    f.registry.install(asked).await.unwrap();
    let mut diff = f.registry.diff("one", 1, 2).await.unwrap();
    let told = serde_json::to_value(&diff).unwrap();
    assert_eq!(
        told["tools"],
        json!({"added": ["b"], "removed": [], "changed": []})
    );
    assert_eq!(told["schemas"]["changed"], json!(["s"]));
    assert_eq!(told["rid-types"]["removed"], json!(["orn:t.t"]));
    assert_eq!(told["jobs"]["added"], json!(["daily"]));
    assert_eq!(
        told["imports"]["added"],
        json!(["koi:extension/knowledge@0.1.0"])
    );
    assert_eq!(
        told["imports"]["removed"],
        json!(["koi:extension/log@0.1.0"])
    );
    assert_eq!(told["capabilities"]["more"], json!(["capability=schedule"]));
    assert_eq!(told["capabilities"]["less"], json!(["read=orn:t.t"]));
    assert_eq!(told["to"]["bytes"], second.to_string().len());
    diff.to.revision = None;
    assert_eq!(diff, of_file);
    // What is compared was neither started nor stopped for it.
    assert_eq!(f.stage.calls("start"), ["one@1 start", "one@2 start"]);
}

#[tokio::test]
async fn a_revision_is_looked_into_and_tools_that_are_not_known_are_said_to_be() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    let seen = f.registry.inspect("one", 1).await.unwrap();
    assert_eq!(seen.profile.tools.keys().collect::<Vec<_>>(), ["one"]);
    assert_eq!(seen.profile.asks, Grants::default());
    assert_eq!(seen.revision.installed_by, "operator");
    assert_eq!(seen.revision.role, Some("serving"));
    f.stage.lock().failing.insert("one list-tools".to_owned());
    let seen = f.registry.inspect("one", 1).await.unwrap().profile;
    assert!(seen.tools.is_empty());
    assert!(seen.tools_unknown.unwrap().contains("list-tools fails"));
    let none = f.registry.inspect("one", 2).await.unwrap_err();
    assert!(none.to_string().contains("it has: 1"), "{none}");
}
