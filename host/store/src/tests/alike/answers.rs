//! Everything that a store can be asked for, but for what need not be the same: ids and times of day.

use koi_rid::{BundleOrder, Filter};

use super::*;
use crate::{BundleQuery, KeyValueUsage, WrittenQuery};

/// All that a store answers when it is asked for everything.
pub(crate) async fn answers(stores: &Stores) -> Vec<String> {
    let mut answers = lists(stores).await;
    answers.extend(indexed(stores).await);
    answers.extend(queues(stores).await);
    answers.extend(kept(stores).await);
    answers
}

async fn lists(stores: &Stores) -> Vec<String> {
    let bundles = &stores.bundles;
    let mut answers = vec![
        format!("{:?}", bundles.read_many(&rids()).await.unwrap()),
        format!("{:?}", bundles.count().await.unwrap()),
    ];
    for query in queries() {
        let mut query = query;
        loop {
            let page = bundles.list(&query).await.unwrap();
            answers.push(format!("{query:?} {page:?}"));
            let rids = bundles.rids(&query).await;
            let manifests = bundles.manifests(&query).await;
            if query.order == BundleOrder::Rid {
                answers.push(format!("{rids:?} {manifests:?}"));
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
    }
    let mut written = WrittenQuery {
        extension: writer(0).extension,
        revision: None,
        cursor: None,
        limit: 2,
    };
    loop {
        let page = bundles.written_by(&written).await.unwrap();
        answers.push(format!("{page:?}"));
        match page.next {
            Some(next) => written.cursor = Some(next),
            None => return answers,
        }
    }
}

/// Lists along whatever is indexed, as it is and when it is whole.
async fn indexed(stores: &Stores) -> Vec<String> {
    let mut answers = Vec::new();
    for whole in [false, true] {
        while whole && stores.indexes.tend().await.unwrap() {}
        answers.push(format!("{:?}", stores.indexes.indexes().await));
        for order in [
            "rid",
            "-rid",
            "timestamp",
            "-timestamp",
            "/n",
            "-/n",
            "/even",
        ] {
            for filter in [
                r#"{"path":"/n","lt":128}"#,
                r#"{"path":"/even","eq":"1"}"#,
                r#"{"all":[{"path":"/even","in":["0","1"]},{"path":"/n","ge":64}]}"#,
            ] {
                let mut query = BundleQuery {
                    rid_types: vec![rid_type("orn:a")],
                    filter: Some(Filter::parse(filter).unwrap()),
                    order: order.parse().unwrap(),
                    limit: 1,
                    ..BundleQuery::default()
                };
                loop {
                    let page = stores.bundles.list(&query).await;
                    query.cursor = page.as_ref().ok().and_then(|page| page.next.clone());
                    answers.push(format!("{order} {filter} {}", told(page)));
                    if query.cursor.is_none() {
                        break;
                    }
                }
            }
        }
    }
    answers
}

/// Types, beginnings, filters and orders, over pages of several sizes.
fn queries() -> Vec<BundleQuery> {
    let mut queries = Vec::new();
    let orders = [
        BundleOrder::Rid,
        BundleOrder::RidDescending,
        BundleOrder::Timestamp,
        BundleOrder::TimestampDescending,
    ];
    for order in orders {
        let is_timed = order.is_timed();
        for types in [&["orn:a"][..], &["orn:a.b", "orn:a"], &[]] {
            for prefix in [None, Some("1"), Some("xxx")] {
                for (filter, limit) in [(None, 2), (Some(r#"{"path":"/n","lt":128}"#), 1)] {
                    if is_timed && types.len() != 1 {
                        continue;
                    }
                    queries.push(BundleQuery {
                        rid_types: types.iter().map(|text| rid_type(text)).collect(),
                        reference_prefix: prefix.map(str::to_owned),
                        filter: filter.map(|filter| Filter::parse(filter).unwrap()),
                        order: order.clone(),
                        cursor: None,
                        limit,
                    });
                }
            }
        }
    }
    queries
}

async fn queues(stores: &Stores) -> Vec<String> {
    let mut answers = Vec::new();
    for entry in stores.inbox.pending(0, 100).await.unwrap() {
        let waits = entry.due == Timestamp::from_micros(1);
        // An arrival has a timestamp of its own making.
        let what = entry.arrival.rid;
        answers.push(format!("{what} {} {waits}", entry.attempts));
    }
    answers.push(format!("{:?}", stores.outbox.peers().await.unwrap()));
    for peer in PEERS.map(rid) {
        let entries = stores.outbox.next(&peer, 0, 100).await.unwrap();
        assert!(entries.is_sorted_by_key(|entry| entry.id));
        let entries = entries
            .into_iter()
            .map(|entry| crate::OutboxEntry { id: 0, ..entry });
        answers.push(format!("{:?}", entries.collect::<Vec<_>>()));
        answers.push(format!("{:?}", stores.outbox.len(Some(&peer)).await));
    }
    let letters = stores.dead_letters.list(None, 100).await.unwrap().items;
    let letters = letters
        .into_iter()
        .map(|letter| crate::DeadLetter { id: 0, ..letter });
    answers.push(format!("{:?}", letters.collect::<Vec<_>>()));
    answers
}

async fn kept(stores: &Stores) -> Vec<String> {
    let kv = &stores.key_value;
    let names = NAMES.map(str::to_owned);
    let KeyValueUsage { keys, bytes } = kv.used("x").await.unwrap();
    let mut answers = vec![
        format!("{keys} keys, {bytes} bytes"),
        format!("{:?}", kv.list_keys("x", "b", None).await.unwrap().keys),
        format!("{:?}", kv.get_many("x", "b", &names).await),
        format!("{:?}", stores.saved_states.load("x").await),
        format!("{:?}", stores.mcp_sessions.count().await),
    ];
    for name in NAMES {
        answers.push(format!("{:?}", stores.mcp_sessions.load(name).await));
        answers.extend(job_runs(stores, name).await);
        let revisions = stores.extensions.revisions(name).await.unwrap();
        answers.extend(revisions.into_iter().map(without_time));
    }
    let active = stores.extensions.activations().await.unwrap();
    answers.extend(active.into_iter().map(|active| {
        let revision = without_time(active.revision);
        format!("{revision} {:?}", active.role)
    }));
    let audit = stores.audit.list(None, None, 100).await.unwrap().items;
    answers.extend(audit.iter().map(|entry| format!("{:?}", entry.change)));
    answers
}

/// The runs of a job, without ids and the time at which they were interrupted.
async fn job_runs(stores: &Stores, job: &str) -> Vec<String> {
    let last = stores.job_runs.last("x", job).await.unwrap();
    let runs = stores.job_runs.list("x", job, None, 100).await.unwrap();
    let last = [last.newest, last.due, last.succeeded];
    let all = runs.items.into_iter().map(Some).chain(last);
    all.map(|run| {
        let ended = run.as_ref().map(|run| run.ended.is_some());
        let run = run.map(|run| JobRun {
            id: 0,
            ended: None,
            ..run
        });
        format!("{run:?} {ended:?}")
    })
    .collect()
}

fn without_time(revision: crate::Revision) -> String {
    let installed_at = Timestamp::from_micros(0);
    let served_at = revision.served_at.map(|_| installed_at);
    format!(
        "{:?}",
        crate::Revision {
            installed_at,
            served_at,
            ..revision
        }
    )
}
