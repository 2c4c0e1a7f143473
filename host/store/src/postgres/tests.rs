//! What is PostgreSQL's own: the server that goes and comes, the connections to it, and what else may
//! be in a database.

mod proxy;

use deadpool_postgres::ClientWrapper;

use self::proxy::{Cut, Proxy};
use super::link::Link;
use super::*;
use crate::tests::server::{self, Server, Stop};
use crate::tests::{arrival, batch, bundle, put, rid};

/// A connection of somebody else to where a store is.
pub(super) async fn other(settings: &Settings) -> ClientWrapper {
    let place = Place::of(settings.clone()).unwrap();
    let (client, task) = connection::connect(&place).await.unwrap();
    let enter = format!("SET search_path TO {}", place.quoted_schema());
    client.batch_execute(&enter).await.unwrap();
    ClientWrapper::new(client, task)
}

async fn refused(settings: &Settings) -> StoreError {
    open(settings.clone()).await.err().unwrap()
}

#[tokio::test]
async fn what_an_older_program_installed_serves() {
    let settings = server::settings();
    let place = Place::of(settings.clone()).unwrap();
    let all = schema::migrations::MIGRATIONS;
    let next = all
        .iter()
        .position(|statements| statements.contains("ADD COLUMN served_at"))
        .unwrap();
    let older = other(&settings).await;
    let name = place.quoted_schema();
    let make = format!("CREATE SCHEMA IF NOT EXISTS {name}; SET search_path TO {name}");
    older.batch_execute(&make).await.unwrap();
    for statements in &all[..next] {
        older.batch_execute(statements).await.unwrap();
    }
    let rows = format!(
        "UPDATE koi_store SET version = {next};
         INSERT INTO component VALUES ('00', '0');
         INSERT INTO revision
         VALUES ('a', 1, '00', '1', '{{}}', '[]', '{{}}', '', 'x', '2026-01-02T03:04:05.000Z'),
             ('a', 2, '00', '2', '{{}}', '[]', '{{}}', '', 'x', '2026-01-02T03:04:05.000Z');
         INSERT INTO active_revision VALUES ('a', 2);"
    );
    older.batch_execute(&rows).await.unwrap();
    drop(older);
    let extensions = open(settings).await.unwrap().extensions;
    let active = extensions.activations().await.unwrap();
    let active: Vec<_> = active
        .iter()
        .map(|active| (active.revision.revision, active.role))
        .collect();
    assert_eq!(active, [(2, crate::Role::Serving)]);
    let revisions = extensions.revisions("a").await.unwrap();
    assert!(
        revisions
            .iter()
            .all(|revision| revision.served_at.is_some())
    );
    assert!(!revisions[0].pinned && revisions[0].installed_by.is_empty());
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_server_has_crashed() {
    let server = Server::start();
    let stores = open(server.settings()).await.unwrap();
    let ids = stores
        .inbox
        .accept(vec![arrival("orn:a:1"), arrival("orn:a:2")]);
    let ids = ids.await.unwrap();
    let ops = [put(bundle("orn:a:1", "{}")), crate::Op::Acknowledge(ids[0])];
    stores.commits.commit(batch(ops)).await.unwrap();
    server.stop(Stop::Crash);
    server.start_again();
    let pending = stores.inbox.pending(0, 10).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].id, ids[1]);
    assert!(
        stores
            .bundles
            .read(&rid("orn:a:1"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn calls_fail_without_a_server_and_succeed_when_it_is_back() {
    let server = Server::start();
    let stores = open(server.settings()).await.unwrap();
    let write = || stores.key_value.increment("a", "b", "n", 1);
    write().await.unwrap();
    server.stop(Stop::Shutdown);
    for error in [
        stores.key_value.get("a", "b", "n").await.unwrap_err(),
        write().await.unwrap_err(),
        write().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("see that its server runs"));
    }
    server.start_again();
    assert_eq!(write().await.unwrap(), 2);
    let read = stores.key_value.get("a", "b", "n").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn a_write_whose_confirmation_was_lost_is_told_and_not_done_again() {
    for (cut, kept) in [(Cut::BeforeCommit, 1), (Cut::AfterCommit, 2)] {
        let proxy = Proxy::start(&server::settings()).await;
        let stores = open(proxy.settings()).await.unwrap();
        let write = || stores.key_value.increment("a", "b", "n", 1);
        write().await.unwrap();
        proxy.cut(cut);
        let error = write().await.unwrap_err();
        assert!(matches!(error, StoreError::Unconfirmed), "{error:?}");
        assert_eq!(write().await.unwrap(), kept + 1);
    }
}

#[tokio::test]
async fn of_writes_at_once_those_that_shared_a_lost_commit_are_told() {
    let proxy = Proxy::start(&server::settings()).await;
    let stores = open(proxy.settings()).await.unwrap();
    proxy.cut(Cut::BeforeCommit);
    let write = || stores.key_value.increment("a", "b", "n", 1);
    let (first, second, third) = tokio::join!(write(), write(), write());
    let outcomes = [first, second, third];
    let mut kept = 0;
    for outcome in outcomes {
        match outcome {
            Ok(_) => kept += 1,
            Err(error) => assert!(matches!(error, StoreError::Unconfirmed), "{error:?}"),
        }
    }
    assert!(kept < 3);
    assert_eq!(write().await.unwrap(), kept + 1);
}

#[tokio::test]
async fn a_node_takes_its_place_again_from_its_own_lost_connection() {
    let proxy = Proxy::start(&server::settings()).await;
    let stores = open(proxy.settings()).await.unwrap();
    // The server's end stays open, as if the way between had gone.
    proxy.lose();
    let write = || stores.key_value.increment("a", "b", "n", 1);
    let outcome = write().await;
    assert!(
        !matches!(outcome, Err(StoreError::Taken { .. })),
        "{outcome:?}"
    );
    assert!(write().await.unwrap() <= 2);
}

#[tokio::test]
async fn one_node_uses_a_schema_at_a_time() {
    let settings = server::settings();
    let stores = open(settings.clone()).await.unwrap();
    let error = refused(&settings).await;
    assert!(matches!(error, StoreError::Taken { .. }), "{error:?}");
    assert!(error.to_string().contains("in use by another node"));
    drop(stores);
    open(settings).await.unwrap();
}

#[tokio::test]
async fn a_node_that_another_has_taken_the_place_of_writes_no_more() {
    let settings = server::settings();
    let proxy = Proxy::start(&settings).await;
    let cut_off = open(proxy.settings()).await.unwrap();
    proxy.cut(Cut::AfterCommit);
    let write = || cut_off.key_value.increment("a", "b", "n", 1);
    assert!(write().await.is_err());
    let _in_its_place = open(settings).await.unwrap();
    let outcome = write().await;
    assert!(
        matches!(outcome, Err(StoreError::Taken { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_schema_that_is_something_else_is_refused_and_left_alone() {
    let settings = server::settings();
    let client = other(&settings).await;
    let place = Place::of(settings.clone()).unwrap();
    let make = format!(
        "CREATE SCHEMA {}; CREATE TABLE t (a int)",
        place.quoted_schema()
    );
    client.batch_execute(&make).await.unwrap();
    assert!(matches!(
        refused(&settings).await,
        StoreError::Foreign { .. }
    ));
    let tables = query::number(
        &client,
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
        &[],
    );
    assert_eq!(tables.await.unwrap(), 1);
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_refused() {
    let settings = server::settings();
    drop(open(settings.clone()).await.unwrap());
    let client = other(&settings).await;
    client
        .batch_execute("UPDATE koi_store SET version = 99")
        .await
        .unwrap();
    assert!(matches!(
        refused(&settings).await,
        StoreError::Newer { found: 99, .. }
    ));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let settings = Settings {
        url: "postgres://koi@127.0.0.1:1/knowledge".to_owned(),
        roots: None,
        schema: None,
        readers: 1,
    };
    let error = refused(&settings).await;
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_elsewhere_has_to_show_a_certificate_of_an_authority_that_is_trusted() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("authority.pem");
    std::fs::write(&roots, &certificate).unwrap();
    // Free at this moment.
    let port = std::net::TcpListener::bind("localhost:0")
        .unwrap()
        .local_addr();
    let port = port.unwrap().port();
    let server = Server::start_secured(port, &certificate, &key);
    let settings = |host: &str, roots| Settings {
        url: format!("postgres://koi@{host}:{port}/postgres?sslmode=require"),
        roots: Some(roots),
        ..server.settings()
    };
    let stores = open(settings("localhost", roots.clone())).await.unwrap();
    stores.key_value.increment("a", "b", "n", 1).await.unwrap();
    assert!(stores.key_value.exists("a", "b", "n").await.unwrap());
    // Of another authority, and of another name.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let others = folder.path().join("another.pem");
    std::fs::write(&others, other.cert.pem()).unwrap();
    for settings in [settings("localhost", others), settings("127.0.0.1", roots)] {
        let error = refused(&settings).await.to_string();
        assert!(error.contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn every_write_is_flushed() {
    let mut settings = server::settings();
    settings
        .url
        .push_str(" options='-c synchronous_commit=off'");
    let place = Place::of(settings).unwrap();
    let mut link = Link::new(Arc::new(place), Arc::default());
    let client = link.client().await.unwrap();
    let row = client.query_one("SHOW synchronous_commit", &[]).await;
    assert_eq!(row.unwrap().get::<_, &str>(0), "on");
}

#[tokio::test]
async fn reading_does_not_wait_for_a_writer() {
    let settings = server::settings();
    let stores = open(settings.clone()).await.unwrap();
    let commit = stores.commits.commit(batch([put(bundle("orn:a:1", "{}"))]));
    commit.await.unwrap();
    let client = other(&settings).await;
    client
        .batch_execute("BEGIN; DELETE FROM bundle")
        .await
        .unwrap();
    let read = stores.bundles.read(&rid("orn:a:1")).await.unwrap();
    assert!(read.is_some());
}

#[tokio::test]
async fn the_audit_log_only_grows_whoever_writes() {
    let settings = server::settings();
    let stores = open(settings.clone()).await.unwrap();
    let change = crate::AuditDraft {
        who: "operator".to_owned(),
        action: "install".to_owned(),
        extension: None,
        before: None,
        after: None,
    };
    stores.audit.record(change).await.unwrap();
    let client = other(&settings).await;
    for sql in [
        "DELETE FROM audit",
        "UPDATE audit SET who = 'nobody'",
        "TRUNCATE audit",
    ] {
        assert!(client.batch_execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_row_that_is_not_as_it_was_written_is_told() {
    let settings = server::settings();
    let stores = open(settings.clone()).await.unwrap();
    let commit = stores.commits.commit(batch([put(bundle("orn:a:1", "{}"))]));
    commit.await.unwrap();
    let client = other(&settings).await;
    client
        .batch_execute("UPDATE bundle SET contents = '{'")
        .await
        .unwrap();
    let read = stores.bundles.read(&rid("orn:a:1")).await;
    let Err(StoreError::Corrupt { what }) = read else {
        panic!("{read:?}");
    };
    assert!(what.contains("contents"), "{what}");
}
