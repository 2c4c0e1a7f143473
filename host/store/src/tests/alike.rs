//! All backends give the same answers to the same calls, whatever these are.

mod answers;

use koi_rid::Contents;
use proptest::prelude::*;

use super::*;
use crate::{McpSession, NewRevision, Sent, Stores};
use answers::answers;

/// Something that is asked of a store. What is there already is named by its place in its list, since
/// ids need not be the same.
#[derive(Debug, Clone)]
enum Call {
    Commit(Vec<Change>),
    Accept(Vec<usize>),
    Set(Vec<(usize, u8)>),
    Delete(Vec<usize>),
    Increment(usize, u64),
    Save(u64, u8),
    Install(usize, u8),
    Deactivate(usize),
    Grant(usize, u64),
    Begin(usize),
    Subscribe(usize, usize),
    Unsubscribe(usize, usize),
    Used(Vec<(usize, i64)>),
    End(usize),
    Expire(i64),
}

#[derive(Debug, Clone)]
enum Change {
    Put {
        rid: usize,
        contents: u8,
        time: i64,
        revision: Option<u64>,
    },
    Delete(usize),
    Accept(usize),
    Acknowledge(usize),
    Postpone(usize, u32),
    Enqueue {
        peer: usize,
        rid: usize,
        event_type: EventType,
        contents: u8,
    },
    Delivered(Vec<usize>),
    Attempted(Vec<usize>),
    Given(Vec<usize>),
    Withdraw(usize, usize),
    DropPeer(usize),
    Bury(usize, u8),
    Exhume(usize),
}

/// RIDs, among them one that begins another, and some that are the same for longer than an index looks.
fn rids() -> Vec<Rid> {
    let long = "x".repeat(2000);
    let texts = [
        "orn:a:1".to_owned(),
        "orn:a:12".to_owned(),
        "orn:a:é".to_owned(),
        "orn:a.b:1".to_owned(),
        "https://example.com/1".to_owned(),
        format!("orn:a:{long}"),
        format!("orn:a:{long}b"),
        format!("orn:a:{long}a"),
    ];
    texts.iter().map(|text| rid(text)).collect()
}

const PEERS: [&str; 2] = ["orn:n:p", "orn:n:q"];

/// Names and keys, in no order and with characters that not every database takes.
const NAMES: [&str; 4] = ["b", "a\0b", "ä", "a"];

