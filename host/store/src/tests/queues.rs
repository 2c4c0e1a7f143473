use super::*;
use crate::{ArrivalKind, StoreError};

on_every_backend! {
    accepted_arrivals_wait_in_their_order_until_they_are_acknowledged,
    accepting_nothing_answers_with_nothing,
    an_inbox_id_is_not_given_again_when_its_entry_has_gone,
    a_postponed_entry_keeps_its_attempts_and_its_time,
    what_waits_is_given_in_parts_when_it_is_very_large,
    a_peer_is_told_in_the_order_of_enqueuing,
    outbox_entries_go_when_delivered_or_when_the_peer_is_dropped,
    a_newer_event_of_a_rid_takes_the_place_of_the_older_one,
    a_forget_takes_what_is_before_it_and_stays_before_what_is_after_it,
    what_has_taken_the_place_of_what_was_sent_still_waits,
    what_a_peer_has_told_itself_is_withdrawn_for_that_peer_alone,
    a_letter_that_says_the_same_again_is_counted,
    dead_letters_are_listed_newest_first_over_pages,
    a_cursor_of_nobodys_making_is_refused,
    a_dead_letter_is_driven_again_once_however_often_it_is_asked_for,
}

async fn accepted_arrivals_wait_in_their_order_until_they_are_acknowledged(
    Fixture { stores, .. }: Fixture,
) {
    let arrivals: Vec<_> = ["orn:a:3", "orn:a:1", "orn:a:2"].map(arrival).into();
    let ids = stores.inbox.accept(arrivals.clone()).await.unwrap();
    assert!(ids.is_sorted());
    assert_eq!(stores.inbox.len().await.unwrap(), 3);
    let pending = stores.inbox.pending(0, 10).await.unwrap();
    assert_eq!(
        pending
            .iter()
            .map(|entry| (entry.id, entry.arrival.clone()))
            .collect::<Vec<_>>(),
        ids.iter().copied().zip(arrivals).collect::<Vec<_>>()
    );
    let acknowledge = batch([Op::Acknowledge(ids[1]), Op::Acknowledge(ids[1])]);
    stores.commits.commit(acknowledge).await.unwrap();
    let rest = stores.inbox.pending(ids[0], 10).await.unwrap();
    assert_eq!(
        rest.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [ids[2]]
    );
    assert_eq!(stores.inbox.pending(0, 1).await.unwrap().len(), 1);
}

async fn accepting_nothing_answers_with_nothing(Fixture { stores, .. }: Fixture) {
    assert!(stores.inbox.accept(Vec::new()).await.unwrap().is_empty());
}

async fn an_inbox_id_is_not_given_again_when_its_entry_has_gone(Fixture { stores, .. }: Fixture) {
    let first = stores.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    stores
        .commits
        .commit(batch([Op::Acknowledge(first[0])]))
        .await
        .unwrap();
    let second = stores.inbox.accept(vec![arrival("orn:a:2")]).await.unwrap();
    assert!(second[0] > first[0]);
}

async fn a_postponed_entry_keeps_its_attempts_and_its_time(Fixture { stores, .. }: Fixture) {
    let ids = stores.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    let due = Timestamp::parse("2040-01-02T03:04:05.000006Z").unwrap();
    let postpone = Op::Postpone {
        id: ids[0],
        attempts: 2,
        due,
    };
    stores.commits.commit(batch([postpone])).await.unwrap();
    let pending = stores.inbox.pending(0, 10).await.unwrap();
    assert_eq!((pending[0].attempts, pending[0].due), (2, due));
}

