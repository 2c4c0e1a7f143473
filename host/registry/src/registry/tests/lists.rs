//! Lists that follow knowledge: asked for again, and yielding names to others.

use super::*;

fn dataset() -> RidType {
    RidType::parse("orn:data.dataset").unwrap()
}

#[tokio::test]
async fn lists_follow_the_knowledge_that_they_depend_on() {
    let f = fixture().await;
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    let mut changes = f.registry.changes();
    changes.mark_unchanged();
    f.stage
        .lock()
        .tools
        .insert("one".to_owned(), json!([tool("one"), tool("bob")]));
    for _ in 0..100 {
        f.registry.knowledge_changed(&dataset());
    }
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["bob", "one"]);
    assert_eq!(f.call("bob").await["by"], "one@1");
    // At install, and once for all the changes, which lay closer together than the quiet asked for.
    assert_eq!(f.stage.calls("list-tools").len(), 2);
}

#[tokio::test]
async fn lists_that_are_refused_or_the_same_leave_the_snapshot() {
    let f = fixture().await;
    f.install(&script("other", json!({}))).await.unwrap();
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    f.stage.called("list-resources", 3).await;
    let before = f.registry.snapshot();
    let lists = [json!("nonsense"), json!([tool("one")])];
    for (times, list) in lists.into_iter().enumerate() {
        f.stage.lock().tools.insert("one".to_owned(), list);
        f.registry.knowledge_changed(&dataset());
        f.stage.called("list-resources", 4 + times).await;
    }
    // One that changes something is seen, so that those before it have been dealt with.
    let mut changes = f.registry.changes();
    f.stage.lock().tools.insert("one".to_owned(), json!([]));
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.registry.snapshot().generation, before.generation + 1);
    assert_eq!(f.tools(), ["other"]);
}

#[tokio::test]
async fn a_name_that_knowledge_makes_and_another_owns_is_left_out_and_holds_up_nothing_else() {
    let f = fixture().await;
    f.install(&script("other", json!({}))).await.unwrap();
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    let mut changes = f.registry.changes();
    changes.mark_unchanged();
    let list = json!([tool("one"), tool("other"), tool("zoe")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["one", "other", "zoe"]);
    assert_eq!(f.call("other").await["by"], "other@1");
}

#[tokio::test]
async fn knowledge_that_no_list_depends_on_asks_nobody() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    f.registry.knowledge_changed(&dataset());
    assert_eq!(f.stage.calls("list-tools").len(), 1);
}

/// An extension whose tools follow knowledge.
fn following(name: &str) -> Value {
    script(name, json!({"lists-depend-on": ["orn:data.dataset"]}))
}

#[tokio::test]
async fn a_name_that_knowledge_makes_takes_nothing_from_others_at_a_restart() {
    let f = fixture().await;
    // By name the one that follows knowledge comes first.
    f.install(&following("a")).await.unwrap();
    f.install(&script("b", json!({}))).await.unwrap();
    let list = json!([tool("a"), tool("b")]);
    f.stage.lock().tools.insert("a".to_owned(), list);
    let again = open(&f.stores, &f.stage, &f.full).await;
    let snapshot = again.snapshot();
    assert!(snapshot.failed.is_empty());
    assert_eq!(*snapshot.tools["b"].extension, *"b");
    assert_eq!(*snapshot.tools["a"].extension, *"a");
}

#[tokio::test]
async fn a_list_that_knowledge_breaks_does_not_keep_its_extension_from_running() {
    let f = fixture().await;
    f.install(&following("one")).await.unwrap();
    f.stage.lock().failing.insert("one list-tools".to_owned());
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(again.list()[0].state, ExtensionState::Active);
    assert!(again.snapshot().tools.is_empty());
    // The lists are asked for again without being told of any change.
    let mut changes = again.changes();
    f.stage.lock().failing.clear();
    while again.snapshot().tools.is_empty() {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_new_extension_takes_a_name_from_a_list_that_follows_knowledge() {
    let f = fixture().await;
    let list = json!([tool("one"), tool("two")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.install(&following("one")).await.unwrap();
    assert_eq!(f.call("two").await["by"], "one@1");
    f.install(&script("two", json!({}))).await.unwrap();
    assert_eq!(f.call("two").await["by"], "two@1");
    assert_eq!(f.tools(), ["one", "two"]);
    // When it goes, the name goes back.
    let mut changes = f.registry.changes();
    f.registry.remove("two", "test").await.unwrap();
    while !f.tools().contains(&"two".to_owned()) {
        changes.changed().await.unwrap();
    }
    assert_eq!(f.call("two").await["by"], "one@1");
    assert!(f.registry.list()[0].left_out.is_empty());
}

#[tokio::test]
async fn a_list_that_panics_is_asked_for_again_at_the_next_change() {
    let f = fixture().await;
    f.install(&following("one")).await.unwrap();
    f.stage.called("list-resources", 2).await;
    f.stage.lock().panicking.insert("one list-tools".to_owned());
    f.registry.knowledge_changed(&dataset());
    f.stage.called("list-tools", 3).await;
    f.stage.lock().panicking.clear();
    let mut changes = f.registry.changes();
    let list = json!([tool("bob")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["bob"]);
}
