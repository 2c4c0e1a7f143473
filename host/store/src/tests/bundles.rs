mod indexes;
mod orders;

use super::*;
use crate::BundleQuery;

on_every_backend! {
    the_newest_bundle_of_a_rid_is_the_one_that_is_read,
    several_bundles_come_in_the_order_asked_without_those_that_are_not_there,
    a_list_has_the_selected_bundles_in_the_order_of_their_rids_over_pages_of_any_size,
    a_list_goes_on_after_its_cursor_though_that_bundle_has_gone,
    a_page_ends_early_when_its_contents_are_very_large,
    bundles_are_counted_by_type,
    a_filter_leaves_out_bundles_and_reads_a_bounded_number_of_rows_a_page,
    what_an_extension_wrote_is_listed_by_revision_over_pages,
}

async fn with(fixture: Fixture, rids: &[&str]) -> Fixture {
    let ops = rids.iter().map(|text| put(bundle(text, "{}")));
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    fixture
}

fn query(types: &[&str], prefix: Option<&str>, limit: u32) -> BundleQuery {
    BundleQuery {
        rid_types: types.iter().map(|text| rid_type(text)).collect(),
        reference_prefix: prefix.map(str::to_owned),
        limit,
        ..BundleQuery::default()
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

async fn the_newest_bundle_of_a_rid_is_the_one_that_is_read(Fixture { stores, .. }: Fixture) {
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

async fn several_bundles_come_in_the_order_asked_without_those_that_are_not_there(
    fixture: Fixture,
) {
    let fixture = with(fixture, &["orn:a:1", "orn:a:2", "orn:b:1"]).await;
    let asked = ["orn:b:1", "orn:a:missing", "orn:a:1"].map(rid);
    let found = fixture.stores.bundles.read_many(&asked).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|item| item.bundle.manifest.rid.as_str())
        .collect();
    assert_eq!(found, ["orn:b:1", "orn:a:1"]);
}

async fn a_list_has_the_selected_bundles_in_the_order_of_their_rids_over_pages_of_any_size(
    fixture: Fixture,
) {
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
    let fixture = with(fixture, &rids).await;
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

async fn a_list_goes_on_after_its_cursor_though_that_bundle_has_gone(fixture: Fixture) {
    let fixture = with(fixture, &["orn:a:1", "orn:a:2", "orn:a:3"]).await;
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

async fn a_page_ends_early_when_its_contents_are_very_large(fixture: Fixture) {
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

async fn bundles_are_counted_by_type(fixture: Fixture) {
    let fixture = with(
        fixture,
        &["orn:a.b:x", "orn:a:1", "orn:a:2", "https://example.com/"],
    )
    .await;
    let counts = fixture.stores.bundles.count().await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|(rid_type, count)| (rid_type.as_str(), *count))
        .collect();
    assert_eq!(counts, [("https", 1), ("orn:a", 2), ("orn:a.b", 1)]);
}

/// The RIDs of all pages, and how many pages there were.
async fn listed(fixture: &Fixture, mut query: BundleQuery) -> (Vec<String>, usize) {
    let (mut rids, mut pages) = (Vec::new(), 0);
    loop {
        let page = fixture.stores.bundles.list(&query).await.unwrap();
        pages += 1;
        rids.extend(
            page.items
                .iter()
                .map(|item| item.bundle.manifest.rid.to_string()),
        );
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return (rids, pages),
        }
    }
}

async fn a_filter_leaves_out_bundles_and_reads_a_bounded_number_of_rows_a_page(fixture: Fixture) {
    let rows = crate::MAX_SCANNED + 500;
    let ops = (0..rows).map(|n| put(bundle(&format!("orn:a:{n:06}"), &format!("{{\"n\":{n}}}"))));
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    let filtered = |filter: &str| BundleQuery {
        filter: Some(koi_rid::Filter::parse(filter).unwrap()),
        ..query(&["orn:a"], None, 10)
    };
    let near = filtered(r#"{"path":"/n","lt":3}"#);
    let page = fixture.stores.bundles.list(&near).await.unwrap();
    assert_eq!(page.items.len(), 3);
    assert!(
        page.next.is_some(),
        "there are rows that were not looked at"
    );
    let far = format!(r#"{{"path":"/n","eq":{}}}"#, rows - 1);
    let (rids, pages) = listed(&fixture, filtered(&far)).await;
    assert_eq!((rids.len(), pages), (1, 2));
}

async fn what_an_extension_wrote_is_listed_by_revision_over_pages(fixture: Fixture) {
    let write = |text: &str, revision: Option<u64>| Op::PutBundle {
        bundle: bundle(text, "{}"),
        written_by: revision.map(writer),
        source: None,
    };
    let ops = [
        write("orn:a:1", Some(1)),
        write("orn:a:2", None),
        write("orn:b:1", Some(2)),
        write("orn:b:2", Some(1)),
    ];
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    let wrote = async |extension: &str, revision: Option<u64>| {
        let mut query = crate::WrittenQuery {
            extension: extension.to_owned(),
            revision,
            cursor: None,
            limit: 1,
        };
        let mut rids = Vec::new();
        loop {
            let page = fixture.stores.bundles.written_by(&query).await.unwrap();
            rids.extend(page.items.iter().map(|item| item.rid.to_string()));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return rids,
            }
        }
    };
    let name = writer(1).extension;
    assert_eq!(wrote(&name, None).await, ["orn:a:1", "orn:b:1", "orn:b:2"]);
    assert_eq!(wrote(&name, Some(1)).await, ["orn:a:1", "orn:b:2"]);
    assert!(wrote("another", None).await.is_empty());
}
