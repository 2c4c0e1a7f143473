//! All backends give the same answers to the same calls, whatever these are.

pub(crate) mod answers;
mod calls;

use koi_rid::Contents;
use proptest::prelude::*;

use super::*;
use crate::{
    Component, Declaration, JobOutcome, JobRun, McpSession, NewRevision, Role, Sent, Stores,
};
use answers::answers;
use calls::{Call, Change, any_call};

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

/// Paths of which some are declared, the second of what is not in all contents.
const PATHS: [&str; 2] = ["/n", "/even"];

fn declaration(path: &str) -> Declaration {
    Declaration {
        rid_type: rid_type("orn:a"),
        path: path.parse().unwrap(),
    }
}

fn contents(number: u8) -> Contents {
    if number.is_multiple_of(2) {
        let even = format!(r#"{{"n" : {number}, "even": "{}"}}"#, number % 3);
        return Contents::parse(&even).unwrap();
    }
    Contents::parse(&format!(r#"{{"n" : {number}}}"#)).unwrap()
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
            let component = Component::new([*byte]);
            let new = revision(NAMES[*name]);
            let installed = extensions.install(new, component, Role::Serving, "me");
            told(installed.await.map(|installed| installed.revision))
        }
        Call::InstallAs(name, byte, role) => {
            let new = NewRevision {
                publisher: Some("a\0b".to_owned()),
                ..revision(NAMES[*name])
            };
            let component = Component::new([*byte]);
            let installed = extensions.install(new, component, ROLES[*role], "me");
            told(installed.await.map(|installed| installed.revision))
        }
        Call::Activate(name, at, role) => {
            let name = NAMES[*name];
            told(extensions.activate(name, *at, ROLES[*role], "me").await)
        }
        Call::Approve(name, at) => told(extensions.approve(NAMES[*name], *at, "[]", "me").await),
        Call::Retire(name, at) => told(extensions.retire(NAMES[*name], *at, "me").await),
        Call::Pin(name, at, pinned) => told(extensions.pin(NAMES[*name], *at, *pinned, "me").await),
        Call::Deprecate(name, at, reason) => {
            let reason = reason.then(|| "a\0b".to_owned());
            told(extensions.deprecate(NAMES[*name], *at, reason, "me").await)
        }
        Call::Collect(name, keep) => told(extensions.collect(NAMES[*name], *keep).await),
        Call::Run(job, due, outcome) => {
            let run = JobRun {
                due: due.map(Timestamp::from_micros),
                outcome: OUTCOMES[*outcome],
                reason: Some("a\0b".to_owned()),
                ..job_run(NAMES[*job])
            };
            told(stores.job_runs.add(run).await.map(drop))
        }
        Call::AmendRun(job, outcome) => {
            let newest = stores.job_runs.last("x", NAMES[*job]).await.unwrap().newest;
            let run = JobRun {
                outcome: OUTCOMES[*outcome],
                ended: Some(Timestamp::from_micros(5)),
                ..newest.unwrap_or_else(|| job_run(NAMES[*job]))
            };
            told(stores.job_runs.amend(run).await)
        }
        Call::Interrupt => told(stores.job_runs.interrupt("it\0ended").await),
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
        Call::Declare(paths) => {
            let wanted: Vec<_> = paths.iter().map(|at| declaration(PATHS[*at])).collect();
            told(stores.indexes.declare(&wanted).await)
        }
        Call::Tend => told(stores.indexes.tend().await),
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
        publisher: None,
    }
}

const ROLES: [Role; 5] = [
    Role::Serving,
    Role::Beside,
    Role::Canary { share: 100 },
    Role::Shadow,
    Role::Held,
];

const OUTCOMES: [JobOutcome; 3] = [JobOutcome::Running, JobOutcome::Ok, JobOutcome::Failed];

fn job_run(job: &str) -> JobRun {
    JobRun {
        id: 0,
        extension: "x".to_owned(),
        job: job.to_owned(),
        due: None,
        times: 1,
        started: Timestamp::from_micros(4),
        ended: None,
        outcome: JobOutcome::Running,
        attempts: 1,
        reason: None,
        result: None,
        correlation: "c".to_owned(),
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
