//! Bounds for what waits: an outbox whose peer never comes back and letters that nobody reads would
//! fill the disk. The oldest rows make way, with a line in the log.
//!
//! Looking costs more than adding a row, so it is done once in a while, and after each large row. The
//! bounds may be passed by as much as comes in between.

use koi_rid::{Rid, Timestamp};

/// Most rows that wait for one peer, and most bytes of contents in them.
pub(crate) const PEER: Bound = Bound {
    rows: 50_000,
    bytes: 256 * 1024 * 1024,
};

/// Most dead letters, and most bytes of contents in them.
pub(crate) const LETTERS: Bound = Bound {
    rows: 10_000,
    bytes: 256 * 1024 * 1024,
};

/// How long something waits for a peer, in microseconds: 30 days.
const LONGEST_WAIT: i64 = 30 * 24 * 3600 * 1_000_000;

/// Rows between two looks, and the size of a row that is looked after at once.
pub(crate) const LOOK_EVERY: i64 = 512;
const LARGE: usize = 256 * 1024;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Whether to look after a row with this id and size was added.
pub(crate) fn is_time(row: i64, bytes: usize) -> bool {
    row % LOOK_EVERY == 0 || bytes >= LARGE
}

/// What was added before this waits no longer, in microseconds since 1970.
pub(crate) fn oldest() -> i64 {
    Timestamp::now().to_micros().saturating_sub(LONGEST_WAIT)
}

pub(crate) fn tell_of_events(peer: &Rid, dropped: u64) {
    tracing::warn!(
        peer = %peer,
        events = dropped,
        "too much waits for a peer, or for too long: the oldest events are dropped, and it has to \
         catch up by itself"
    );
}

pub(crate) fn tell_of_letters(dropped: u64) {
    tracing::warn!(
        letters = dropped,
        "there are too many dead letters: the oldest are dropped"
    );
}
