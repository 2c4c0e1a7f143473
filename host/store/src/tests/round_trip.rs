//! What is put is read back to the byte.

use koi_rid::{Extras, Manifest};
use proptest::prelude::*;

use super::*;
use crate::{ArrivalKind, StoredBundle};

on_every_backend_for_all! {
    bundles_are_read_as_they_were_put,
    arrivals_wait_as_they_were_accepted,
    events_leave_as_they_were_enqueued,
}

/// Any text but the odd characters that RIDs of some types canonicalise.
fn reference() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9/_.:üß漢🐟%' \"-]{1,40}"
}

fn any_rid() -> impl Strategy<Value = Rid> {
    ("orn:[a-z.]{1,9}:", reference())
        .prop_filter_map("not every text is a RID", |(rid_type, reference)| {
            Rid::parse(&format!("{rid_type}{reference}")).ok()
        })
}

/// JSON in spellings that a reader and printer would not keep.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e2".to_owned()),
        Just("1.50".to_owned()),
        Just("-0.0".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        Just(r#""\u00e9\/\n""#.to_owned()),
        any::<String>().prop_map(|text| {
            let mut out = String::new();
            koi_rid::json::write_string(&text, &mut out);
            out
        }),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[ {}]", items.join(" ,\t"))),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(value, 0..4).prop_map(|values| {
        let members: Vec<_> = values
            .iter()
            .zip(["z", "a b", "ü", "\\\""])
            .map(|(value, name)| format!("\"{name}\" : {value}"))
            .collect();
        format!("{{{}\n}}", members.join(" , "))
    })
}

fn any_contents() -> impl Strategy<Value = Contents> {
    object(any_json()).prop_map(|text| Contents::parse(&text).unwrap())
}

fn any_extras() -> impl Strategy<Value = Extras> {
    prop_oneof![
        Just(Extras::default()),
        object(any_json()).prop_map(|text| Extras::parse(&text).unwrap()),
    ]
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_i64, prop::bool::ANY).prop_map(|(s, micros, offset)| {
        let utc = Timestamp::from_micros(s * 1_000_000 + micros);
        match offset {
            false => utc,
            true => Timestamp::parse(&utc.as_str().replace('Z', "+05:30")).unwrap(),
        }
    })
}

fn any_manifest() -> impl Strategy<Value = Manifest> {
    (any_rid(), any_timestamp(), ".{0,80}", any_extras()).prop_map(
        |(rid, timestamp, sha256_hash, extras)| Manifest {
            rid,
            timestamp,
            sha256_hash,
            extras,
        },
    )
}

fn any_writer() -> impl Strategy<Value = Writer> {
    (".{0,9}", 0..=i64::MAX as u64, "[0-9a-f]{0,64}").prop_map(|(extension, revision, digest)| {
        Writer {
            extension,
            revision,
            digest,
        }
    })
}

fn any_event_type() -> impl Strategy<Value = EventType> {
    prop::sample::select(vec![EventType::New, EventType::Update, EventType::Forget])
}

fn any_event() -> impl Strategy<Value = Event> {
    (
        any_event_type(),
        any_rid(),
        prop::option::of(any_manifest()),
        prop::option::of(any_contents()),
        any::<bool>(),
    )
        .prop_map(|(event_type, rid, mut manifest, contents, same)| {
            if let Some(manifest) = manifest.as_mut().filter(|_| same) {
                manifest.rid = rid.clone();
            }
            Event {
                rid,
                event_type,
                manifest,
                contents,
            }
        })
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    (
        any_event(),
        any::<bool>(),
        prop::option::of(any_rid()),
        prop::option::of(any_writer()),
        prop::option::of(any_rid()),
        any::<u32>(),
        ".{0,20}",
    )
        .prop_map(
            |(event, listed, source, writer, cause, depth, correlation)| {
                let kind = match listed {
                    true => ArrivalKind::Listed,
                    false => ArrivalKind::Event(event.event_type),
                };
                Arrival {
                    kind,
                    source,
                    writer,
                    cause,
                    depth,
                    correlation,
                    ..Arrival::from(event)
                }
            },
        )
}

/// Timestamps are equal when their instants are, so texts are compared besides.
fn timestamp(manifest: &Option<Manifest>) -> Option<&str> {
    manifest
        .as_ref()
        .map(|manifest| manifest.timestamp.as_str())
}

/// How many inputs each property is tried with.
fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(24)
}

fn bundles_are_read_as_they_were_put(fixture: fn() -> Fixture) {
    let written = (
        any_manifest(),
        any_contents(),
        prop::option::of(any_writer()),
    );
    proptest!(cases(), |(items in prop::collection::vec(written, 1..12))| {
        let Fixture { stores, .. } = fixture();
        let ops = items.iter().cloned().map(|(manifest, contents, written_by)| Op::PutBundle {
            bundle: Bundle { manifest, contents },
            written_by,
            source: None,
        });
        block_on(stores.commits.commit(batch(ops))).unwrap();
        // The last of a RID is the one that stays.
        let kept: std::collections::BTreeMap<_, _> =
            items.into_iter().map(|item| (item.0.rid.clone(), item)).collect();
        for (rid, (manifest, contents, written_by)) in kept {
            let read = block_on(stores.bundles.read(&rid)).unwrap().unwrap();
            prop_assert_eq!(read.bundle.manifest.timestamp.as_str(), manifest.timestamp.as_str());
            let bundle = Bundle { manifest, contents };
            prop_assert_eq!(read, StoredBundle { bundle, written_by, source: None });
        }
    });
}

fn arrivals_wait_as_they_were_accepted(fixture: fn() -> Fixture) {
    proptest!(cases(), |(arrivals in prop::collection::vec(any_arrival(), 1..12))| {
        let Fixture { stores, .. } = fixture();
        block_on(stores.inbox.accept(arrivals.clone())).unwrap();
        let pending = block_on(stores.inbox.pending(0, 100)).unwrap();
        // Each for another reason: letters that say the same are counted as one.
        let letters = arrivals.iter().cloned().enumerate().map(|(number, arrival)| {
            Op::Bury(crate::DeadLetterDraft { reason: number.to_string(), ..draft(arrival) })
        });
        block_on(stores.commits.commit(batch(letters))).unwrap();
        let letters = block_on(stores.dead_letters.list(None, 100)).unwrap().items;
        prop_assert_eq!(pending.len(), arrivals.len());
        prop_assert_eq!(letters.len(), arrivals.len());
        let read = pending.into_iter().zip(letters.into_iter().rev());
        for ((entry, letter), arrival) in read.zip(arrivals) {
            prop_assert_eq!(timestamp(&entry.arrival.manifest), timestamp(&arrival.manifest));
            prop_assert_eq!(&entry.arrival, &arrival);
            prop_assert_eq!(letter.arrival, arrival);
        }
    });
}

fn events_leave_as_they_were_enqueued(fixture: fn() -> Fixture) {
    proptest!(cases(), |(events in prop::collection::vec(any_event(), 1..12))| {
        // Of one RID, the later event takes the place of the earlier one.
        let rids: std::collections::BTreeSet<_> = events.iter().map(|event| &event.rid).collect();
        prop_assume!(rids.len() == events.len());
        let Fixture { stores, .. } = fixture();
        let ops = events.iter().cloned().map(|event| enqueue("orn:n:p", event));
        block_on(stores.commits.commit(batch(ops))).unwrap();
        let entries = block_on(stores.outbox.next(&rid("orn:n:p"), 0, 100)).unwrap();
        let read: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
        prop_assert_eq!(read, events);
    });
}
