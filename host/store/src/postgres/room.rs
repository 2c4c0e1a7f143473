//! Makes room for what waits.

use deadpool_postgres::ClientWrapper;
use koi_rid::Rid;

use super::query;
use crate::Result;
use crate::room::{self, Bound, LETTERS, PEER, is_time};

/// Makes room in a peer's outbox after a row was added.
pub(super) async fn make(client: &ClientWrapper, peer: &Rid, row: i64, bytes: usize) -> Result<()> {
    match is_time(row, bytes) {
        true => make_in_outbox(client, peer, PEER).await,
        false => Ok(()),
    }
}

/// Makes room among the dead letters after a row was added.
pub(super) async fn make_for_letters(client: &ClientWrapper, row: i64, bytes: usize) -> Result<()> {
    match is_time(row, bytes) {
        true => make_in_letters(client, LETTERS).await,
        false => Ok(()),
    }
}

/// Removes the newest row that does not fit with those that are newer, or is too old, and all before
/// it. One that is too large by itself fits alone.
pub(super) async fn make_in_outbox(client: &ClientWrapper, peer: &Rid, bound: Bound) -> Result<()> {
    let sql = "
        DELETE FROM outbox WHERE sha256(peer) = sha256($1) AND id <= (
            SELECT max(id) FROM (
                SELECT id, at, row_number() OVER newest_first AS rows,
                    sum(bytes) OVER newest_first AS bytes
                FROM outbox WHERE sha256(peer) = sha256($1)
                WINDOW newest_first AS (ORDER BY id DESC ROWS UNBOUNDED PRECEDING)
            ) AS waiting
            WHERE at < $2 OR rows > $3 OR (bytes > $4::bigint AND rows > 1)
        )";
    let values = [
        peer.into(),
        room::oldest().into(),
        number(bound.rows).into(),
        number(bound.bytes).into(),
    ];
    let dropped = query::execute(client, sql, &values).await?;
    if dropped > 0 {
        room::tell_of_events(peer, dropped);
    }
    Ok(())
}

/// The same for letters, which have no age.
pub(super) async fn make_in_letters(client: &ClientWrapper, bound: Bound) -> Result<()> {
    let sql = "
        DELETE FROM dead_letter WHERE id <= (
            SELECT max(id) FROM (
                SELECT id, row_number() OVER newest_first AS rows,
                    sum(bytes) OVER newest_first AS bytes
                FROM dead_letter
                WINDOW newest_first AS (ORDER BY id DESC ROWS UNBOUNDED PRECEDING)
            ) AS letters
            WHERE rows > $1 OR (bytes > $2::bigint AND rows > 1)
        )";
    let values = [number(bound.rows).into(), number(bound.bytes).into()];
    let dropped = query::execute(client, sql, &values).await?;
    if dropped > 0 {
        room::tell_of_letters(dropped);
    }
    Ok(())
}

fn number(bound: u64) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::open;
    use super::super::tests::other;
    use super::*;
    use crate::room::LOOK_EVERY;
    use crate::tests::{arrival, batch, bundle, draft, enqueue, new, rid, server};

    const TWO: Bound = Bound {
        rows: 2,
        bytes: i64::MAX as u64,
    };

    #[tokio::test]
    async fn the_oldest_events_of_a_peer_make_way_and_no_other_peers() {
        let settings = server::settings();
        let stores = open(settings.clone()).await.unwrap();
        let ops = (0..8).map(|n| {
            let event = new(bundle(&format!("orn:a:{n}"), "{}"));
            enqueue(["orn:n:p", "orn:n:q"][n % 2], event)
        });
        stores.commits.commit(batch(ops)).await.unwrap();
        let peer = rid("orn:n:p");
        make_in_outbox(&other(&settings).await, &peer, TWO)
            .await
            .unwrap();
        let left = stores.outbox.next(&peer, 0, 10).await.unwrap();
        let left: Vec<_> = left.iter().map(|entry| entry.event.rid.as_str()).collect();
        assert_eq!(left, ["orn:a:4", "orn:a:6"]);
        assert_eq!(stores.outbox.len(Some(&rid("orn:n:q"))).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_waits_for_a_peer_is_bounded_in_bytes_and_one_event_always_fits() {
        let settings = server::settings();
        let stores = open(settings.clone()).await.unwrap();
        let contents = format!(r#"{{"text":"{}"}}"#, "x".repeat(1000));
        let ops = (0..3).map(|n| enqueue("orn:n:p", new(bundle(&format!("orn:a:{n}"), &contents))));
        stores.commits.commit(batch(ops)).await.unwrap();
        let peer = rid("orn:n:p");
        for (bytes, left) in [(3500, 3), (2500, 2), (10, 1)] {
            let bound = Bound { rows: 9, bytes };
            make_in_outbox(&other(&settings).await, &peer, bound)
                .await
                .unwrap();
            assert_eq!(stores.outbox.len(Some(&peer)).await.unwrap(), left);
        }
    }

    #[tokio::test]
    async fn the_oldest_letters_make_way() {
        let settings = server::settings();
        let stores = open(settings.clone()).await.unwrap();
        let ops = (0..4).map(|n| crate::Op::Bury(draft(arrival(&format!("orn:a:{n}")))));
        stores.commits.commit(batch(ops)).await.unwrap();
        make_in_letters(&other(&settings).await, TWO).await.unwrap();
        let left = stores.dead_letters.list(None, 10).await.unwrap().items;
        let left: Vec<_> = left.iter().map(|l| l.arrival.rid.as_str()).collect();
        assert_eq!(left, ["orn:a:3", "orn:a:2"]);
    }

    #[tokio::test]
    async fn what_has_waited_for_a_month_is_dropped_when_more_comes() {
        let settings = server::settings();
        let stores = open(settings.clone()).await.unwrap();
        let event = |n: i64| new(bundle(&format!("orn:a:{n}"), "{}"));
        let ops = (0..3).map(|n| enqueue("orn:n:p", event(n)));
        stores.commits.commit(batch(ops)).await.unwrap();
        let client = other(&settings).await;
        client
            .batch_execute("UPDATE outbox SET at = 0")
            .await
            .unwrap();
        let ops = (3..LOOK_EVERY).map(|n| enqueue("orn:n:p", event(n)));
        stores.commits.commit(batch(ops)).await.unwrap();
        let left = stores.outbox.len(None).await.unwrap();
        assert_eq!(left, LOOK_EVERY.unsigned_abs() - 3);
    }
}
