use koi_rid::BundleOrder;

use super::*;

on_every_backend! {
    rids_that_differ_at_their_ends_alone_have_their_order,
    a_list_goes_by_rid_or_by_time_up_or_down_over_pages_of_any_size,
    a_list_by_time_is_of_one_type_and_knows_its_own_cursors,
}

async fn rids_that_differ_at_their_ends_alone_have_their_order(fixture: Fixture) {
    let long = |end: &str| format!("orn:a:{}{end}", "x".repeat(4000));
    let rids = ["", "!", "a", "aa", "b", "é"].map(long);
    let mixed: Vec<_> = [3, 0, 5, 1, 4, 2].map(|n| rids[n].as_str()).into();
    let fixture = with(fixture, &mixed).await;
    for limit in [1, 2, 7] {
        assert_eq!(all(&fixture, query(&[], None, limit)).await, rids);
        for order in [BundleOrder::RidDescending, BundleOrder::Timestamp] {
            let query = BundleQuery {
                order: order.clone(),
                ..query(&["orn:a"], Some("xx"), limit)
            };
            let mut found = listed(&fixture, query).await.0;
            if order == BundleOrder::RidDescending {
                found.reverse();
            } else {
                found.sort();
            }
            assert_eq!(found, rids, "{order} by {limit}");
        }
    }
}

async fn at_times(fixture: Fixture, times: &[(&str, &str)]) -> Fixture {
    let ops = times.iter().map(|(text, time)| {
        let mut bundle = bundle(text, "{}");
        bundle.manifest.timestamp = koi_rid::Timestamp::parse(time).unwrap();
        put(bundle)
    });
    fixture.stores.commits.commit(batch(ops)).await.unwrap();
    fixture
}

async fn a_list_goes_by_rid_or_by_time_up_or_down_over_pages_of_any_size(fixture: Fixture) {
    let fixture = at_times(
        fixture,
        &[
            ("orn:a:1", "2026-01-01T00:00:02Z"),
            ("orn:a:2", "2026-01-01T00:00:01.5Z"),
            ("orn:a:3", "2026-01-01T00:00:01Z"),
            ("orn:a:4", "2026-01-01T00:00:01.500001Z"),
            ("orn:a:5", "2026-01-01T00:00:02Z"),
            ("orn:b:1", "2026-01-01T00:00:01Z"),
        ],
    )
    .await;
    let expected = [
        (BundleOrder::Rid, "12345"),
        (BundleOrder::RidDescending, "54321"),
        (BundleOrder::Timestamp, "32415"),
        (BundleOrder::TimestampDescending, "51423"),
    ];
    for (order, references) in expected {
        for limit in 1..=6 {
            let query = BundleQuery {
                order: order.clone(),
                ..query(&["orn:a"], None, limit)
            };
            let (rids, _) = listed(&fixture, query).await;
            let found: String = rids.iter().filter_map(|rid| rid.chars().last()).collect();
            assert_eq!(found, references, "{order} by {limit}");
        }
    }
    let both = BundleQuery {
        order: BundleOrder::RidDescending,
        ..query(&["orn:a", "orn:b"], None, 2)
    };
    assert_eq!(listed(&fixture, both).await.0[0], "orn:b:1");
}

async fn a_list_by_time_is_of_one_type_and_knows_its_own_cursors(fixture: Fixture) {
    let fixture = with(fixture, &["orn:a:1"]).await;
    let refused = async |types: &[&str], cursor: Option<&str>| {
        let query = BundleQuery {
            order: BundleOrder::Timestamp,
            cursor: cursor.map(str::to_owned),
            ..query(types, None, 10)
        };
        let listed = fixture.stores.bundles.list(&query).await;
        matches!(listed, Err(crate::StoreError::Invalid { .. }))
    };
    assert!(refused(&[], None).await);
    assert!(refused(&["orn:a", "orn:b"], None).await);
    assert!(refused(&["orn:a"], Some("orn:a:1")).await);
    assert!(!refused(&["orn:a"], None).await);
}
