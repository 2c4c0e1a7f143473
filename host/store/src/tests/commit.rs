use super::*;
use crate::{Sent, StoreError};

on_every_backend! {
    a_bundle_its_outbox_rows_and_its_acknowledgement_are_committed_together,
    a_batch_with_a_failing_change_leaves_nothing,
    a_number_that_cannot_be_stored_is_refused_with_its_batch,
    changes_of_ids_that_never_were_change_nothing,
    of_batches_asked_for_at_once_each_fails_or_succeeds_on_its_own,
    readers_see_whole_batches_while_writers_write,
}

async fn a_bundle_its_outbox_rows_and_its_acknowledgement_are_committed_together(
    Fixture { stores, .. }: Fixture,
) {
    let ids = stores.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    let bundle = bundle("orn:a:1", "{}");
    let committed = stores
        .commits
        .commit(batch([
            put(bundle.clone()),
            Op::Acknowledge(ids[0]),
            enqueue("orn:n:p", new(bundle.clone())),
            Op::Accept(arrival("orn:a:2")),
            Op::Accept(arrival("orn:a:3")),
        ]))
        .await
        .unwrap();
    let stored = stores.bundles.read(&rid("orn:a:1")).await.unwrap().unwrap();
    assert_eq!(stored.bundle, bundle);
    assert_eq!(stores.outbox.len(None).await.unwrap(), 1);
    let pending = stores.inbox.pending(0, 10).await.unwrap();
    let ids: Vec<_> = pending.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, committed.accepted);
}

async fn a_batch_with_a_failing_change_leaves_nothing(Fixture { stores, .. }: Fixture) {
    let ids = stores.inbox.accept(vec![arrival("orn:a:1")]).await.unwrap();
    let bundle = bundle("orn:a:1", "{}");
    let refused = stores
        .commits
        .commit(batch([
            put(bundle.clone()),
            Op::Acknowledge(ids[0]),
            enqueue("orn:n:p", new(bundle)),
            Op::Bury(draft(arrival("orn:a:1"))),
            Op::Exhume(99),
        ]))
        .await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    assert_eq!(stores.bundles.read(&rid("orn:a:1")).await.unwrap(), None);
    assert_eq!(stores.inbox.len().await.unwrap(), 1);
    assert_eq!(stores.outbox.len(None).await.unwrap(), 0);
    assert!(
        stores
            .dead_letters
            .list(None, 1)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

async fn a_number_that_cannot_be_stored_is_refused_with_its_batch(Fixture { stores, .. }: Fixture) {
    let op = Op::PutBundle {
        bundle: bundle("orn:a:1", "{}"),
        written_by: Some(writer(u64::MAX)),
        source: None,
    };
    let refused = stores.commits.commit(batch([op])).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    assert_eq!(stores.bundles.read(&rid("orn:a:1")).await.unwrap(), None);
}

async fn changes_of_ids_that_never_were_change_nothing(Fixture { stores, .. }: Fixture) {
    let ops = [
        Op::Acknowledge(u64::MAX),
        Op::Postpone {
            id: 0,
            attempts: 1,
            due: Timestamp::now(),
        },
        Op::Delivered {
            sent: vec![Sent { id: 0, version: 0 }],
        },
        Op::Attempted {
            sent: vec![Sent { id: 9, version: 0 }],
        },
        Op::Given {
            sent: vec![Sent { id: 9, version: 0 }],
        },
        Op::Withdraw {
            peer: rid("orn:n:p"),
            rid: rid("orn:a:1"),
        },
        Op::DropPeer {
            peer: rid("orn:n:p"),
        },
    ];
    stores.commits.commit(batch(ops)).await.unwrap();
}

async fn of_batches_asked_for_at_once_each_fails_or_succeeds_on_its_own(
    Fixture { stores, .. }: Fixture,
) {
    let tasks: Vec<_> = (0..400)
        .map(|n| {
            let commits = stores.commits.clone();
            tokio::spawn(async move {
                let mut ops = vec![put(bundle(&format!("orn:a:{n}"), "{}"))];
                if n % 50 == 7 {
                    ops.push(Op::Exhume(1));
                }
                commits.commit(batch(ops)).await.is_ok()
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), n % 50 != 7);
        let stored = stores
            .bundles
            .read(&rid(&format!("orn:a:{n}")))
            .await
            .unwrap();
        assert_eq!(stored.is_some(), n % 50 != 7);
    }
}

async fn readers_see_whole_batches_while_writers_write(Fixture { stores, .. }: Fixture) {
    let writers = (0..4).map(|w| {
        let commits = stores.commits.clone();
        tokio::spawn(async move {
            for n in 0..25 {
                let pair = ["left", "right"].map(|side| {
                    put(bundle(
                        &format!("orn:{side}:{w}"),
                        &format!(r#"{{"n":{n}}}"#),
                    ))
                });
                commits.commit(batch(pair)).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        for w in 0..4 {
            let pair = ["left", "right"].map(|side| rid(&format!("orn:{side}:{w}")));
            let found = stores.bundles.read_many(&pair).await.unwrap();
            assert!(found.is_empty() || found.len() == 2);
            if let [left, right] = &found[..] {
                assert_eq!(left.bundle.contents, right.bundle.contents);
            }
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
