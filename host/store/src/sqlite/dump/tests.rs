use std::collections::BTreeSet;

use super::super::open;
use super::*;
use crate::tests::{arrival, batch, bundle, put, rid};

/// What is not exported, since it follows from what is.
const DERIVED: [&str; 7] = [
    "bundle_index",
    "bundle_key",
    "bundle.id",
    "outbox.bytes",
    "dead_letter.bytes",
    "key_value_usage",
    "mcp_subscription_usage",
];

#[test]
fn every_table_and_column_is_exported_or_follows_from_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_writer(&folder.path().join("store.db")).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let columns = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let there: BTreeSet<String> = columns
        .unwrap()
        .map(Result::unwrap)
        .map(|(table, column)| (table.clone(), format!("{table}.{column}")))
        .filter(|(table, column)| {
            !DERIVED.contains(&table.as_str()) && !DERIVED.contains(&column.as_str())
        })
        .map(|(_, column)| column)
        .collect();
    let exported: BTreeSet<String> = KINDS
        .iter()
        .flat_map(|kind| {
            let columns = kind.columns.iter();
            columns.map(|column| format!("{}.{}", kind.table, column.name))
        })
        .collect();
    assert_eq!(there, exported);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_a_store_of_one_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let stores = open(&folder.path().join("store.db")).unwrap();
    let text = "x".repeat(100_000);
    let pair = |n: u32| {
        let contents = format!(r#"{{"n":{n},"text":"{text}"}}"#);
        let ops = ["orn:a:1", "orn:b:1"].map(|of| put(bundle(of, &contents)));
        stores.commits.commit(batch(ops))
    };
    pair(0).await.unwrap();
    let many = (0..200).map(|n| {
        put(bundle(
            &format!("orn:a:x{n}"),
            &format!(r#"{{"text":"{text}"}}"#),
        ))
    });
    stores.commits.commit(batch(many)).await.unwrap();
    let ids = stores
        .inbox
        .accept(vec![arrival("orn:a:1"); 3])
        .await
        .unwrap();
    let acknowledged = ids.iter().map(|id| crate::Op::Acknowledge(*id));
    stores.commits.commit(batch(acknowledged)).await.unwrap();
    let to = folder.path().join("copy.db");
    let (from, into) = (folder.path().join("store.db"), to.clone());
    let copying = tokio::task::spawn_blocking(move || copy(&from, &into));
    let writing = async {
        let mut n = 0;
        loop {
            n += 1;
            pair(n).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        copied = copying => copied.unwrap().unwrap(),
        () = writing => {}
    }
    let copy = open(&to).unwrap();
    let pair_of = ["orn:a:1", "orn:b:1"].map(rid);
    let read = copy.bundles.read_many(&pair_of).await.unwrap();
    assert_eq!(read[0].bundle.contents, read[1].bundle.contents);
    // Ids are given once, in the copy too.
    let next = copy.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    assert!(next[0] > ids[2]);
    pair(0).await.unwrap();
}

#[test]
fn what_is_no_store_is_not_copied_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "not a database, and longer than a header of one would be, by far, so that it is read as what it is: a text").unwrap();
    let told = copy(&path("text"), &path("copy")).unwrap_err();
    assert!(matches!(told, StoreError::Foreign { .. }), "{told:?}");
    drop(open_writer(&path("store.db")).unwrap());
    std::fs::write(path("copy"), "something").unwrap();
    copy(&path("store.db"), &path("copy")).unwrap_err();
    assert_eq!(std::fs::read_to_string(path("copy")).unwrap(), "something");
    assert!(copy(&path("none.db"), &path("other")).is_err());
    assert!(!path("none.db").exists());
}
