mod same;

use koi_rid::{Filter, Pointer};

use super::*;
use crate::{BundlePage, Declaration, StoreError, Stores};

on_every_backend! {
    an_index_tells_which_few_bundles_to_look_at,
    without_an_index_a_page_says_that_it_was_bounded,
    an_index_follows_what_is_written_and_forgotten,
    a_new_index_is_filled_in_steps_also_after_a_restart_and_used_when_it_is_whole,
    an_index_that_is_no_longer_declared_leaves_nothing,
    a_list_by_a_path_is_of_one_type_and_of_a_declared_path,
}

fn on(rid_type_text: &str, path: &str) -> Declaration {
    Declaration {
        rid_type: rid_type(rid_type_text),
        path: path.parse().unwrap(),
    }
}

async fn declare(stores: &Stores, paths: &[&str]) {
    let wanted: Vec<_> = paths.iter().map(|path| on("orn:a", path)).collect();
    stores.indexes.declare(&wanted).await.unwrap();
    while stores.indexes.tend().await.unwrap() {}
}

fn filtered(filter: &str, order: &str, limit: u32) -> BundleQuery {
    BundleQuery {
        filter: Some(Filter::parse(filter).unwrap()),
        order: order.parse().unwrap(),
        ..query(&["orn:a"], None, limit)
    }
}

async fn page(stores: &Stores, query: &BundleQuery) -> BundlePage {
    stores.bundles.list(query).await.unwrap()
}

