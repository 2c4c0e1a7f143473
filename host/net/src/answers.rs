//! What peers get to see of the store.

use std::collections::{HashMap, HashSet};

use koi_rid::{Bundle, Event, Rid, RidType};
use koi_store::{Batch, BundleQuery, MAX_PAGE, Op, OutboxEntry, StoreError, Stores};
use koi_wire::Payload;

/// How often an event is given to a peer that polls. The second time covers an answer that was lost
/// on its way; an event that comes twice changes nothing.
const TIMES_GIVEN: u32 = 2;

/// Most bytes of contents in one answer. One that exceeds it alone is given all the same.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How many bundles are read from the store at once.
const BUNDLES_AT_ONCE: usize = 32;

/// How many outbox entries are read from the store at once.
const ENTRIES_AT_ONCE: u32 = 100;

/// The events that wait for a peer, at most `limit` (0 for as many as one answer holds). Those that
/// it has been given often enough are gone.
pub(crate) async fn queued(
    stores: &Stores,
    peer: &Rid,
    limit: u64,
) -> Result<Vec<Event>, StoreError> {
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let waiting = stores.outbox.next(peer, 0, ENTRIES_AT_ONCE).await?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let (given, left): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|entry| entry.attempts >= TIMES_GIVEN);
    let giving = fitting(left, limit);
    let ids = |entries: &[OutboxEntry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let mut ops = Vec::new();
    if !given.is_empty() {
        ops.push(Op::Delivered { ids: ids(&given) });
    }
    if !giving.is_empty() {
        ops.push(Op::Attempted { ids: ids(&giving) });
    }
    if !ops.is_empty() {
        stores.commits.commit(Batch { ops }).await?;
    }
    Ok(giving.into_iter().map(|entry| entry.event).collect())
}

/// The first entries, up to a number and a size.
pub(crate) fn fitting(entries: Vec<OutboxEntry>, limit: usize) -> Vec<OutboxEntry> {
    let mut bytes = 0;
    let mut entries = entries;
    let fit = entries
        .iter()
        .take(limit)
        .take_while(|entry| {
            let before = bytes;
            bytes += entry
                .event
                .contents
                .as_ref()
                .map_or(0, |contents| contents.as_str().len());
            before == 0 || bytes <= MAX_ANSWER_BYTES
        })
        .count();
    entries.truncate(fit);
    entries
}

/// All RIDs of some types; of all types if none is named.
pub(crate) async fn rids(stores: &Stores, rid_types: Vec<RidType>) -> Result<Vec<Rid>, StoreError> {
    let mut query = BundleQuery {
        rid_types,
        limit: MAX_PAGE,
        ..BundleQuery::default()
    };
    let mut rids = Vec::new();
    loop {
        let page = stores.bundles.rids(&query).await?;
        rids.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(rids),
        }
    }
}

/// The manifests of some RIDs if any are named, else of some types, else all.
pub(crate) async fn manifests(
    stores: &Stores,
    rid_types: Vec<RidType>,
    rids: Vec<Rid>,
) -> Result<Payload, StoreError> {
    if !rids.is_empty() {
        let mut manifests = Vec::new();
        for rids in rids.chunks(BUNDLES_AT_ONCE) {
            let stored = stores.bundles.read_many(rids).await?;
            manifests.extend(stored.into_iter().map(|stored| stored.bundle.manifest));
        }
        let found: HashSet<_> = manifests.iter().map(|manifest| &manifest.rid).collect();
        let not_found = rids
            .iter()
            .filter(|rid| !found.contains(rid))
            .cloned()
            .collect();
        return Ok(Payload::Manifests {
            manifests,
            not_found,
        });
    }
    let mut query = BundleQuery {
        rid_types,
        limit: MAX_PAGE,
        ..BundleQuery::default()
    };
    let mut manifests = Vec::new();
    loop {
        let page = stores.bundles.manifests(&query).await?;
        manifests.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => {
                return Ok(Payload::Manifests {
                    manifests,
                    not_found: Vec::new(),
                });
            }
        }
    }
}

/// The bundles of some RIDs. What one answer does not hold is deferred.
pub(crate) async fn bundles(stores: &Stores, rids: Vec<Rid>) -> Result<Payload, StoreError> {
    let (mut bundles, mut not_found, mut deferred) = (Vec::new(), Vec::new(), Vec::new());
    let mut asked = HashSet::new();
    let mut bytes = 0;
    let rids: Vec<Rid> = rids
        .into_iter()
        .filter(|rid| asked.insert(rid.clone()))
        .collect();
    for chunk in rids.chunks(BUNDLES_AT_ONCE) {
        if !deferred.is_empty() {
            deferred.extend_from_slice(chunk);
            continue;
        }
        let stored = stores.bundles.read_many(chunk).await?;
        let mut stored: HashMap<Rid, Bundle> = stored
            .into_iter()
            .map(|stored| (stored.bundle.manifest.rid.clone(), stored.bundle))
            .collect();
        for rid in chunk {
            let Some(bundle) = stored.remove(rid) else {
                not_found.push(rid.clone());
                continue;
            };
            let size = bundle.contents.as_str().len();
            if bytes > 0 && bytes + size > MAX_ANSWER_BYTES {
                deferred.push(rid.clone());
            } else {
                bytes += size;
                bundles.push(bundle);
            }
        }
    }
    Ok(Payload::Bundles {
        bundles,
        not_found,
        deferred,
    })
}
