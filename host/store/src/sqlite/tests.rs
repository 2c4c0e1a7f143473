//! What is SQLite's own: the file, its damage, its limits, and what a crash leaves of it.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::*;
use crate::StoreError;
use crate::tests::{arrival, batch, bundle, enqueue, new, put, rid};

/// A store in a folder of its own.
pub(super) struct Fixture {
    pub(super) stores: Stores,
    pub(super) folder: tempfile::TempDir,
}

pub(super) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let stores = open(&folder.path().join("store.db")).unwrap();
    Fixture { stores, folder }
}

/// What a crash at this moment would leave: the files as they are, nothing closed.
fn crash(folder: &Path, into: &Path) -> PathBuf {
    for name in ["store.db", "store.db-wal"] {
        fs::copy(folder.join(name), into.join(name)).unwrap();
    }
    into.join("store.db")
}

/// A store that cannot grow beyond this many pages of 4 KB.
fn limited(path: &Path, pages: u32) -> Stores {
    let writer = open_writer(path).unwrap();
    writer
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    with_writer(path, writer).unwrap()
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let Fixture { stores, folder } = fixture();
    let after = tempfile::tempdir().unwrap();
    let ids = stores
        .inbox
        .accept(vec![arrival("orn:a:1"), arrival("orn:a:2")])
        .await
        .unwrap();
    let done = bundle("orn:a:1", "{}");
    let ops = [
        put(done.clone()),
        crate::Op::Acknowledge(ids[0]),
        enqueue("orn:n:p", new(done)),
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    stores.key_value.set("a", "b", "k", b"v").await.unwrap();
    let survived = open(&crash(folder.path(), after.path())).unwrap();
    let pending = survived.inbox.pending(0, 10).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].id, ids[1]);
    assert!(
        survived
            .bundles
            .read(&rid("orn:a:1"))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(survived.outbox.len(None).await.unwrap(), 1);
    assert!(survived.key_value.exists("a", "b", "k").await.unwrap());
}