fn numbered(count: u32) -> Vec<Op> {
    (0..count)
        .map(|n| {
            put(bundle(
                &format!("orn:a:{n:06}"),
                &format!(r#"{{"n":{n},"rest":{}}}"#, n % 7),
            ))
        })
        .collect()
}

async fn an_index_tells_which_few_bundles_to_look_at(fixture: Fixture) {
    let stores = &fixture.stores;
    declare(stores, &["/n"]).await;
    stores.commits.commit(batch(numbered(1000))).await.unwrap();
    let path: Pointer = "/n".parse().unwrap();
    for (filter, order, first, scanned) in [
        (r#"{"path":"/n","eq":700}"#, "rid", 700, 1),
        (r#"{"path":"/n","in":[3,900]}"#, "-rid", 900, 2),
        (r#"{"path":"/n","ge":990}"#, "timestamp", 990, 10),
        (
            r#"{"all":[{"path":"/n","lt":50},{"path":"/n","gt":39},{"path":"/rest","eq":0}]}"#,
            "rid",
            42,
            10,
        ),
        (r#"{"path":"/n","ge":990}"#, "-/n", 999, 10),
    ] {
        let page = page(stores, &filtered(filter, order, 100)).await;
        assert_eq!(
            page.items[0].bundle.manifest.rid.as_str(),
            format!("orn:a:{first:06}"),
            "{filter} {order}"
        );
        assert_eq!(
            (page.scanned, page.is_bounded),
            (scanned, false),
            "{filter} {order}"
        );
        assert_eq!(page.index.as_ref(), Some(&path), "{filter} {order}");
    }
}

async fn without_an_index_a_page_says_that_it_was_bounded(fixture: Fixture) {
    let stores = &fixture.stores;
    let ops = numbered(crate::MAX_SCANNED + 10);
    stores.commits.commit(batch(ops)).await.unwrap();
    let mut query = filtered(r#"{"path":"/n","ge":10000}"#, "rid", 5);
    let first = page(stores, &query).await;
    assert_eq!((first.items.len(), first.scanned), (0, crate::MAX_SCANNED));
    assert!(first.is_bounded && first.index.is_none());
    query.cursor = first.next;
    let second = page(stores, &query).await;
    assert_eq!(second.items.len(), 5);
    assert!(second.next.is_some() && !second.is_bounded);
}

async fn an_index_follows_what_is_written_and_forgotten(fixture: Fixture) {
    let stores = &fixture.stores;
    declare(stores, &["/n"]).await;
    let n = async |n: u32| {
        let page = page(
            stores,
            &filtered(&format!(r#"{{"path":"/n","eq":{n}}}"#), "rid", 10),
        )
        .await;
        assert!(page.index.is_some());
        page.items.len()
    };
    let write = async |contents: &str| {
        let op = put(bundle("orn:a:1", contents));
        stores.commits.commit(batch([op])).await.unwrap();
    };
    write(r#"{"n":1}"#).await;
    assert_eq!((n(1).await, n(2).await), (1, 0));
    write(r#"{"n":2}"#).await;
    assert_eq!((n(1).await, n(2).await), (0, 1));
    write(r#"{"m":2}"#).await;
    assert_eq!(n(2).await, 0);
    write(r#"{"n":3}"#).await;
    let delete = Op::DeleteBundle {
        rid: rid("orn:a:1"),
    };
    stores.commits.commit(batch([delete])).await.unwrap();
    assert_eq!(n(3).await, 0);
}

async fn a_new_index_is_filled_in_steps_also_after_a_restart_and_used_when_it_is_whole(
    fixture: Fixture,
) {
    let Fixture { stores, place } = fixture;
    stores.commits.commit(batch(numbered(1200))).await.unwrap();
    stores.indexes.declare(&[on("orn:a", "/n")]).await.unwrap();
    let wanted = filtered(r#"{"path":"/n","eq":1199}"#, "rid", 10);
    let by_path = filtered(r#"{"path":"/n","ge":0}"#, "/n", 10);
    assert!(stores.indexes.tend().await.unwrap());
    assert!(page(&stores, &wanted).await.index.is_none());
    let error = stores.bundles.list(&by_path).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Filling { .. }) && error.is_transient(),
        "{error}"
    );
    drop(stores);
    let stores = place.open().await;
    // Written while the index is not whole yet, before and behind how far it is.
    for at in [10, 1198] {
        let op = put(bundle(&format!("orn:a:{at:06}"), r#"{"n":5000}"#));
        stores.commits.commit(batch([op])).await.unwrap();
    }
    let mut steps = 0;
    while stores.indexes.tend().await.unwrap() {
        steps += 1;
    }
    assert_eq!(steps, 2);
    assert!(stores.indexes.indexes().await.unwrap()[0].is_whole);
    assert_eq!(page(&stores, &wanted).await.scanned, 1);
    let again = filtered(r#"{"path":"/n","eq":5000}"#, "rid", 10);
    assert_eq!(page(&stores, &again).await.items.len(), 2);
}

async fn an_index_that_is_no_longer_declared_leaves_nothing(fixture: Fixture) {
    let stores = &fixture.stores;
    declare(stores, &["/n", "/rest"]).await;
    stores.commits.commit(batch(numbered(10))).await.unwrap();
    stores
        .indexes
        .declare(&[on("orn:a", "/rest")])
        .await
        .unwrap();
    let wanted = filtered(r#"{"path":"/n","eq":3}"#, "rid", 10);
    assert!(page(stores, &wanted).await.index.is_none());
    assert!(
        stores.indexes.tend().await.unwrap(),
        "there are keys to remove"
    );
    assert!(!stores.indexes.tend().await.unwrap());
    let indexes = stores.indexes.indexes().await.unwrap();
    assert_eq!(indexes.len(), 1);
    assert_eq!(indexes[0].on, on("orn:a", "/rest"));
    declare(stores, &["/n"]).await;
    assert_eq!(page(stores, &wanted).await.scanned, 1);
}

async fn a_list_by_a_path_is_of_one_type_and_of_a_declared_path(fixture: Fixture) {
    let stores = &fixture.stores;
    declare(stores, &["/n"]).await;
    let refused = async |types: &[&str], order: &str, cursor: Option<&str>| {
        let query = BundleQuery {
            order: order.parse().unwrap(),
            cursor: cursor.map(str::to_owned),
            ..query(types, None, 10)
        };
        let listed = stores.bundles.list(&query).await;
        matches!(listed, Err(StoreError::Invalid { .. }))
    };
    assert!(!refused(&["orn:a"], "/n", None).await);
    assert!(refused(&["orn:a"], "/m", None).await);
    assert!(refused(&["orn:b"], "/n", None).await);
    assert!(refused(&["orn:a", "orn:b"], "/n", None).await);
    assert!(refused(&[], "-/n", None).await);
    assert!(refused(&["orn:a"], "/n", Some("orn:a:1")).await);
}
