use super::*;
use crate::{MAX_KEYS, MAX_PAGE, StoreError};

on_every_backend! {
    keys_of_any_characters_and_length_are_kept_apart,
    a_value_is_there_until_it_is_deleted_and_only_for_its_extension_and_bucket,
    keys_are_listed_over_pages_while_others_come_and_go,
    several_keys_are_read_and_deleted_together,
    increments_at_once_are_all_counted,
    what_is_no_number_or_grows_too_large_is_not_incremented,
    what_keys_and_values_take_is_known_and_bounded_for_each_extension,
    more_keys_than_an_extension_may_have_are_refused,
    a_refusal_leaves_what_others_write_at_the_same_time,
    one_call_gives_a_bounded_number_of_bytes,
}

async fn keys_of_any_characters_and_length_are_kept_apart(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    let long = "x".repeat(10_000);
    let keys = [
        "a",
        "a\0",
        "a\0b",
        "",
        "ä",
        "\u{10ffff}",
        &long,
        &format!("{long}y"),
    ]
    .map(str::to_owned);
    for (number, key) in keys.iter().enumerate() {
        kv.set("e\0", "b\0", key, &[number as u8]).await.unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        let value = kv.get("e\0", "b\0", key).await.unwrap();
        assert_eq!(value, Some(vec![number as u8]), "{key:?}");
    }
    let listed = kv.list_keys("e\0", "b\0", None).await.unwrap().keys;
    assert_eq!(listed, keys);
}

async fn a_value_is_there_until_it_is_deleted_and_only_for_its_extension_and_bucket(
    Fixture { stores, .. }: Fixture,
) {
    let kv = &stores.key_value;
    kv.set("a", "b", "k", b"old").await.unwrap();
    kv.set("a", "b", "k", b"\0\xff").await.unwrap();
    assert_eq!(kv.get("a", "b", "k").await.unwrap().unwrap(), b"\0\xff");
    assert!(kv.exists("a", "b", "k").await.unwrap());
    assert_eq!(kv.get("a", "other", "k").await.unwrap(), None);
    assert!(!kv.exists("other", "b", "k").await.unwrap());
    kv.delete("a", "b", "k").await.unwrap();
    kv.delete("a", "b", "k").await.unwrap();
    assert_eq!(kv.get("a", "b", "k").await.unwrap(), None);
}

async fn keys_are_listed_over_pages_while_others_come_and_go(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    let all: Vec<String> = (0..MAX_PAGE + 5).map(|n| format!("key {n}")).collect();
    let values = all.iter().map(|key| (key.clone(), Vec::new())).collect();
    kv.set_many("a", "b", values).await.unwrap();
    kv.set("a", "other", "k", b"").await.unwrap();
    let first = kv.list_keys("a", "b", None).await.unwrap();
    assert_eq!(first.keys, all[..MAX_PAGE as usize]);
    kv.delete("a", "b", first.keys.last().unwrap())
        .await
        .unwrap();
    kv.set("a", "b", &all[0], b"again").await.unwrap();
    let second = kv.list_keys("a", "b", first.cursor).await.unwrap();
    assert_eq!(second.keys, all[MAX_PAGE as usize..]);
    assert_eq!(second.cursor, None);
}

async fn several_keys_are_read_and_deleted_together(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    let values = [("x", "1"), ("y", "2")].map(|(k, v)| (k.to_owned(), v.into()));
    kv.set_many("a", "b", values.into()).await.unwrap();
    let keys = ["y", "z", "x"].map(str::to_owned);
    let found = kv.get_many("a", "b", &keys).await.unwrap();
    assert_eq!(found, [Some(b"2".to_vec()), None, Some(b"1".to_vec())]);
    kv.delete_many("a", "b", &keys[..2]).await.unwrap();
    assert_eq!(kv.list_keys("a", "b", None).await.unwrap().keys, ["x"]);
}

