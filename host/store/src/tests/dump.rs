//! Exports and imports: the same from and into every backend.

use std::io::Cursor;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::fixture::Place;
use super::*;
use crate::{
    Component, JobOutcome, JobRun, McpSession, NewRevision, Role, Rows, StoreError, Stores,
    check_export,
};

on_every_backend! {
    what_was_exported_and_imported_is_exported_again_to_the_byte,
    an_export_goes_through_the_other_backend_and_comes_back_to_the_byte,
    what_was_imported_is_read_like_the_original,
    a_store_goes_on_after_an_import,
    what_is_in_the_way_of_an_import_stays,
    a_cut_export_is_refused_wherever_it_was_cut,
    an_export_in_which_a_line_was_changed_is_refused_with_the_line,
    an_export_is_of_one_moment_while_others_write,
}

/// A store with rows of every kind, some of them awkward.
async fn filled(stores: &Stores) {
    let long = "x".repeat(3000);
    let mut other = bundle("orn:a:2", r#"{"text": "\u0000ä\n",  "n":1.50}"#);
    other.manifest.timestamp = Timestamp::parse("2026-01-02T03:04:05.678+05:30").unwrap();
    other.manifest.extras = koi_rid::Extras::parse(r#"{"@context":[1e2, "x"]}"#).unwrap();
    let mut foreign = arrival("orn:a:3");
    foreign.manifest.as_mut().unwrap().rid = rid("orn:b:other");
    foreign.source = Some(rid("orn:n:p"));
    foreign.writer = Some(writer(3));
    foreign.cause = Some(rid("orn:a:1"));
    foreign.depth = 2;
    let forget = Event::of_rid(EventType::Forget, rid("orn:a:1"));
    let ops = [
        put(bundle("orn:a:1", "{}")),
        Op::PutBundle {
            bundle: other,
            written_by: Some(writer(2)),
            source: Some(rid("orn:n:p")),
        },
        put(bundle(&format!("orn:a:{long}b"), r#"{"a":1}"#)),
        put(bundle(&format!("orn:a:{long}a"), r#"{"a":2}"#)),
        put(bundle("https://example.com/1", r#"{"a":3}"#)),
        Op::Accept(arrival("orn:a:1")),
        Op::Accept(foreign.clone()),
        enqueue("orn:n:p", new(bundle("orn:a:1", r#"{"v":1}"#))),
        enqueue("orn:n:q", forget),
        enqueue("orn:n:p", new(bundle("orn:a:4", r#"{"v":2}"#))),
        Op::Bury(draft(foreign)),
        Op::Bury(draft(arrival("orn:a:5"))),
        Op::Bury(draft(arrival("orn:a:5"))),
    ];
    let ids = stores.commits.commit(batch(ops)).await.unwrap().accepted;
    let ops = [
        Op::Acknowledge(ids[0]),
        Op::Postpone {
            id: ids[1],
            attempts: 2,
            due: Timestamp::now(),
        },
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    let large: Vec<u8> = (0..2_500_000_u32).map(|n| (n * 7) as u8).collect();
    let revision = |name: &str| NewRevision {
        extension: name.to_owned(),
        version: "1\0".to_owned(),
        description: r#"{"name":"x"}"#.to_owned(),
        grants: "[]".to_owned(),
        settings: "{}".to_owned(),
        tool_prefix: "x_".to_owned(),
        source: "drop:x.wasm".to_owned(),
        publisher: None,
    };
    let extensions = &stores.extensions;
    for (name, component) in [("x", &large[..]), ("x", b"two"), ("y", b"two")] {
        let installed = extensions
            .install(
                revision(name),
                Component::new(component),
                Role::Serving,
                "me",
            )
            .await;
        installed.unwrap();
    }
    extensions.deactivate("y", "me").await.unwrap();
    let canary = Role::Canary { share: 5 };
    extensions.activate("x", 1, canary, "me").await.unwrap();
    extensions.pin("x", 1, true, "me").await.unwrap();
    let reason = Some("old\0".to_owned());
    extensions.deprecate("x", 1, reason, "me").await.unwrap();
    let values = vec![
        ("b".to_owned(), large),
        ("a\0".to_owned(), Vec::new()),
        ("ä".to_owned(), vec![0, 255]),
    ];
    stores.key_value.set_many("x", "b", values).await.unwrap();
    let gone = ["ä".to_owned()];
    stores.key_value.delete_many("x", "b", &gone).await.unwrap();
    stores.saved_states.save("x", 2, vec![1, 2]).await.unwrap();
    let run = JobRun {
        id: 0,
        extension: "x".to_owned(),
        job: "daily".to_owned(),
        due: Some(Timestamp::from_micros(1_000_000)),
        times: 2,
        started: Timestamp::from_micros(2_000_000),
        ended: None,
        outcome: JobOutcome::Failed,
        attempts: 3,
        reason: Some("it is\nbroken".to_owned()),
        result: None,
        correlation: "c".to_owned(),
    };
    stores.job_runs.add(run).await.unwrap();
    let session = McpSession {
        id: "s".to_owned(),
        principal: Some("alice".to_owned()),
        endpoint: "/mcp".to_owned(),
        initialize: "{}".to_owned(),
        log_level: None,
        subscriptions: Vec::new(),
        last_used: Timestamp::from_micros(1_000_000),
    };
    assert!(stores.mcp_sessions.begin(session, 9).await.unwrap());
    for uri in ["orn:a:2", "orn:a:1"] {
        let subscribed = stores.mcp_sessions.subscribe("s", uri, 4000).await;
        assert!(subscribed.unwrap());
    }
}

async fn exported(stores: &Stores) -> String {
    let pieces = stores.archive.export().await.unwrap();
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

/// Imports where a store is, which must not be open.
async fn import(place: &Place, export: String) -> crate::Result<Rows> {
    let export = Cursor::new(export);
    match place {
        Place::Folder(folder) => crate::sqlite::import(&fixture::file(folder), export),
        Place::Database(settings) => crate::postgres::import(settings.clone(), export).await,
    }
}

/// A place of the same backend in which nothing is yet.
fn another(place: &Place) -> Place {
    match place {
        Place::Folder(_) => Place::Folder(tempfile::tempdir().unwrap()),
        Place::Database(_) => Place::Database(server::settings()),
    }
}

fn the_other_backend(place: &Place) -> Place {
    match place {
        Place::Folder(_) => Place::Database(server::settings()),
        Place::Database(_) => Place::Folder(tempfile::tempdir().unwrap()),
    }
}

async fn what_was_exported_and_imported_is_exported_again_to_the_byte(
    Fixture { stores, place }: Fixture,
) {
    filled(&stores).await;
    let first = exported(&stores).await;
    let kinds = check_export(first.as_bytes()).unwrap();
    let kinds: Vec<_> = kinds.iter().map(|(kind, _)| *kind).collect();
    let all: Vec<_> = crate::dump::KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(kinds, all);
    let copy = another(&place);
    import(&copy, first.clone()).await.unwrap();
    assert!(exported(&copy.open().await).await == first);
    let nothing = another(&place);
    let empty = exported(&nothing.open().await).await;
    assert_eq!(empty.lines().count(), 2);
    assert!(import(&nothing, empty).await.unwrap().is_empty());
}

async fn an_export_goes_through_the_other_backend_and_comes_back_to_the_byte(
    Fixture { stores, place }: Fixture,
) {
    filled(&stores).await;
    let mut export = exported(&stores).await;
    for place in [the_other_backend(&place), another(&place)] {
        import(&place, export.clone()).await.unwrap();
        let again = exported(&place.open().await).await;
        assert!(again == export);
        export = again;
    }
}

async fn what_was_imported_is_read_like_the_original(Fixture { stores, place }: Fixture) {
    filled(&stores).await;
    let copy = the_other_backend(&place);
    import(&copy, exported(&stores).await).await.unwrap();
    let copy = copy.open().await;
    let one = alike::answers::answers(&stores).await;
    for (one, other) in one.into_iter().zip(alike::answers::answers(&copy).await) {
        assert_eq!(one, other);
    }
    let component = |digest: String| {
        let (stores, copy) = (stores.clone(), copy.clone());
        async move {
            let one = stores.extensions.component(&digest).await.unwrap();
            assert!(one.is_some());
            assert!(one == copy.extensions.component(&digest).await.unwrap());
        }
    };
    for revision in stores.extensions.revisions("x").await.unwrap() {
        component(revision.digest).await;
    }
    let used = |stores: &Stores| {
        let key_value = stores.key_value.clone();
        async move { key_value.used("x").await.unwrap() }
    };
    assert_eq!(used(&stores).await, used(&copy).await);
}

/// New ids come after those that are there, and what is counted by the database goes on.
async fn a_store_goes_on_after_an_import(Fixture { stores, place }: Fixture) {
    filled(&stores).await;
    let copy = another(&place);
    import(&copy, exported(&stores).await).await.unwrap();
    let copy = copy.open().await;
    let waiting = copy.inbox.pending(0, 10).await.unwrap();
    let next = copy.inbox.accept(vec![arrival("orn:a:9")]).await.unwrap();
    assert!(next[0] > waiting[0].id);
    let again = enqueue("orn:n:p", new(bundle("orn:a:1", r#"{"v":3}"#)));
    let letter = Op::Bury(draft(arrival("orn:a:5")));
    let replaced = put(bundle("orn:a:1", r#"{"v":3}"#));
    let ops = batch([again, letter, replaced]);
    copy.commits.commit(ops).await.unwrap();
    let letters = copy.dead_letters.list(None, 10).await.unwrap().items;
    assert_eq!((letters.len(), letters[0].times), (2, 3));
    assert_eq!(copy.outbox.len(None).await.unwrap(), 3);
    copy.key_value.increment("x", "b", "n", 1).await.unwrap();
    let keys = copy.key_value.list_keys("x", "b", None).await.unwrap().keys;
    assert_eq!(keys, ["b", "a\0", "n"]);
    copy.mcp_sessions.end("s").await.unwrap();
    copy.extensions.deactivate("x", "me").await.unwrap();
}

async fn what_is_in_the_way_of_an_import_stays(Fixture { stores, place }: Fixture) {
    filled(&stores).await;
    let export = exported(&stores).await;
    let there = another(&place);
    let stores = there.open().await;
    let op = put(bundle("orn:a:9", "{}"));
    stores.commits.commit(batch([op])).await.unwrap();
    let before = exported(&stores).await;
    drop(stores);
    let told = import(&there, export).await.unwrap_err().to_string();
    assert!(
        told.contains("not empty, there is a row of bundle"),
        "{told}"
    );
    assert_eq!(exported(&there.open().await).await, before);
}

/// Imports what is not as it has to be, sees that it has left nothing, and gives what was told.
async fn refused(place: &Place, export: String) -> String {
    let place = another(place);
    let error = import(&place, export).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert_eq!(exported(&place.open().await).await.lines().count(), 2);
    error.to_string()
}

async fn a_cut_export_is_refused_wherever_it_was_cut(Fixture { stores, place }: Fixture) {
    let ops = (0..3).map(|n| put(bundle(&format!("orn:a:{n}"), "{}")));
    stores.commits.commit(batch(ops)).await.unwrap();
    let export = exported(&stores).await;
    for length in (0..export.len() - 1).step_by(7) {
        let told = check_export(&export.as_bytes()[..length]).unwrap_err();
        assert!(matches!(told, StoreError::Invalid { .. }), "{told:?}");
    }
    let lines: Vec<_> = export.split_inclusive('\n').collect();
    let told = refused(&place, lines[..4].concat()).await;
    assert!(told.contains("ends after line 4"), "{told}");
    let told = refused(&place, export[..export.len() - 9].to_owned()).await;
    assert!(
        told.contains("line 5 of the export: it has no end"),
        "{told}"
    );
    let told = refused(&place, [lines[0], lines[1], lines[3], lines[4]].concat()).await;
    assert!(told.contains("not as many rows"), "{told}");
    let told = refused(&place, export.clone() + &export).await;
    assert!(told.contains("more comes after it"), "{told}");
    // An editor may have taken the very last end of a line.
    import(&another(&place), export.trim_end().to_owned())
        .await
        .unwrap();
}

/// An export with other lines, and a last line that fits them.
fn sealed(lines: &[&str]) -> String {
    let body = lines.concat();
    let digest = hex::encode(Sha256::digest(&body));
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for line in &lines[1..] {
        let kind = line.split('"').nth(1).unwrap();
        match counts.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => counts.push((kind, 1)),
        }
    }
    let counts = counts.iter().filter(|(kind, _)| *kind != "part");
    let counts: Vec<_> = counts.map(|(kind, n)| format!("\"{kind}\":{n}")).collect();
    let counts = counts.join(",");
    format!("{body}{{\"end\":{{\"rows\":{{{counts}}},\"sha256\":\"{digest}\"}}}}\n")
}

async fn an_export_in_which_a_line_was_changed_is_refused_with_the_line(
    Fixture { stores, place }: Fixture,
) {
    filled(&stores).await;
    let export = exported(&stores).await;
    let lines: Vec<_> = export.split_inclusive('\n').collect();
    let body = &lines[..lines.len() - 1];
    assert!(sealed(body) == export);
    let of = |kind: &str| {
        let begins = format!("{{\"{kind}\":");
        body.iter()
            .position(|line| line.starts_with(&begins))
            .unwrap()
    };
    // What only the last line notices.
    let audit = of("audit");
    let changed = export.replacen("\"who\":\"me\"", "\"who\":\"you\"", 1);
    let told = refused(&place, changed).await;
    assert!(told.contains("not as they were written"), "{told}");
    let with = |at: usize, line: &str| {
        let mut lines = body.to_vec();
        lines[at] = line;
        sealed(&lines)
    };
    let bundles = body
        .iter()
        .position(|line| line.starts_with(r#"{"bundle":{"rid":"orn:a:1""#))
        .unwrap();
    let cases = [
        (
            bundles,
            r#""contents":"{}""#,
            r#""contents":"{\"a\":1}""#,
            "another hash",
        ),
        (
            bundles,
            r#""contents":"{}""#,
            r#""contents":"{""#,
            "bundle.contents: contents are refused",
        ),
        (
            bundles,
            r#""rid":"orn:a:1""#,
            r#""rid":"orn:""#,
            "bundle.rid: ",
        ),
        (
            bundles,
            r#""contents":"{}""#,
            r#""contants":"{}""#,
            "there is no column \"contants\"",
        ),
        (
            bundles,
            r#""contents":"{}""#,
            r#""source":"orn:n:p""#,
            "there is no contents",
        ),
        (
            bundles,
            r#""contents":"{}""#,
            r#""contents":7"#,
            "bundle.contents: expected a text",
        ),
        (
            of("component"),
            r#""digest":""#,
            r#""digest":"0"#,
            "another digest",
        ),
        (
            of("inbox"),
            r#""depth":2"#,
            r#""depth":-2"#,
            "inbox.depth: it is -2",
        ),
        (
            of("inbox"),
            r#""depth":2"#,
            r#""depth":"2""#,
            "inbox.depth: expected a number",
        ),
        (
            of("inbox"),
            r#""arrived_as":"NEW""#,
            r#""arrived_as":"OLD""#,
            "inbox.arrived_as: ",
        ),
        (
            of("saved-state"),
            r#""state":"AQI=""#,
            r#""state":"AQI""#,
            "expected bytes in base64",
        ),
        (audit, "audit", "adit", "\"adit\" is no kind of row"),
        (audit, "}}", "}", "invalid JSON"),
        (audit, "}}", r#"},"x":1}"#, "one member"),
    ];
    for (at, what, other, why) in cases {
        assert!(body[at].contains(what), "{what} in {}", body[at]);
        let told = refused(&place, with(at, &body[at].replacen(what, other, 1))).await;
        assert!(told.contains(why), "{told}");
        let line = format!("line {} of the export", at + 1);
        assert!(told.contains(&line), "{told}");
    }
    let mut swapped = body.to_vec();
    swapped.swap(bundles, bundles + 1);
    let told = refused(&place, sealed(&swapped)).await;
    assert!(
        told.contains("in the order of their kinds and keys"),
        "{told}"
    );
    let mut missing = body.to_vec();
    // The active one.
    missing.remove(of("revision") + 1);
    let told = refused(&place, sealed(&missing)).await;
    assert!(
        told.contains("a row of active-revision is there twice, or one that"),
        "{told}"
    );
    let newer = with(0, "{\"format\":\"koi-mcp-export\",\"version\":2}\n");
    let told = refused(&place, newer).await;
    assert!(told.contains("has version 2"), "{told}");
    let told = refused(&place, with(0, "{\"format\":\"tar\"}\n")).await;
    assert!(told.contains("line 1"), "{told}");
}

async fn an_export_is_of_one_moment_while_others_write(Fixture { stores, .. }: Fixture) {
    // Enough that it is not all on its way before the writes.
    let text = "x".repeat(10_000);
    let contents = |n: u32| format!(r#"{{"n":{n},"text":"{text}"}}"#);
    let pairs = |n: u32| {
        // Of each RID, one bundle and one letter that says the same.
        let bundle = bundle("orn:a:pair", &contents(n));
        let enqueued = enqueue("orn:n:p", new(bundle.clone()));
        batch([put(bundle), enqueued])
    };
    let many = (0..200).map(|n| put(bundle(&format!("orn:a:{n:03}"), &contents(n))));
    stores.commits.commit(batch(many)).await.unwrap();
    stores.commits.commit(pairs(0)).await.unwrap();
    let mut export = stores.archive.export().await.unwrap();
    let first = export.try_next().await.unwrap().unwrap();
    for n in 1..20 {
        stores.commits.commit(pairs(n)).await.unwrap();
    }
    let rest: Vec<_> = export.try_collect().await.unwrap();
    let text = String::from_utf8([vec![first], rest].concat().concat()).unwrap();
    let rows = check_export(text.as_bytes()).unwrap();
    assert_eq!(rows, [("bundle", 201), ("outbox", 1)]);
    assert_eq!(text.matches(r#"\"n\":0,"#).count(), 3);
    // One that nobody reads to its end is let go.
    drop(stores.archive.export().await.unwrap());
    let newer = exported(&stores).await;
    assert_eq!(newer.matches(r#"\"n\":19,"#).count(), 3);
}
