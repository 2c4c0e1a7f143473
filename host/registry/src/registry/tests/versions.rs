//! Versions beside each other, trials and breakers.

use koi_distribution::Signed;
use koi_runtime::CallError;

use super::*;
use crate::registry::VersionsError;
use crate::snapshot::VersionError;
use crate::watched::{BreakerOptions, RollbackOptions};

fn version(version: &str) -> Value {
    script(
        "one",
        json!({"version": version, "asks": {"capabilities": ["keyvalue"]}}),
    )
}

impl Fixture {
    async fn install_as(&self, script: &Value, role: Role) -> InstallReport {
        let install = component(script, GrantRequest::AsAsked);
        self.registry
            .install_as(install, role, Signed::default())
            .await
            .unwrap()
    }

    /// Who answers.
    async fn by(&self, pin: Option<&str>) -> Result<String, String> {
        let snapshot = self.registry.snapshot();
        let tool = snapshot
            .tool("one", pin)
            .map_err(|error| error.to_string())?;
        let call = tool.unwrap().call("{}", Invocation::new("t"));
        let output = call.await.map_err(|error| error.to_string())?;
        Ok(output.structured.unwrap()["by"]
            .as_str()
            .unwrap()
            .to_owned())
    }

    async fn reopened(self, watch: WatchOptions) -> Self {
        let registry = open_watching(&self.stores, &self.stage, &self.full, watch).await;
        Self { registry, ..self }
    }

    /// Waits until what is published is so.
    async fn until(&self, is_so: impl Fn(&crate::Snapshot) -> bool) {
        let mut changes = self.registry.changes();
        while !is_so(&self.registry.snapshot()) {
            changes.changed().await.unwrap();
        }
    }

    fn trap(&self, call: &str) {
        self.stage.lock().trapping.insert(call.to_owned());
    }

    fn roles(&self) -> Vec<(u64, Role)> {
        let snapshot = self.registry.snapshot();
        let beside = snapshot.beside.get("one").into_iter().flatten();
        beside
            .map(|version| (version.entry.revision.revision, version.role))
            .collect()
    }
}

#[tokio::test]
async fn a_pinned_call_reaches_the_newest_version_that_fits_and_others_the_one_that_serves() {
    let f = fixture().await;
    for (text, role) in [
        ("1.4.0", Role::Serving),
        ("1.2.0", Role::Beside),
        ("2.0.0", Role::Beside),
    ] {
        f.install_as(&version(text), role).await;
    }
    for (pin, by) in [
        (None, "one@1"),
        (Some("^1"), "one@1"),
        (Some("1.2.0"), "one@2"),
        (Some("~1.2"), "one@2"),
        (Some("*"), "one@3"),
        (Some("revision:3"), "one@3"),
    ] {
        assert_eq!(f.by(pin).await.unwrap(), by, "{pin:?}");
    }
    let told = f.by(Some("^3")).await.unwrap_err();
    for active in [
        "1.4.0 (revision 1)",
        "1.2.0 (revision 2)",
        "2.0.0 (revision 3)",
    ] {
        assert!(told.contains(active), "{told}");
    }
    let snapshot = f.registry.snapshot();
    for malformed in ["", "newest", "revision:x", "revision:-1"] {
        let refused = snapshot.tool("one", Some(malformed));
        assert!(
            matches!(refused, Err(VersionError::Malformed(_))),
            "{malformed}"
        );
    }
    assert!(snapshot.tool("two", None).unwrap().is_none());
    assert!(snapshot.tool("two", Some("*")).unwrap().is_none());
}

#[tokio::test]
async fn a_tool_that_only_a_version_beside_has_is_reached_by_its_pin_alone() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    let mut newer = version("2.0.0");
    newer["x-tools"] = json!([tool("one"), tool("more")]);
    f.install_as(&newer, Role::Beside).await;
    assert_eq!(f.tools(), ["one"]);
    let snapshot = f.registry.snapshot();
    assert!(snapshot.tool("more", None).unwrap().is_none());
    assert!(snapshot.tool("more", Some("2.0.0")).unwrap().is_some());
    let absent = snapshot.tool("more", Some("1.0.0")).unwrap_err();
    assert!(
        matches!(&absent, VersionError::Absent { name, .. } if name == "more"),
        "{absent}"
    );
}

#[tokio::test]
async fn nothing_is_installed_beside_what_is_not_there() {
    let f = fixture().await;
    let install = component(&version("1.0.0"), GrantRequest::Keep);
    let refused = f
        .registry
        .install_as(install, Role::Beside, Signed::default())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, InstallError::NothingServes(_)),
        "{refused}"
    );
    let refused = f
        .registry
        .put_beside("one", 1, Role::Beside, "operator")
        .await;
    assert!(matches!(refused, Err(VersionsError::Unknown(_))));
}

