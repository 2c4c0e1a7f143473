use super::*;
use crate::BundleQuery;

async fn with(rids: &[&str]) -> Fixture {
    let fixture = fixture();
    let ops = rids.iter().map(|text| put(bundle(text, "{}")));
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    fixture
}

fn query(types: &[&str], prefix: Option<&str>, limit: u32) -> BundleQuery {
    BundleQuery {
        rid_types: types.iter().map(|text| rid_type(text)).collect(),
        reference_prefix: prefix.map(str::to_owned),
        cursor: None,
        limit,
    }
}

/// All pages, one after the other.
async fn all(fixture: &Fixture, mut query: BundleQuery) -> Vec<String> {
    let mut rids = Vec::new();
    loop {
        let page = fixture.stores.bundles.rids(&query).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        let manifests = fixture.stores.bundles.manifests(&query).await.unwrap();
        let bundles = fixture.stores.bundles.list(&query).await.unwrap();
        assert_eq!((&page.next, &page.next), (&manifests.next, &bundles.next));
        let of_manifests = manifests.items.iter().map(|manifest| &manifest.rid);
        assert!(page.items.iter().eq(of_manifests));
        let of_bundles = bundles.items.iter().map(|item| &item.bundle.manifest.rid);
        assert!(page.items.iter().eq(of_bundles));
        rids.extend(page.items.iter().map(Rid::to_string));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return rids,
        }
    }
}

#[tokio::test]
async fn the_newest_bundle_of_a_rid_is_the_one_that_is_read() {
    let Fixture { stores, folder: _f } = fixture();
    let target = rid("orn:a:x");
    assert_eq!(stores.bundles.read(&target).await.unwrap(), None);
    for text in [r#"{"v":1}"#, r#"{"v":2}"#] {
        let op = Op::PutBundle {
            bundle: bundle("orn:a:x", text),
            written_by: Some(writer(7)),
            source: Some(rid("orn:n:p")),
        };
        stores.commits.commit(batch([op])).await.unwrap();
    }
    let stored = stores.bundles.read(&target).await.unwrap().unwrap();
    assert_eq!(stored.bundle.contents.as_str(), r#"{"v":2}"#);
    assert_eq!(stored.written_by, Some(writer(7)));
    assert_eq!(stored.source, Some(rid("orn:n:p")));
    let delete = Op::DeleteBundle {
        rid: target.clone(),
    };
    stores
        .commits
        .commit(batch([delete.clone(), delete]))
        .await
        .unwrap();
    assert_eq!(stores.bundles.read(&target).await.unwrap(), None);
}

#[tokio::test]
async fn several_bundles_come_in_the_order_asked_without_those_that_are_not_there() {
    let fixture = with(&["orn:a:1", "orn:a:2", "orn:b:1"]).await;
    let asked = ["orn:b:1", "orn:a:missing", "orn:a:1"].map(rid);
    let found = fixture.stores.bundles.read_many(&asked).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|item| item.bundle.manifest.rid.as_str())
        .collect();
    assert_eq!(found, ["orn:b:1", "orn:a:1"]);
}

#[tokio::test]
async fn a_list_has_the_selected_bundles_in_the_order_of_their_rids_over_pages_of_any_size() {
    let mut rids = vec![
        "https://example.com/a",
        "orn:a.b:x",
        "orn:a:foo",
        "orn:a:foo/1",
        "orn:a:foo/2",
        "orn:a:fop",
        "orn:a:ü",
        "orn:b:foo",
        "urn:a:foo",
    ];
    let fixture = with(&rids).await;
    rids.sort_unstable();
    for limit in [1, 2, 3, 9, 10] {
        assert_eq!(all(&fixture, query(&[], None, limit)).await, rids);
        assert_eq!(
            all(&fixture, query(&["orn:b", "orn:a", "orn:b"], None, limit)).await,
            [
                "orn:a:foo",
                "orn:a:foo/1",
                "orn:a:foo/2",
                "orn:a:fop",
                "orn:a:ü",
                "orn:b:foo"
            ]
        );
        assert_eq!(
            all(&fixture, query(&["orn:a"], Some("foo"), limit)).await,
            ["orn:a:foo", "orn:a:foo/1", "orn:a:foo/2"]
        );
        assert_eq!(
            all(&fixture, query(&[], Some("foo"), limit)).await,
            [
                "orn:a:foo",
                "orn:a:foo/1",
                "orn:a:foo/2",
                "orn:b:foo",
                "urn:a:foo"
            ]
        );
        assert!(
            all(&fixture, query(&["orn:c"], None, limit))
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_list_goes_on_after_its_cursor_though_that_bundle_has_gone() {
    let fixture = with(&["orn:a:1", "orn:a:2", "orn:a:3"]).await;
    let mut query = query(&["orn:a"], None, 2);
    let first = fixture.stores.bundles.rids(&query).await.unwrap();
    let delete = Op::DeleteBundle {
        rid: rid("orn:a:2"),
    };
    fixture
        .stores
        .commits
        .commit(batch([delete]))
        .await
        .unwrap();
    query.cursor = first.next;
    let second = fixture.stores.bundles.rids(&query).await.unwrap();
    assert_eq!(second.items, [rid("orn:a:3")]);
    assert_eq!(second.next, None);
}

#[tokio::test]
async fn a_page_ends_early_when_its_contents_are_very_large() {
    let fixture = fixture();
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
    let ops = (0..4).map(|n| put(bundle(&format!("orn:a:{n}"), &large)));
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    let mut query = query(&[], None, 100);
    let page = fixture.stores.bundles.list(&query).await.unwrap();
    assert_eq!(page.items.len(), 2);
    query.cursor = page.next;
    let page = fixture.stores.bundles.list(&query).await.unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn bundles_are_counted_by_type() {
    let fixture = with(&["orn:a.b:x", "orn:a:1", "orn:a:2", "https://example.com/"]).await;
    let counts = fixture.stores.bundles.count().await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|(rid_type, count)| (rid_type.as_str(), *count))
        .collect();
    assert_eq!(counts, [("https", 1), ("orn:a", 2), ("orn:a.b", 1)]);
}