async fn what_waits_is_given_in_parts_when_it_is_very_large(Fixture { stores, .. }: Fixture) {
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
    let events: Vec<_> = (0..3)
        .map(|n| new(bundle(&format!("orn:a:{n}"), &large)))
        .collect();
    let arrivals = events.iter().cloned().map(Arrival::from).collect();
    let ids = stores.inbox.accept(arrivals).await.unwrap();
    let ops = events.into_iter().flat_map(|event| {
        let letter = draft(Arrival::from(event.clone()));
        [Op::Bury(letter), enqueue("orn:n:p", event)]
    });
    stores.commits.commit(batch(ops)).await.unwrap();
    assert_eq!(stores.inbox.pending(0, 100).await.unwrap().len(), 2);
    assert_eq!(stores.inbox.pending(ids[1], 100).await.unwrap().len(), 1);
    let peer = rid("orn:n:p");
    let first = stores.outbox.next(&peer, 0, 100).await.unwrap();
    assert_eq!(first.len(), 2);
    let rest = stores.outbox.next(&peer, first[1].id, 100).await.unwrap();
    assert_eq!(rest.len(), 1);
    let first = stores.dead_letters.list(None, 100).await.unwrap();
    assert_eq!(first.items.len(), 2);
    let rest = stores.dead_letters.list(first.next, 100).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

async fn a_peer_is_told_in_the_order_of_enqueuing(Fixture { stores, .. }: Fixture) {
    let event = |n: usize| new(bundle(&format!("orn:a:{n}"), "{}"));
    let ops = (0..6).map(|n| enqueue(["orn:n:q", "orn:n:p"][n % 2], event(n)));
    stores.commits.commit(batch(ops)).await.unwrap();
    let peers = stores.outbox.peers().await.unwrap();
    assert_eq!(peers, [rid("orn:n:p"), rid("orn:n:q")]);
    let entries = stores.outbox.next(&rid("orn:n:q"), 0, 10).await.unwrap();
    let rids: Vec<_> = entries
        .iter()
        .map(|entry| entry.event.rid.as_str())
        .collect();
    assert_eq!(rids, ["orn:a:0", "orn:a:2", "orn:a:4"]);
    assert!(entries.is_sorted_by_key(|entry| entry.id));
    let rest = stores
        .outbox
        .next(&rid("orn:n:q"), entries[0].id, 1)
        .await
        .unwrap();
    assert_eq!(rest, [entries[1].clone()]);
}

async fn outbox_entries_go_when_delivered_or_when_the_peer_is_dropped(
    Fixture { stores, .. }: Fixture,
) {
    let forget = |peer, text| enqueue(peer, Event::of_rid(EventType::Forget, rid(text)));
    let ops = [
        forget("orn:n:p", "orn:a:1"),
        forget("orn:n:p", "orn:a:2"),
        forget("orn:n:q", "orn:a:1"),
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    let (p, q) = (rid("orn:n:p"), rid("orn:n:q"));
    let entries = stores.outbox.next(&p, 0, 10).await.unwrap();
    let sent: Vec<_> = entries.iter().map(|entry| entry.sent()).collect();
    let counted = [
        Op::Attempted { sent: sent.clone() },
        Op::Given { sent: sent.clone() },
        Op::Given { sent: sent.clone() },
    ];
    stores.commits.commit(batch(counted)).await.unwrap();
    let first = stores.outbox.next(&p, 0, 10).await.unwrap().remove(0);
    assert_eq!((first.attempts, first.given), (1, 2));
    let delivered = Op::Delivered {
        sent: vec![sent[0], sent[0]],
    };
    stores.commits.commit(batch([delivered])).await.unwrap();
    assert_eq!(stores.outbox.len(Some(&p)).await.unwrap(), 1);
    assert_eq!(stores.outbox.len(None).await.unwrap(), 2);
    let drop = Op::DropPeer { peer: p.clone() };
    stores.commits.commit(batch([drop])).await.unwrap();
    assert_eq!(stores.outbox.len(Some(&p)).await.unwrap(), 0);
    assert_eq!(stores.outbox.peers().await.unwrap(), [q]);
}

/// What waits for a peer: event types, references and texts.
async fn waiting(stores: &crate::Stores, peer: &str) -> Vec<(EventType, String, String)> {
    let entries = stores.outbox.next(&rid(peer), 0, 100).await.unwrap();
    let parts = |event: Event| {
        let contents = event.contents.map(|contents| contents.as_str().to_owned());
        (
            event.event_type,
            event.rid.to_string(),
            contents.unwrap_or_default(),
        )
    };
    entries
        .into_iter()
        .map(|entry| parts(entry.event))
        .collect()
}

async fn a_newer_event_of_a_rid_takes_the_place_of_the_older_one(Fixture { stores, .. }: Fixture) {
    let event = |event_type, text, contents| Event::of_bundle(event_type, bundle(text, contents));
    let ops = [
        event(EventType::New, "orn:a:1", r#"{"v":1}"#),
        event(EventType::Update, "orn:a:2", r#"{"v":1}"#),
        event(EventType::Update, "orn:a:1", r#"{"v":2}"#),
        event(EventType::Update, "orn:a:2", r#"{"v":2}"#),
    ]
    .map(|event| enqueue("orn:n:p", event));
    stores.commits.commit(batch(ops)).await.unwrap();
    let new = (
        EventType::New,
        "orn:a:1".to_owned(),
        r#"{"v":2}"#.to_owned(),
    );
    let update = (
        EventType::Update,
        "orn:a:2".to_owned(),
        r#"{"v":2}"#.to_owned(),
    );
    assert_eq!(waiting(&stores, "orn:n:p").await, [new, update]);
}

async fn a_forget_takes_what_is_before_it_and_stays_before_what_is_after_it(
    Fixture { stores, .. }: Fixture,
) {
    let new = |text, contents| enqueue("orn:n:p", new(bundle(text, contents)));
    let forget = || enqueue("orn:n:p", Event::of_rid(EventType::Forget, rid("orn:a:1")));
    let ops = [
        new("orn:a:1", r#"{"v":1}"#),
        forget(),
        new("orn:a:1", r#"{"v":2}"#),
        new("orn:a:2", "{}"),
        forget(),
        new("orn:a:1", r#"{"v":3}"#),
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    let types: Vec<_> = waiting(&stores, "orn:n:p")
        .await
        .into_iter()
        .map(|(event_type, rid, contents)| format!("{event_type} {rid} {contents}"))
        .collect();
    assert_eq!(
        types,
        [
            "NEW orn:a:2 {}",
            "FORGET orn:a:1 ",
            r#"NEW orn:a:1 {"v":3}"#
        ]
    );
}

async fn what_has_taken_the_place_of_what_was_sent_still_waits(Fixture { stores, .. }: Fixture) {
    let event = |contents| enqueue("orn:n:p", new(bundle("orn:a:1", contents)));
    let peer = rid("orn:n:p");
    stores.commits.commit(batch([event("{}")])).await.unwrap();
    let sent = vec![stores.outbox.next(&peer, 0, 1).await.unwrap()[0].sent()];
    let ops = [
        Op::Given { sent: sent.clone() },
        event(r#"{"v":2}"#),
        Op::Attempted { sent: sent.clone() },
        Op::Given { sent: sent.clone() },
        Op::Delivered { sent },
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    let left = stores.outbox.next(&peer, 0, 1).await.unwrap().remove(0);
    assert_eq!((left.attempts, left.given), (0, 0));
    assert_eq!(left.event.contents.unwrap().as_str(), r#"{"v":2}"#);
}

async fn what_a_peer_has_told_itself_is_withdrawn_for_that_peer_alone(
    Fixture { stores, .. }: Fixture,
) {
    let event = |peer, text| enqueue(peer, new(bundle(text, "{}")));
    let ops = [
        event("orn:n:p", "orn:a:1"),
        event("orn:n:p", "orn:a:2"),
        event("orn:n:q", "orn:a:1"),
        Op::Withdraw {
            peer: rid("orn:n:p"),
            rid: rid("orn:a:1"),
        },
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    assert_eq!(waiting(&stores, "orn:n:p").await[0].1, "orn:a:2");
    assert_eq!(stores.outbox.len(None).await.unwrap(), 2);
}

async fn a_letter_that_says_the_same_again_is_counted(Fixture { stores, .. }: Fixture) {
    let other = crate::DeadLetterDraft {
        reason: "another".to_owned(),
        ..draft(arrival("orn:a:1"))
    };
    let same = || Op::Bury(draft(arrival("orn:a:1")));
    let ops = [
        same(),
        Op::Bury(draft(arrival("orn:a:2"))),
        same(),
        Op::Bury(other),
        same(),
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
    let letters = stores.dead_letters.list(None, 10).await.unwrap().items;
    let times: Vec<_> = letters
        .iter()
        .map(|letter| (letter.arrival.rid.as_str(), letter.times))
        .collect();
    assert_eq!(times, [("orn:a:1", 3), ("orn:a:1", 1), ("orn:a:2", 1)]);
}

async fn dead_letters_are_listed_newest_first_over_pages(Fixture { stores, .. }: Fixture) {
    let ops = (0..5).map(|n| Op::Bury(draft(arrival(&format!("orn:a:{n}")))));
    stores.commits.commit(batch(ops)).await.unwrap();
    let mut rids = Vec::new();
    let mut cursor = None;
    loop {
        let page = stores.dead_letters.list(cursor, 2).await.unwrap();
        rids.extend(
            page.items
                .iter()
                .map(|letter| letter.arrival.rid.to_string()),
        );
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(
        rids,
        ["orn:a:4", "orn:a:3", "orn:a:2", "orn:a:1", "orn:a:0"]
    );
}

async fn a_cursor_of_nobodys_making_is_refused(Fixture { stores, .. }: Fixture) {
    let refused = stores.dead_letters.list(Some("x".to_owned()), 2).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
}

async fn a_dead_letter_is_driven_again_once_however_often_it_is_asked_for(
    Fixture { stores, .. }: Fixture,
) {
    let mut buried = arrival("orn:a:1");
    buried.kind = ArrivalKind::Listed;
    let bury = Op::Bury(draft(buried.clone()));
    stores.commits.commit(batch([bury])).await.unwrap();
    let letters = stores.dead_letters.list(None, 1).await.unwrap().items;
    let letter = stores.dead_letters.read(letters[0].id).await.unwrap();
    assert_eq!(letter.as_ref(), letters.first());
    let again = batch([Op::Accept(buried), Op::Exhume(letters[0].id)]);
    let committed = stores.commits.commit(again.clone()).await.unwrap();
    assert_eq!(committed.accepted.len(), 1);
    let second = stores.commits.commit(again).await;
    assert!(matches!(second, Err(StoreError::NotFound { .. })));
    assert_eq!(stores.inbox.len().await.unwrap(), 1);
    assert_eq!(stores.dead_letters.read(letters[0].id).await.unwrap(), None);
}