fn contents(number: u8) -> Contents {
    Contents::parse(&format!(r#"{{"n" : {number}}}"#)).unwrap()
}

fn any_change() -> impl Strategy<Value = Change> {
    let (rid, place, peer) = (0..8_usize, 0..6_usize, 0..2_usize);
    let places = prop::collection::vec(0..6_usize, 0..4);
    let event_type =
        prop::sample::select(vec![EventType::New, EventType::Update, EventType::Forget]);
    let put = (
        rid.clone(),
        any::<u8>(),
        0..4_i64,
        prop::option::of(0..3_u64),
    )
        .prop_map(|(rid, contents, time, revision)| Change::Put {
            rid,
            contents,
            time,
            revision,
        });
    let enqueue = (peer.clone(), rid.clone(), event_type, any::<u8>()).prop_map(
        |(peer, rid, event_type, contents)| Change::Enqueue {
            peer,
            rid,
            event_type,
            contents,
        },
    );
    prop_oneof![
        4 => put,
        1 => rid.clone().prop_map(Change::Delete),
        2 => rid.clone().prop_map(Change::Accept),
        1 => place.clone().prop_map(Change::Acknowledge),
        1 => (place.clone(), any::<u32>()).prop_map(|(at, times)| Change::Postpone(at, times)),
        5 => enqueue,
        1 => places.clone().prop_map(Change::Delivered),
        1 => places.clone().prop_map(Change::Attempted),
        1 => places.prop_map(Change::Given),
        1 => (peer.clone(), rid.clone()).prop_map(|(peer, rid)| Change::Withdraw(peer, rid)),
        1 => peer.prop_map(Change::DropPeer),
        2 => (rid, 0..2_u8).prop_map(|(rid, reason)| Change::Bury(rid, reason)),
        1 => place.prop_map(Change::Exhume),
    ]
}

fn any_call() -> impl Strategy<Value = Call> {
    let (name, uri, time) = (0..4_usize, 0..8_usize, 0..4_i64);
    prop_oneof![
        6 => prop::collection::vec(any_change(), 1..8).prop_map(Call::Commit),
        1 => prop::collection::vec(uri.clone(), 0..4).prop_map(Call::Accept),
        2 => prop::collection::vec((name.clone(), any::<u8>()), 0..4).prop_map(Call::Set),
        1 => prop::collection::vec(name.clone(), 0..3).prop_map(Call::Delete),
        1 => (name.clone(), prop_oneof![Just(u64::MAX), 0..9_u64])
            .prop_map(|(key, delta)| Call::Increment(key, delta)),
        1 => (0..3_u64, any::<u8>()).prop_map(|(revision, state)| Call::Save(revision, state)),
        1 => (name.clone(), 0..3_u8).prop_map(|(name, bytes)| Call::Install(name, bytes)),
        1 => name.clone().prop_map(Call::Deactivate),
        1 => (name.clone(), 0..3_u64).prop_map(|(name, revision)| Call::Grant(name, revision)),
        2 => name.clone().prop_map(Call::Begin),
        2 => (name.clone(), uri.clone()).prop_map(|(id, uri)| Call::Subscribe(id, uri)),
        1 => (name.clone(), uri).prop_map(|(id, uri)| Call::Unsubscribe(id, uri)),
        1 => prop::collection::vec((name.clone(), time.clone()), 0..3).prop_map(Call::Used),
        1 => name.prop_map(Call::End),
        1 => time.prop_map(Call::Expire),
    ]
}

/// What a change is for a store: with the ids of what is there at the places that it names.
async fn op(stores: &Stores, change: &Change) -> Op {
    let rids = rids();
    let waiting = async |place: &usize| {
        let entries = stores.inbox.pending(0, 100).await.unwrap();
        entries.get(*place).map_or(u64::MAX, |entry| entry.id)
    };
    let sent = async |places: &[usize]| -> Vec<Sent> {
        let entries = stores.outbox.next(&rid(PEERS[0]), 0, 100).await.unwrap();
        let sent = places.iter().filter_map(|place| entries.get(*place));
        sent.map(|entry| entry.sent()).collect()
    };
    match change {
        Change::Put {
            rid,
            contents: number,
            time,
            revision,
        } => {
            let mut bundle = Bundle::generate(rids[*rid].clone(), contents(*number));
            bundle.manifest.timestamp = Timestamp::from_micros(*time);
            Op::PutBundle {
                bundle,
                written_by: revision.map(writer),
                source: None,
            }
        }
        Change::Delete(at) => Op::DeleteBundle {
            rid: rids[*at].clone(),
        },
        Change::Accept(at) => Op::Accept(arrival(rids[*at].as_str())),
        Change::Acknowledge(place) => Op::Acknowledge(waiting(place).await),
        Change::Postpone(place, attempts) => Op::Postpone {
            id: waiting(place).await,
            attempts: *attempts,
            due: Timestamp::from_micros(1),
        },
        Change::Enqueue {
            peer,
            rid,
            event_type,
            contents: number,
        } => {
            let mut bundle = Bundle::generate(rids[*rid].clone(), contents(*number));
            bundle.manifest.timestamp = Timestamp::from_micros(2);
            enqueue(PEERS[*peer], Event::of_bundle(*event_type, bundle))
        }
        Change::Delivered(places) => Op::Delivered {
            sent: sent(places).await,
        },
        Change::Attempted(places) => Op::Attempted {
            sent: sent(places).await,
        },
        Change::Given(places) => Op::Given {
            sent: sent(places).await,
        },
        Change::Withdraw(peer, at) => Op::Withdraw {
            peer: rid(PEERS[*peer]),
            rid: rids[*at].clone(),
        },
        Change::DropPeer(peer) => Op::DropPeer {
            peer: rid(PEERS[*peer]),
        },
        Change::Bury(at, reason) => Op::Bury(DeadLetterDraft {
            reason: format!("because\0{reason}"),
            at: Timestamp::from_micros(3),
            ..draft(Arrival::from(Event::of_rid(
                EventType::Forget,
                rids[*at].clone(),
            )))
        }),
        Change::Exhume(place) => {
            let letters = stores.dead_letters.list(None, 100).await.unwrap().items;
            Op::Exhume(letters.get(*place).map_or(u64::MAX, |letter| letter.id))
        }
    }
}

/// What a store answers to a call: the kinds of errors, and of ids how many.
async fn call(stores: &Stores, call: &Call) -> String {
    let key_values = |values: &[(usize, u8)]| {
        let value = |(key, value): &(usize, u8)| (NAMES[*key].to_owned(), vec![*value]);
        values.iter().map(value).collect::<Vec<_>>()
    };
    let kv = &stores.key_value;
    let sessions = &stores.mcp_sessions;
    let extensions = &stores.extensions;
    match call {
        Call::Commit(changes) => {
            let mut ops = Vec::new();
            for change in changes {
                ops.push(op(stores, change).await);
            }
            let committed = stores.commits.commit(batch(ops)).await;
            told(committed.map(|committed| committed.accepted.len()))
        }
        Call::Accept(at) => {
            let arrivals = at.iter().map(|at| arrival(rids()[*at].as_str()));
            let ids = stores.inbox.accept(arrivals.collect()).await;
            told(ids.map(|ids| ids.len()))
        }
        Call::Set(values) => told(kv.set_many("x", "b", key_values(values)).await),
        Call::Delete(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| NAMES[*key].to_owned()).collect();
            told(kv.delete_many("x", "b", &keys).await)
        }
        Call::Increment(key, delta) => told(kv.increment("x", "b", NAMES[*key], *delta).await),
        Call::Save(revision, state) => {
            told(stores.saved_states.save("x", *revision, vec![*state]).await)
        }
        Call::Install(name, byte) => {
            let component = [*byte];
            let installed = extensions.install(revision(NAMES[*name]), &component, "me");
            told(installed.await.map(|installed| installed.revision))
        }
        Call::Deactivate(name) => told(extensions.deactivate(NAMES[*name], "me").await),
        Call::Grant(name, revision) => told(
            extensions
                .set_grants(NAMES[*name], *revision, "[]", "me")
                .await,
        ),
        Call::Begin(id) => told(sessions.begin(session(NAMES[*id]), 3).await),
        Call::Subscribe(id, uri) => {
            let uri = &rids()[*uri];
            told(sessions.subscribe(NAMES[*id], uri.as_str(), 4000).await)
        }
        Call::Unsubscribe(id, uri) => told(
            sessions
                .unsubscribe(NAMES[*id], rids()[*uri].as_str())
                .await,
        ),
        Call::Used(used) => {
            let used = used
                .iter()
                .map(|(id, at)| (NAMES[*id].to_owned(), Timestamp::from_micros(*at)));
            told(sessions.used(used.collect()).await)
        }
        Call::End(id) => told(sessions.end(NAMES[*id]).await),
        Call::Expire(before) => told(sessions.expire(&Timestamp::from_micros(*before)).await),
    }
}

fn revision(extension: &str) -> NewRevision {
    NewRevision {
        extension: extension.to_owned(),
        version: "1\0".to_owned(),
        description: "{}".to_owned(),
        grants: "{}".to_owned(),
        settings: "{}".to_owned(),
        tool_prefix: String::new(),
        source: "a test".to_owned(),
    }
}

fn session(id: &str) -> McpSession {
    McpSession {
        id: id.to_owned(),
        principal: None,
        endpoint: "/mcp".to_owned(),
        initialize: "{}".to_owned(),
        log_level: None,
        subscriptions: Vec::new(),
        last_used: Timestamp::from_micros(2),
    }
}

fn told<T: std::fmt::Debug>(answer: crate::Result<T>) -> String {
    match answer {
        Ok(value) => format!("{value:?}"),
        Err(crate::StoreError::NotFound { .. }) => "not found".to_owned(),
        Err(crate::StoreError::Invalid { what }) => what,
        Err(_) => "another error".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_backends_answer_the_same(calls in prop::collection::vec(any_call(), 1..30)) {
        let one = fixture::sqlite();
        let other = block_on(fixture::postgres());
        for asked in &calls {
            let answer = block_on(call(&one.stores, asked));
            prop_assert_eq!(answer, block_on(call(&other.stores, asked)), "{:?}", asked);
        }
        let all = block_on(answers(&one.stores));
        for (one, other) in all.into_iter().zip(block_on(answers(&other.stores))) {
            prop_assert_eq!(one, other);
        }
    }
}