#[tokio::test]
async fn a_batch_whose_end_did_not_reach_the_disk_leaves_nothing() {
    let Fixture { stores, folder } = fixture();
    stores.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    let log = folder.path().join("store.db-wal");
    let before = fs::metadata(&log).unwrap().len();
    let ops = [put(bundle("orn:a:1", "{}")), crate::Op::Acknowledge(1)];
    stores.commits.commit(batch(ops)).await.unwrap();
    let end = fs::metadata(&log).unwrap().len();
    assert!(end > before);
    for length in [before, before + 100, end - 4096, end - 1] {
        let after = tempfile::tempdir().unwrap();
        let path = crash(folder.path(), after.path());
        let torn = fs::File::options()
            .write(true)
            .open(after.path().join("store.db-wal"))
            .unwrap();
        torn.set_len(length).unwrap();
        let survived = open(&path).unwrap();
        assert_eq!(survived.inbox.len().await.unwrap(), 1);
        assert_eq!(survived.bundles.read(&rid("orn:a:1")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn dropping_the_store_finishes_what_was_asked_for_and_puts_the_log_back() {
    let Fixture { stores, folder } = fixture();
    let path = folder.path().join("store.db");
    let commit = stores.commits.commit(batch([put(bundle("orn:a:1", "{}"))]));
    commit.await.unwrap();
    drop(stores);
    assert!(!folder.path().join("store.db-wal").exists());
    let again = open(&path).unwrap();
    assert!(again.bundles.read(&rid("orn:a:1")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_store_refuses_what_is_too_much_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let stores = limited(&folder.path().join("store.db"), 64);
    let large = |n: usize| {
        let text = format!(r#"{{"text":"{}"}}"#, "x".repeat(20_000));
        put(bundle(&format!("orn:a:{n}"), &text))
    };
    let mut stored = 0;
    let error = loop {
        match stores.commits.commit(batch([large(stored)])).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert!(stored > 0);
    let counts = stores.bundles.count().await.unwrap();
    assert_eq!(counts[0].1, stored as u64);
    let delete = crate::Op::DeleteBundle {
        rid: rid("orn:a:0"),
    };
    stores.commits.commit(batch([delete])).await.unwrap();
    stores.commits.commit(batch([large(0)])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_does_not_fit_does_not_fail_those_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let stores = limited(&folder.path().join("store.db"), 128);
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let commits = stores.commits.clone();
            let size = if n % 20 == 10 { 1_000_000 } else { 10 };
            let text = format!(r#"{{"text":"{}"}}"#, "x".repeat(size));
            let op = put(bundle(&format!("orn:a:{n}"), &text));
            tokio::spawn(async move { commits.commit(batch([op])).await })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => assert_ne!(n % 20, 10),
            Err(error) => assert!(n % 20 == 10 && matches!(error, StoreError::Full)),
        }
    }
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    fs::write(
        &text,
        "no database, but long enough to look like one. ".repeat(100),
    )
    .unwrap();
    assert!(matches!(open(&text), Err(StoreError::Foreign { .. })));
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .and_then(|connection| connection.execute_batch("CREATE TABLE t (a)"))
        .unwrap();
    let before = fs::read(&other).unwrap();
    assert!(matches!(open(&other), Err(StoreError::Foreign { .. })));
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    open_writer(&path)
        .and_then(|writer| Ok(writer.pragma_update(None, "user_version", 99)?))
        .unwrap();
    let refused = open(&path).err();
    assert!(matches!(refused, Some(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn what_an_older_program_installed_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut older = Connection::open(&path).unwrap();
    schema::migrate_before(&mut older, "ADD COLUMN served_at").unwrap();
    older
        .execute_batch(
            "INSERT INTO component VALUES ('00', x'00');
             INSERT INTO revision (extension, revision, digest, version, description, grants,
                 settings, source, installed_at)
             VALUES ('a', 1, '00', '1', '{}', '[]', '{}', 'x', '2026-01-02T03:04:05.000Z'),
                 ('a', 2, '00', '2', '{}', '[]', '{}', 'x', '2026-01-02T03:04:05.000Z');
             INSERT INTO active_revision VALUES ('a', 2);",
        )
        .unwrap();
    drop(older);
    let extensions = open(&path).unwrap().extensions;
    let active = extensions.activations().await.unwrap();
    let active: Vec<_> = active
        .iter()
        .map(|a| (a.revision.revision, a.role))
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

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(&folder.path().join("none/store.db")).err().unwrap();
    assert!(error.to_string().contains("none/store.db"), "{error}");
}

#[tokio::test]
async fn damage_is_told_and_what_is_whole_is_read() {
    let Fixture { stores, folder } = fixture();
    let path = folder.path().join("store.db");
    let text = format!(r#"{{"text":"{}"}}"#, "x".repeat(2000));
    let ops = (0..200).map(|n| put(bundle(&format!("orn:a:{n:03}"), &text)));
    stores.commits.commit(batch(ops)).await.unwrap();
    stores.key_value.set("a", "b", "k", b"v").await.unwrap();
    drop(stores);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100_000].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let stores = open(&path).unwrap();
    let mut damaged = 0;
    for n in 0..200 {
        match stores.bundles.read(&rid(&format!("orn:a:{n:03}"))).await {
            Ok(_) => {}
            Err(StoreError::Corrupt { .. }) => damaged += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(damaged > 0);
    assert!(damaged < 200);
}

#[tokio::test]
async fn a_row_that_is_not_as_it_was_written_is_told() {
    let Fixture { stores, folder } = fixture();
    let commit = stores.commits.commit(batch([put(bundle("orn:a:1", "{}"))]));
    commit.await.unwrap();
    Connection::open(folder.path().join("store.db"))
        .and_then(|other| other.execute("UPDATE bundle SET contents = '{'", []))
        .unwrap();
    let read = stores.bundles.read(&rid("orn:a:1")).await;
    let Err(StoreError::Corrupt { what }) = read else {
        panic!("{read:?}");
    };
    assert!(what.contains("contents"), "{what}");
}

#[tokio::test]
async fn a_component_that_the_disk_has_changed_is_told_and_put_right_by_installing_it() {
    let Fixture { stores, folder } = fixture();
    let new = crate::NewRevision {
        extension: "a".to_owned(),
        version: "1".to_owned(),
        description: "{}".to_owned(),
        grants: "{}".to_owned(),
        settings: "{}".to_owned(),
        tool_prefix: String::new(),
        source: String::new(),
        publisher: None,
    };
    let installed = stores.extensions.install(
        new.clone(),
        crate::Component::new(*b"component"),
        crate::Role::Serving,
        "operator",
    );
    let digest = installed.await.unwrap().digest;
    Connection::open(folder.path().join("store.db"))
        .and_then(|other| other.execute("UPDATE component SET bytes = x'00'", []))
        .unwrap();
    let read = stores.extensions.component(&digest).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })));
    stores
        .extensions
        .install(
            new,
            crate::Component::new(*b"component"),
            crate::Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    let read = stores.extensions.component(&digest).await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"component"[..]));
}

#[tokio::test]
async fn every_write_is_flushed() {
    let Fixture { stores: _s, folder } = fixture();
    let writer = open_writer(&folder.path().join("store.db")).unwrap();
    let pragma = |name| -> i64 {
        writer
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    // 2 is FULL.
    assert_eq!(pragma("synchronous"), 2);
    assert_eq!(pragma("foreign_keys"), 1);
}

#[tokio::test]
async fn reading_does_not_wait_for_a_writer() {
    let Fixture { stores, folder } = fixture();
    let commit = stores.commits.commit(batch([put(bundle("orn:a:1", "{}"))]));
    commit.await.unwrap();
    let other = Connection::open(folder.path().join("store.db")).unwrap();
    other
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM bundle")
        .unwrap();
    let read = stores.bundles.read(&rid("orn:a:1")).await.unwrap();
    assert!(read.is_some());
    let waiting = stores.commits.commit(batch([put(bundle("orn:a:2", "{}"))]));
    let (outcome, ended) = tokio::join!(waiting, async {
        let read = stores.bundles.read(&rid("orn:a:1")).await.unwrap();
        assert!(read.is_some());
        other.execute_batch("ROLLBACK")
    });
    outcome.unwrap();
    ended.unwrap();
}
