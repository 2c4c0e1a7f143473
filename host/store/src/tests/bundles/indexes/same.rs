use koi_rid::{BundleOrder, Contents};
use proptest::prelude::*;

use super::*;

on_every_backend_for_all! {
    lists_are_the_same_with_an_index_and_without,
}

/// Values that come close to each other, as JSON.
fn any_value() -> impl Strategy<Value = String> {
    let long = "x".repeat(koi_rid::KEY_TEXT_BYTES);
    prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "-1",
            "0",
            "-0.0",
            "1",
            "1.0",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "9007199254740992.0",
            "\"\"",
            "\"a\"",
            "\"ä\"",
            "[1]",
            "[1.0]",
            "{}",
        ])
        .prop_map(str::to_owned),
        "[ab]{0,1}".prop_map(move |end| format!("\"{long}{end}\"")),
    ]
}

fn any_filter() -> impl Strategy<Value = String> {
    let comparison = (
        prop::sample::select(vec!["/a", "/b"]),
        prop::sample::select(vec![
            "eq", "ne", "lt", "le", "gt", "ge", "in", "exists", "contains",
        ]),
        any_value(),
        any_value(),
    )
        .prop_map(|(path, operator, one, other)| {
            let value = match operator {
                "in" => format!("[{one},{other}]"),
                "exists" => "true".to_owned(),
                "lt" | "le" | "gt" | "ge" if !one.starts_with(['"', '-', '0', '1', '9']) => {
                    "1".to_owned()
                }
                _ => one,
            };
            format!(r#"{{"path":"{path}","{operator}":{value}}}"#)
        });
    let list = prop::collection::vec(comparison, 1..3);
    (prop::sample::select(vec!["all", "any"]), list)
        .prop_map(|(how, list)| format!(r#"{{"{how}":[{}]}}"#, list.join(",")))
}

/// The contents of a list over all its pages, with their RIDs.
async fn listed_with(stores: &Stores, mut query: BundleQuery) -> Vec<(String, Contents)> {
    let mut found = Vec::new();
    loop {
        let page = page(stores, &query).await;
        found.extend(
            page.items
                .into_iter()
                .map(|item| (item.bundle.manifest.rid.to_string(), item.bundle.contents)),
        );
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return found,
        }
    }
}

async fn check(stores: &Stores, contents: &[(String, Option<String>)], filter: &str, limit: u32) {
    let ops = contents.iter().enumerate().map(|(n, (a, b))| {
        let b = b
            .as_ref()
            .map(|b| format!(r#","b":{b}"#))
            .unwrap_or_default();
        put(bundle(
            &format!("orn:a:{n:02}"),
            &format!(r#"{{"a":{a}{b}}}"#),
        ))
    });
    stores.commits.commit(batch(ops)).await.unwrap();
    let orders = ["rid", "-rid", "timestamp", "-timestamp"];
    let mut without = Vec::new();
    for order in orders {
        without.push(listed_with(stores, filtered(filter, order, limit)).await);
    }
    declare(stores, &["/a", "/b"]).await;
    for (order, without) in orders.into_iter().zip(&without) {
        let with = listed_with(stores, filtered(filter, order, limit)).await;
        assert_eq!(&with, without, "{order}");
    }
    for path in ["/a", "/b"] {
        let path: Pointer = path.parse().unwrap();
        let mut expected: Vec<_> = without[0]
            .iter()
            .filter_map(|(rid, contents)| {
                let key = Pointer::keys(&[&path], contents).remove(0)?;
                Some((key, rid.clone()))
            })
            .collect();
        expected.sort();
        for order in [
            BundleOrder::Path(path.clone()),
            BundleOrder::PathDescending(path.clone()),
        ] {
            let query = BundleQuery {
                order: order.clone(),
                ..filtered(filter, "rid", limit)
            };
            let listed = listed_with(stores, query).await;
            let listed: Vec<_> = listed.into_iter().map(|(rid, _)| rid).collect();
            let expected: Vec<_> = expected.iter().map(|(_, rid)| rid.clone()).collect();
            let expected: Vec<_> = match order.is_descending() {
                true => expected.into_iter().rev().collect(),
                false => expected,
            };
            assert_eq!(listed, expected, "{order}");
        }
    }
}

fn lists_are_the_same_with_an_index_and_without(fixture: fn() -> Fixture) {
    let contents = prop::collection::vec((any_value(), prop::option::of(any_value())), 1..20);
    proptest!(ProptestConfig::with_cases(24), |(contents in contents, filter in any_filter(), limit in 1..5_u32)| {
        let fixture = fixture();
        crate::tests::block_on(check(&fixture.stores, &contents, &filter, limit));
    });
}
