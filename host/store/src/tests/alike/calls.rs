//! Calls, and how they come about.

use proptest::prelude::*;

use super::*;

/// Something that is asked of a store. What is there already is named by its place in its list, since
/// ids need not be the same.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Commit(Vec<Change>),
    Accept(Vec<usize>),
    Set(Vec<(usize, u8)>),
    Delete(Vec<usize>),
    Increment(usize, u64),
    Save(u64, u8),
    Install(usize, u8),
    InstallAs(usize, u8, usize),
    Activate(usize, u64, usize),
    Approve(usize, u64),
    Retire(usize, u64),
    Pin(usize, u64, bool),
    Deprecate(usize, u64, bool),
    Collect(usize, usize),
    Run(usize, Option<i64>, usize),
    AmendRun(usize, usize),
    Interrupt,
    Deactivate(usize),
    Grant(usize, u64),
    Begin(usize),
    Subscribe(usize, usize),
    Unsubscribe(usize, usize),
    Used(Vec<(usize, i64)>),
    End(usize),
    Expire(i64),
    Declare(Vec<usize>),
    Tend,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
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

pub(super) fn any_call() -> impl Strategy<Value = Call> {
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
        2 => (name.clone(), 0..3_u8, 0..5_usize)
            .prop_map(|(name, bytes, role)| Call::InstallAs(name, bytes, role)),
        2 => (name.clone(), 0..4_u64, 0..5_usize)
            .prop_map(|(name, revision, role)| Call::Activate(name, revision, role)),
        1 => (name.clone(), 0..4_u64).prop_map(|(name, revision)| Call::Approve(name, revision)),
        1 => (name.clone(), 0..4_u64).prop_map(|(name, revision)| Call::Retire(name, revision)),
        1 => (name.clone(), 0..4_u64, any::<bool>())
            .prop_map(|(name, revision, pinned)| Call::Pin(name, revision, pinned)),
        1 => (name.clone(), 0..4_u64, any::<bool>())
            .prop_map(|(name, revision, reason)| Call::Deprecate(name, revision, reason)),
        1 => (name.clone(), 0..3_usize).prop_map(|(name, keep)| Call::Collect(name, keep)),
        3 => (name.clone(), prop::option::of(0..4_i64), 0..3_usize)
            .prop_map(|(job, due, outcome)| Call::Run(job, due, outcome)),
        1 => (name.clone(), 0..3_usize).prop_map(|(job, outcome)| Call::AmendRun(job, outcome)),
        1 => Just(Call::Interrupt),
        1 => name.clone().prop_map(Call::Deactivate),
        1 => (name.clone(), 0..3_u64).prop_map(|(name, revision)| Call::Grant(name, revision)),
        2 => name.clone().prop_map(Call::Begin),
        2 => (name.clone(), uri.clone()).prop_map(|(id, uri)| Call::Subscribe(id, uri)),
        1 => (name.clone(), uri).prop_map(|(id, uri)| Call::Unsubscribe(id, uri)),
        1 => prop::collection::vec((name.clone(), time.clone()), 0..3).prop_map(Call::Used),
        1 => name.prop_map(Call::End),
        1 => time.prop_map(Call::Expire),
        2 => prop::collection::vec(0..2_usize, 0..3).prop_map(Call::Declare),
        2 => Just(Call::Tend),
    ]
}
