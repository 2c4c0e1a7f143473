//! Makes room for what waits.

use koi_rid::Rid;
use rusqlite::{Connection, params};

use crate::Result;
use crate::room::{self, Bound, LETTERS, PEER, is_time};

/// Makes room in a peer's outbox after a row was added.
pub(super) fn make(connection: &Connection, peer: &Rid, row: i64, bytes: usize) -> Result<()> {
    if !is_time(row, bytes) {
        return Ok(());
    }
    make_in_outbox(connection, peer, PEER)
}

/// Makes room among the dead letters after a row was added.
pub(super) fn make_for_letters(connection: &Connection, row: i64, bytes: usize) -> Result<()> {
    if is_time(row, bytes) {
        make_in_letters(connection, LETTERS)?;
    }
    Ok(())
}

fn make_in_outbox(connection: &Connection, peer: &Rid, bound: Bound) -> Result<()> {
    // Answered from the index alone: the columns lie behind the contents in the table.
    let mut newest_first = connection.prepare_cached(
        "SELECT id, bytes, at FROM outbox INDEXED BY outbox_peer WHERE peer = ? ORDER BY id DESC",
    )?;
    let Some(last) = first_too_many(newest_first.query([peer.as_str()])?, bound)? else {
        return Ok(());
    };
    let dropped = connection
        .prepare_cached("DELETE FROM outbox WHERE peer = ? AND id <= ?")?
        .execute(params![peer.as_str(), last])?;
    room::tell_of_events(peer, dropped as u64);
    Ok(())
}

fn make_in_letters(connection: &Connection, bound: Bound) -> Result<()> {
    let mut newest_first = connection.prepare_cached(
        "SELECT id, bytes, NULL FROM dead_letter INDEXED BY dead_letter_size ORDER BY id DESC",
    )?;
    let Some(last) = first_too_many(newest_first.query([])?, bound)? else {
        return Ok(());
    };
    let dropped = connection
        .prepare_cached("DELETE FROM dead_letter WHERE id <= ?")?
        .execute([last])?;
    room::tell_of_letters(dropped as u64);
    Ok(())
}

/// The first of some rows, given as id, size and time of adding, that does not fit with those before
/// it, or is too old. One that is too large by itself fits alone.
fn first_too_many(mut rows: rusqlite::Rows<'_>, bound: Bound) -> Result<Option<i64>> {
    let oldest = room::oldest();
    let (mut count, mut bytes) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        count += 1;
        bytes += row.get::<_, i64>(1)?.unsigned_abs();
        let too_old = row.get::<_, Option<i64>>(2)?.is_some_and(|at| at < oldest);
        if too_old || count > bound.rows || (bytes > bound.bytes && count > 1) {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fixture, fixture};
    use super::*;
    use crate::room::LOOK_EVERY;
    use crate::tests::{arrival, batch, bundle, draft, enqueue, new, rid};

    /// The outbox or the letters of a store, made to fit a bound.
    fn bounded(folder: &std::path::Path, make: impl Fn(&Connection) -> Result<()>) {
        make(&Connection::open(folder.join("store.db")).unwrap()).unwrap();
    }

    const TWO: Bound = Bound {
        rows: 2,
        bytes: u64::MAX,
    };

    #[tokio::test]
    async fn the_oldest_events_of_a_peer_make_way_and_no_other_peers() {
        let Fixture { stores, folder } = fixture();
        let ops = (0..8).map(|n| {
            let event = new(bundle(&format!("orn:a:{n}"), "{}"));
            enqueue(["orn:n:p", "orn:n:q"][n % 2], event)
        });
        stores.commits.commit(batch(ops)).await.unwrap();
        let peer = rid("orn:n:p");
        bounded(folder.path(), |c| make_in_outbox(c, &peer, TWO));
        let left = stores.outbox.next(&peer, 0, 10).await.unwrap();
        let left: Vec<_> = left.iter().map(|entry| entry.event.rid.as_str()).collect();
        assert_eq!(left, ["orn:a:4", "orn:a:6"]);
        assert_eq!(stores.outbox.len(Some(&rid("orn:n:q"))).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn what_waits_for_a_peer_is_bounded_in_bytes_and_one_event_always_fits() {
        let Fixture { stores, folder } = fixture();
        let contents = format!(r#"{{"text":"{}"}}"#, "x".repeat(1000));
        let ops = (0..3).map(|n| enqueue("orn:n:p", new(bundle(&format!("orn:a:{n}"), &contents))));
        stores.commits.commit(batch(ops)).await.unwrap();
        let peer = rid("orn:n:p");
        for (bytes, left) in [(3500, 3), (2500, 2), (10, 1)] {
            let bound = Bound { rows: 9, bytes };
            bounded(folder.path(), |c| make_in_outbox(c, &peer, bound));
            assert_eq!(stores.outbox.len(Some(&peer)).await.unwrap(), left);
        }
    }

    #[tokio::test]
    async fn the_oldest_letters_make_way() {
        let Fixture { stores, folder } = fixture();
        let ops = (0..4).map(|n| crate::Op::Bury(draft(arrival(&format!("orn:a:{n}")))));
        stores.commits.commit(batch(ops)).await.unwrap();
        bounded(folder.path(), |c| make_in_letters(c, TWO));
        let left = stores.dead_letters.list(None, 10).await.unwrap().items;
        let left: Vec<_> = left.iter().map(|l| l.arrival.rid.as_str()).collect();
        assert_eq!(left, ["orn:a:3", "orn:a:2"]);
    }

    #[tokio::test]
    async fn what_has_waited_for_a_month_is_dropped_when_more_comes() {
        let Fixture { stores, folder } = fixture();
        let event = |n: i64| new(bundle(&format!("orn:a:{n}"), "{}"));
        let ops = (0..3).map(|n| enqueue("orn:n:p", event(n)));
        stores.commits.commit(batch(ops)).await.unwrap();
        bounded(folder.path(), |connection| {
            connection.execute("UPDATE outbox SET at = 0", [])?;
            Ok(())
        });
        let ops = (3..LOOK_EVERY).map(|n| enqueue("orn:n:p", event(n)));
        stores.commits.commit(batch(ops)).await.unwrap();
        let left = stores.outbox.len(None).await.unwrap();
        assert_eq!(left, LOOK_EVERY.unsigned_abs() - 3);
    }
}
