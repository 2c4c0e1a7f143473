use super::*;
use crate::{McpSession, McpSessions};

on_every_backend! {
    a_session_is_loaded_as_its_client_made_it,
    there_are_no_more_sessions_than_may_be,
    sessions_that_nobody_used_expire,
    subscriptions_of_all_sessions_are_bounded_and_go_with_their_session,
}

/// What is kept without a bound.
const MUCH: u64 = 1 << 40;

fn session(id: &str, last_used: i64) -> McpSession {
    McpSession {
        id: id.to_owned(),
        principal: Some("alice".to_owned()),
        endpoint: "/mcp".to_owned(),
        initialize: "{}".to_owned(),
        log_level: None,
        subscriptions: Vec::new(),
        last_used: Timestamp::from_micros(last_used),
    }
}

async fn begin(sessions: &dyn McpSessions, id: &str, last_used: i64) {
    let began = sessions.begin(session(id, last_used), MUCH).await;
    assert!(began.unwrap());
}

async fn a_session_is_loaded_as_its_client_made_it(Fixture { stores, place }: Fixture) {
    let sessions = &stores.mcp_sessions;
    assert_eq!(sessions.load("a").await.unwrap(), None);
    begin(&**sessions, "a", 1_000_000).await;
    begin(&**sessions, "b", 1_000_000).await;
    for uri in ["orn:x:2", "orn:x:1", "orn:x:3", "orn:x:1"] {
        assert!(sessions.subscribe("a", uri, MUCH).await.unwrap());
    }
    sessions.unsubscribe("a", "orn:x:3").await.unwrap();
    sessions.set_log_level("a", "error").await.unwrap();
    let used = Timestamp::from_micros(9_000_000);
    sessions.used(vec![("a".to_owned(), used)]).await.unwrap();
    let expected = McpSession {
        log_level: Some("error".to_owned()),
        subscriptions: vec!["orn:x:1".to_owned(), "orn:x:2".to_owned()],
        last_used: used,
        ..session("a", 0)
    };
    drop(stores);
    let reopened = place.open().await;
    let sessions = &reopened.mcp_sessions;
    assert_eq!(sessions.load("a").await.unwrap(), Some(expected));
    assert_eq!(
        sessions.load("b").await.unwrap(),
        Some(session("b", 1_000_000))
    );
}

async fn there_are_no_more_sessions_than_may_be(Fixture { stores, .. }: Fixture) {
    let sessions = &stores.mcp_sessions;
    assert!(sessions.begin(session("a", 1), 2).await.unwrap());
    assert!(sessions.begin(session("b", 1), 2).await.unwrap());
    assert!(!sessions.begin(session("c", 1), 2).await.unwrap());
    assert_eq!(sessions.count().await.unwrap(), 2);
    sessions.end("a").await.unwrap();
    assert!(sessions.begin(session("c", 1), 2).await.unwrap());
    assert_eq!(sessions.load("a").await.unwrap(), None);
}

async fn sessions_that_nobody_used_expire(Fixture { stores, .. }: Fixture) {
    let sessions = &stores.mcp_sessions;
    for (id, used) in [("a", 1), ("b", 2), ("c", 3)] {
        begin(&**sessions, id, used).await;
    }
    let expired = sessions.expire(&Timestamp::from_micros(3)).await.unwrap();
    assert_eq!(expired, 2);
    assert!(sessions.load("b").await.unwrap().is_none());
    assert!(sessions.load("c").await.unwrap().is_some());
}

async fn subscriptions_of_all_sessions_are_bounded_and_go_with_their_session(
    Fixture { stores, .. }: Fixture,
) {
    let sessions = &stores.mcp_sessions;
    for id in ["a", "b", "c"] {
        begin(&**sessions, id, 1).await;
    }
    assert!(sessions.subscribe("a", "orn:x:ä", 16).await.unwrap());
    assert!(sessions.subscribe("b", "orn:x:ä", 16).await.unwrap());
    assert!(!sessions.subscribe("c", "o", 16).await.unwrap());
    // What is there already takes nothing.
    assert!(sessions.subscribe("a", "orn:x:ä", 16).await.unwrap());
    sessions.unsubscribe("a", "orn:x:ä").await.unwrap();
    assert!(sessions.subscribe("c", "orn:x:ä", 16).await.unwrap());
    sessions.end("b").await.unwrap();
    sessions.expire(&Timestamp::from_micros(2)).await.unwrap();
    begin(&**sessions, "d", 1).await;
    for uri in ["12345678", "abcdefgh"] {
        assert!(sessions.subscribe("d", uri, 16).await.unwrap());
    }
    assert!(!sessions.subscribe("nobody", "orn:x:1", MUCH).await.unwrap());
}