async fn increments_at_once_are_all_counted(Fixture { stores, .. }: Fixture) {
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let kv = stores.key_value.clone();
            tokio::spawn(async move { kv.increment("a", "b", "n", 2).await.unwrap() })
        })
        .collect();
    let mut sums = Vec::new();
    for task in tasks {
        sums.push(task.await.unwrap());
    }
    sums.sort_unstable();
    assert!(sums.iter().copied().eq((1..=50).map(|n| n * 2)));
    assert_eq!(
        stores.key_value.get("a", "b", "n").await.unwrap().unwrap(),
        b"100"
    );
}

async fn what_is_no_number_or_grows_too_large_is_not_incremented(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    kv.set("a", "b", "text", b"seven").await.unwrap();
    let refused = kv.increment("a", "b", "text", 1).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    kv.increment("a", "b", "n", u64::MAX).await.unwrap();
    let refused = kv.increment("a", "b", "n", 1).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    let sum = kv.increment("a", "b", "n", 0).await.unwrap();
    assert_eq!(sum, u64::MAX);
}

async fn what_keys_and_values_take_is_known_and_bounded_for_each_extension(
    Fixture { stores, .. }: Fixture,
) {
    let kv = &stores.key_value;
    let used = async |extension: &str| {
        let used = kv.used(extension).await.unwrap();
        (used.keys, used.bytes)
    };
    assert_eq!(used("a").await, (0, 0));
    kv.set("a", "b", "ké", b"1234").await.unwrap();
    kv.set("a", "other", "ké", b"12").await.unwrap();
    kv.set("a", "b", "ké", b"1").await.unwrap();
    kv.increment("a", "b", "n", 10).await.unwrap();
    assert_eq!(used("a").await, (3, 3 + 1 + 3 + 2 + 1 + 2));
    kv.delete("a", "other", "ké").await.unwrap();
    assert_eq!(used("a").await, (2, 7));

    let megabyte = vec![0; 1 << 20];
    let fill = (0..63)
        .map(|n| (format!("{n:02}"), megabyte.clone()))
        .collect();
    kv.set_many("a", "b", fill).await.unwrap();
    let before = used("a").await;
    let two = vec![
        ("x".to_owned(), megabyte.clone()),
        ("y".to_owned(), megabyte.clone()),
    ];
    let refused = kv.set_many("a", "b", two).await.unwrap_err().to_string();
    assert!(refused.contains("quota of 67108864"), "{refused}");
    assert_eq!(used("a").await, before);
    // Others have room of their own, and so has whoever makes room.
    kv.set("b", "b", "x", &megabyte).await.unwrap();
    kv.set("a", "b", "00", &megabyte).await.unwrap();
    kv.delete("a", "b", "00").await.unwrap();
    kv.set("a", "b", "x", &megabyte).await.unwrap();
}

async fn more_keys_than_an_extension_may_have_are_refused(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    let many = (0..MAX_KEYS).map(|n| (n.to_string(), Vec::new())).collect();
    kv.set_many("a", "b", many).await.unwrap();
    let refused = kv
        .set("a", "b", "one more", b"")
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("quota of 100000"), "{refused}");
    kv.set("a", "b", "0", b"x").await.unwrap();
}

async fn a_refusal_leaves_what_others_write_at_the_same_time(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    kv.set("a", "b", "text", b"no number").await.unwrap();
    let both = tokio::join!(
        kv.increment("a", "b", "text", 1),
        kv.set("c", "b", "k", b"v")
    );
    assert!(matches!(both.0, Err(StoreError::Invalid { .. })));
    both.1.unwrap();
    assert_eq!(kv.get("c", "b", "k").await.unwrap().unwrap(), b"v");
}

async fn one_call_gives_a_bounded_number_of_bytes(Fixture { stores, .. }: Fixture) {
    let kv = &stores.key_value;
    let keys: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    let values = keys
        .iter()
        .map(|key| (key.clone(), vec![0; 1 << 20]))
        .collect();
    kv.set_many("a", "b", values).await.unwrap();
    assert_eq!(kv.get_many("a", "b", &keys[..8]).await.unwrap().len(), 8);
    let refused = kv.get_many("a", "b", &keys).await.unwrap_err().to_string();
    assert!(refused.contains("ask for fewer keys"), "{refused}");
}