#[tokio::test]
async fn a_canary_gets_its_share_and_gives_way_to_the_next_one() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install_as(&version("1.1.0"), Role::Canary { share: 1000 })
        .await;
    assert_eq!(f.by(None).await.unwrap(), "one@2");
    assert_eq!(f.by(Some("1.0.0")).await.unwrap(), "one@1");
    f.registry
        .put_beside("one", 2, Role::Canary { share: 500 }, "operator")
        .await
        .unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..100 {
        seen.insert(f.by(None).await.unwrap());
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    // It was bound once, and goes on with that.
    assert_eq!(f.stage.calls("one@2 start").len(), 1);
    f.install_as(&version("1.2.0"), Role::Canary { share: 1 })
        .await;
    assert_eq!(f.roles(), [(3, Role::Canary { share: 1 })]);
    f.stage.called("one@2 stop", 1).await;
}

#[tokio::test]
async fn versions_are_promoted_retired_and_there_again_after_a_restart() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install_as(&version("2.0.0"), Role::Beside).await;
    f.registry.promote("one", 2, "operator").await.unwrap();
    assert_eq!(
        (f.by(None).await.unwrap(), f.roles()),
        ("one@2".to_owned(), vec![])
    );
    let refused = f.registry.promote("one", 2, "operator").await.unwrap_err();
    assert!(matches!(refused, VersionsError::Serves { .. }), "{refused}");
    f.registry
        .put_beside("one", 1, Role::Beside, "operator")
        .await
        .unwrap();

    let f = f.reopened(WatchOptions::default()).await;
    assert_eq!(f.by(None).await.unwrap(), "one@2");
    assert_eq!(f.roles(), [(1, Role::Beside)]);
    f.registry.retire("one", 1, "operator").await.unwrap();
    assert!(f.roles().is_empty());
    let refused = f.registry.retire("one", 1, "operator").await.unwrap_err();
    assert!(
        matches!(refused, VersionsError::NotBeside { .. }),
        "{refused}"
    );
    f.registry
        .put_beside("one", 1, Role::Shadow, "operator")
        .await
        .unwrap();
    f.registry.remove("one", "operator").await.unwrap();
    assert!(f.roles().is_empty() && f.registry.snapshot().extensions.is_empty());
}

#[tokio::test]
async fn a_change_that_cannot_be_stored_changes_nothing() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install_as(&version("2.0.0"), Role::Beside).await;
    f.full.store(true, Ordering::SeqCst);
    let generation = f.registry.snapshot().generation;
    assert!(f.registry.promote("one", 2, "operator").await.is_err());
    assert!(
        f.registry
            .put_beside("one", 2, Role::Shadow, "operator")
            .await
            .is_err()
    );
    assert!(f.registry.retire("one", 2, "operator").await.is_err());
    assert_eq!(f.registry.snapshot().generation, generation);
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    assert_eq!(f.by(Some("2.0.0")).await.unwrap(), "one@2");
}

#[tokio::test]
async fn a_version_beside_may_not_claim_what_another_extension_has() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install(&script("two", json!({}))).await.unwrap();
    let mut rival = version("2.0.0");
    rival["x-tools"] = json!([tool("two")]);
    let install = component(&rival, GrantRequest::Keep);
    let refused = f
        .registry
        .install_as(install, Role::Beside, Signed::default())
        .await
        .unwrap_err();
    assert!(matches!(refused, InstallError::Collision(_)), "{refused}");
    assert!(f.roles().is_empty());
}

#[tokio::test]
async fn a_shadow_hears_what_is_asked_and_what_it_writes_is_dropped() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    let mut shadow = version("2.0.0");
    shadow["x-writes"] = json!(true);
    f.install_as(&shadow, Role::Shadow).await;
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    let seen = || {
        let vitals = f.registry.vitals("one").unwrap();
        vitals.versions[1].shadow.clone().unwrap()
    };
    while seen().compared < 1 {
        tokio::task::yield_now().await;
    }
    let seen = seen();
    assert_eq!(
        (seen.compared, seen.differing, seen.writes_dropped),
        (1, 1, 1)
    );
    let difference = &seen.differences[0];
    assert_eq!(
        (&*difference.call, difference.arguments_bytes),
        ("tool one", 2)
    );
    assert!(difference.serving.contains("one@1") && difference.shadow.contains("one@2"));
    let kept = f.stores.key_value.get("one", "b", "by").await.unwrap();
    assert_eq!(kept, None);
    // It answers nobody.
    assert!(f.by(Some("2.0.0")).await.is_err());
}

