//! What wants more than is granted waits for approval.

use super::*;

/// `one` in a version that asks for these capabilities.
fn asking(version: &str, capabilities: &[&str]) -> Value {
    let asks = json!({"capabilities": capabilities});
    script("one", json!({"version": version, "asks": asks}))
}

fn grants(grants: &[&str]) -> Vec<Grant> {
    grants.iter().map(|grant| grant.parse().unwrap()).collect()
}

impl Fixture {
    /// The version that asks for one capability, granted, and the held one that asks for two.
    async fn with_one_held(&self) -> InstallReport {
        let first = component(&asking("1.0.0", &["config"]), GrantRequest::AsAsked);
        self.registry.install(first).await.unwrap();
        let held = self
            .install(&asking("2.0.0", &["config", "keyvalue"]))
            .await;
        held.unwrap()
    }

    async fn approve(&self, grants: GrantRequest) -> InstallReport {
        let approved = self.registry.approve("one", grants, "alice").await;
        approved.unwrap()
    }
}

#[tokio::test]
async fn a_revision_that_wants_more_is_held_while_the_old_one_serves() {
    let f = fixture().await;
    let held = f.with_one_held().await;
    assert_eq!((held.outcome, held.revision), (Installed::Held, 2));
    assert_eq!(held.wants, grants(&["capability=keyvalue"]));
    assert!(held.swap.is_none());
    assert_eq!(f.call("one").await["by"], "one@1");
    assert_eq!(f.stage.calls("start"), ["one@1 start"]);
    let listed = f.registry.list_with_usage().await.unwrap();
    let summary = listed[0].held.clone().unwrap();
    assert_eq!((summary.revision, summary.wants), (2, held.wants));
    assert_eq!(listed[0].revision, 1);
    // It is not loaded after a restart either, and still waits.
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(again.list()[0].revision, 1);
    let told = again.revert("one", Some(2), "operator").await.unwrap_err();
    assert!(told.to_string().contains("approve it"), "{told}");
    let report = again.approve("one", GrantRequest::AsAsked, "alice").await;
    assert_eq!(report.unwrap().revision, 2);
}

#[tokio::test]
async fn an_approved_revision_serves_with_what_is_granted_then() {
    for (request, missing) in [
        (GrantRequest::AsAsked, vec![]),
        (
            GrantRequest::Listed(grants(&["capability=keyvalue"])),
            vec![],
        ),
        (
            GrantRequest::Listed(vec![]),
            grants(&["capability=keyvalue"]),
        ),
    ] {
        let f = fixture().await;
        f.with_one_held().await;
        let report = f.approve(request).await;
        assert_eq!((report.outcome, report.revision), (Installed::Replaced, 2));
        assert_eq!(report.missing, missing);
        let swap = report.swap.unwrap();
        assert_eq!(swap.capabilities.more, grants(&["capability=keyvalue"]));
        assert_eq!(f.call("one").await["by"], "one@2");
        let log = f.stores.audit.list(Some("one"), None, 1).await.unwrap();
        let change = &log.items[0].change;
        assert_eq!((&*change.who, &*change.action), ("alice", "approve"));
        let none = f.registry.reject("one", "alice").await.unwrap_err();
        assert!(none.to_string().contains("no revision of one is held"));
        let again = open(&f.stores, &f.stage, &f.full).await;
        assert_eq!(again.list()[0].missing, missing);
    }
}

#[tokio::test]
async fn one_that_does_not_come_up_stays_held() {
    let f = fixture().await;
    f.with_one_held().await;
    let before = f.registry.snapshot();
    f.stage.lock().failing.insert("one start".to_owned());
    let refused = f.registry.approve("one", GrantRequest::AsAsked, "alice");
    assert!(refused.await.is_err());
    f.stage.lock().failing.clear();
    f.full.store(true, Ordering::SeqCst);
    let refused = f.registry.approve("one", GrantRequest::AsAsked, "alice");
    assert!(refused.await.is_err());
    assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
    f.full.store(false, Ordering::SeqCst);
    let revisions = f.stores.extensions.revisions("one").await.unwrap();
    assert_eq!(revisions[0].grants, revisions[1].grants);
    assert_eq!(f.approve(GrantRequest::AsAsked).await.revision, 2);
}

#[tokio::test]
async fn a_rejected_revision_is_not_held_any_more() {
    let f = fixture().await;
    f.with_one_held().await;
    assert_eq!(f.registry.reject("one", "alice").await.unwrap(), 2);
    let listed = f.registry.list_with_usage().await.unwrap();
    assert_eq!((listed[0].revision, &listed[0].held), (1, &None));
    let none = f.registry.approve("one", GrantRequest::AsAsked, "alice");
    assert!(none.await.is_err());
}

#[tokio::test]
async fn a_later_install_takes_the_place_of_a_held_one_and_the_same_again_does_not() {
    let f = fixture().await;
    let held = f.with_one_held().await;
    let again = f.install(&asking("2.0.0", &["config", "keyvalue"])).await;
    let again = again.unwrap();
    assert_eq!(
        (again.outcome, again.revision),
        (Installed::Held, held.revision)
    );
    let later = f.install(&asking("3.0.0", &["config", "network"])).await;
    assert_eq!(later.unwrap().revision, 3);
    let held = async || {
        let listed = f.registry.list_with_usage().await.unwrap();
        listed[0].held.as_ref().map(|held| held.revision)
    };
    assert_eq!(held().await, Some(3));
    let equal = f.install(&asking("4.0.0", &["config"])).await.unwrap();
    assert_eq!((equal.outcome, held().await), (Installed::Replaced, None));
}

#[tokio::test]
async fn what_asks_for_no_more_or_was_decided_on_goes_through() {
    let f = fixture().await;
    // A first install is the operator's own act; so is one with grants.
    let first = f.install(&asking("1.0.0", &["config", "keyvalue"])).await;
    assert_eq!(first.unwrap().outcome, Installed::New);
    let equal = f.install(&asking("2.0.0", &["config", "keyvalue"])).await;
    assert_eq!(equal.unwrap().outcome, Installed::Replaced);
    let less = f.install(&asking("3.0.0", &["config"])).await.unwrap();
    assert_eq!(less.outcome, Installed::Replaced);
    for request in [GrantRequest::AsAsked, GrantRequest::Listed(Vec::new())] {
        let version = format!("4.0.{}", f.registry.list()[0].revision);
        let more = asking(&version, &["config", "network"]);
        let report = f.registry.install(component(&more, request)).await.unwrap();
        assert_eq!(report.outcome, Installed::Replaced);
    }
}