#[tokio::test]
async fn a_canary_that_crashes_too_often_goes_with_its_reason() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install_as(&version("2.0.0"), Role::Canary { share: 1000 })
        .await;
    f.trap("one@2 call-tool");
    for _ in 0..4 {
        assert!(f.by(None).await.is_err());
    }
    f.until(|snapshot| snapshot.beside.is_empty()).await;
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    let mut gone = None;
    while gone.is_none() {
        tokio::task::yield_now().await;
        gone = f.registry.vitals("one").unwrap().rolled_back;
    }
    let gone = gone.unwrap();
    assert_eq!((gone.revision, gone.role), (2, "canary"));
    assert!(gone.reason.contains("crashed 4 times"), "{}", gone.reason);
    let stored = f.stores.extensions.revisions("one").await.unwrap();
    let reason = stored[1].deprecated.clone().unwrap();
    assert!(reason.contains("rolled back"), "{reason}");
}

#[tokio::test]
async fn a_revision_that_says_too_often_that_it_failed_gives_way_to_the_one_before() {
    let f = fixture().await;
    let watch = WatchOptions {
        rollback: RollbackOptions {
            min_calls: 5,
            ..RollbackOptions::default()
        },
        ..WatchOptions::default()
    };
    let f = f.reopened(watch).await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.by(None).await.unwrap();
    let mut bad = version("2.0.0");
    bad["x-answers"] = json!({"one": {"isError": true, "structuredContent": {"by": "bad"}}});
    f.install_as(&bad, Role::Serving).await;
    for _ in 0..5 {
        assert_eq!(f.by(None).await.unwrap(), "bad");
    }
    f.until(|snapshot| snapshot.extensions["one"].revision.revision == 1)
        .await;
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    // What has served before is not on trial again.
    let vitals = f.registry.vitals("one").unwrap();
    assert_eq!(vitals.versions[0].trial_calls, None);
}

#[tokio::test]
async fn a_revision_whose_breaker_opens_on_trial_does_not_wait_for_more_calls() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    let mut bad = version("2.0.0");
    bad["x-answers"] = json!({"one": "no answer"});
    f.install_as(&bad, Role::Serving).await;
    for _ in 0..5 {
        assert!(f.by(None).await.is_err());
    }
    f.until(|snapshot| snapshot.extensions["one"].revision.revision == 1)
        .await;
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    assert!(f.registry.snapshot().unavailable.is_empty());
}

#[tokio::test]
async fn an_open_breaker_is_in_the_snapshot_and_leaves_the_lists_as_they_are() {
    let f = fixture().await;
    let watch = WatchOptions {
        breaker: BreakerOptions {
            failures: 3,
            recovery: std::time::Duration::from_millis(200),
            half_open_calls: 1,
            ..BreakerOptions::default()
        },
        ..WatchOptions::default()
    };
    let f = f.reopened(watch).await;
    let mut owner = version("1.0.0");
    owner["rid-types"] = json!([{"rid-type": "orn:t.t"}]);
    f.install_as(&owner, Role::Serving).await;
    let before = f.registry.snapshot();
    f.trap("one@1 call-tool");
    for _ in 0..3 {
        assert!(f.by(None).await.unwrap_err().contains("crashed"));
    }
    let called = f.stage.calls("call-tool").len();
    let snapshot = f.registry.snapshot();
    let refused = snapshot.tools["one"].call("{}", Invocation::new("t")).await;
    let Err(CallError::Unavailable {
        reason,
        retry_after,
    }) = refused
    else {
        panic!("it was called: {refused:?}");
    };
    assert!(reason.contains("unreachable"), "{reason}");
    assert!(retry_after <= std::time::Duration::from_millis(200));
    assert_eq!(f.stage.calls("call-tool").len(), called);

    f.until(|snapshot| snapshot.unavailable.contains_key("one"))
        .await;
    let snapshot = f.registry.snapshot();
    assert!(Arc::ptr_eq(&snapshot.tools["one"], &before.tools["one"]));
    let rid = Rid::parse("orn:t.t:1").unwrap();
    assert_eq!(snapshot.missing_for(&rid).unwrap().extension, "one");
    assert!(before.missing_for(&rid).is_none());

    // Objects are looked at again once calls are tried.
    f.until(|snapshot| snapshot.unavailable.is_empty()).await;
    assert!(f.registry.snapshot().missing_for(&rid).is_none());
    f.stage.lock().trapping.clear();
    assert_eq!(f.by(None).await.unwrap(), "one@1");
    assert_eq!(
        f.registry.vitals("one").unwrap().versions[0].breaker,
        "closed"
    );
}

#[tokio::test]
async fn health_is_kept_for_each_version() {
    let f = fixture().await;
    f.install_as(&version("1.0.0"), Role::Serving).await;
    f.install_as(&version("2.0.0"), Role::Beside).await;
    assert!(
        f.registry.vitals("one").unwrap().versions[0]
            .health
            .is_none()
    );
    f.registry.ask_for_health().await;
    for version in f.registry.vitals("one").unwrap().versions {
        assert_eq!(version.health.unwrap().status, crate::HealthStatus::Ok);
    }
    assert!(f.registry.vitals("two").is_none());
}
