//! What peers get to see of the store.

use std::collections::{HashMap, HashSet};

use koi_rid::{Bundle, Event, MAX_PYTHON_RID_BYTES, Manifest, Rid, RidType};
use koi_store::{Batch, BundleQuery, MAX_PAGE, Op, OutboxEntry, Sent, StoreError, Stores};
use koi_wire::Payload;

/// How often an event is given to a peer that polls. The second time covers an answer that was lost
/// on its way; an event that comes twice changes nothing.
const TIMES_GIVEN: u32 = 2;

/// Most bytes of contents in one answer. One that exceeds it alone is given all the same.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How many bundles are read from the store at once.
const BUNDLES_AT_ONCE: usize = 32;

/// What a peer may have.
pub(crate) type MayHave<'a> = &'a (dyn Fn(&Rid) -> bool + Send + Sync);

/// The events that wait for a peer, at most `limit` (0 for as many as one answer holds). Those that
/// it has been given often enough are gone, and those that it may not have or that would stop a Python
/// node.
pub(crate) async fn queued(
    stores: &Stores,
    peer: &Rid,
    limit: u64,
    may_have: MayHave<'_>,
) -> Result<Vec<Event>, StoreError> {
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let (mut done, mut giving) = (Vec::new(), Vec::new());
    let mut after = 0;
    // Whole pages may have been given before: what waits behind them is wanted now.
    while giving.is_empty() {
        let waiting = stores.outbox.next(peer, after, MAX_PAGE).await?;
        let Some(last) = waiting.last() else { break };
        after = last.id;
        let (given, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|entry| {
            let rid = &entry.event.rid;
            entry.given >= TIMES_GIVEN || !is_short(rid) || !may_have(rid)
        });
        done.extend(sent(&given));
        giving = fitting(left, limit);
    }
    let mut ops = Vec::new();
    if !done.is_empty() {
        ops.push(Op::Delivered { sent: done });
    }
    if !giving.is_empty() {
        ops.push(Op::Given {
            sent: sent(&giving),
        });
    }
    if !ops.is_empty() {
        stores.commits.commit(Batch { ops }).await?;
    }
    Ok(giving.into_iter().map(|entry| entry.event).collect())
}

/// What to acknowledge of some entries.
pub(crate) fn sent(entries: &[OutboxEntry]) -> Vec<Sent> {
    entries.iter().map(OutboxEntry::sent).collect()
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

/// All RIDs of some types, of all types if none is named, as far as one answer holds them. Those that
/// the peer may not have or that would stop a Python node are not listed.
pub(crate) async fn rids(
    stores: &Stores,
    rid_types: Vec<RidType>,
    may_have: MayHave<'_>,
) -> Result<Vec<Rid>, StoreError> {
    let mut query = all_of(rid_types);
    let mut answer = Answer::default();
    loop {
        let page = stores.bundles.rids(&query).await?;
        let listed = page.items.into_iter();
        let listed = listed.filter(|rid| is_short(rid) && may_have(rid));
        let complete = answer.take(listed, |rid| rid.as_str().len());
        match page.next.filter(|_| complete) {
            Some(next) => query.cursor = Some(next),
            None => return Ok(answer.items),
        }
    }
}

/// The manifests of some RIDs if any are named, else of some types, else all; as far as one answer
/// holds them. What the peer may not have is not there.
pub(crate) async fn manifests(
    stores: &Stores,
    rid_types: Vec<RidType>,
    rids: Vec<Rid>,
    may_have: MayHave<'_>,
) -> Result<Payload, StoreError> {
    if !rids.is_empty() {
        return manifests_of(stores, once_each(rids), may_have).await;
    }
    let mut query = all_of(rid_types);
    let mut answer = Answer::default();
    loop {
        let page = stores.bundles.manifests(&query).await?;
        let listed = page.items.into_iter();
        let listed = listed.filter(|m| is_short(&m.rid) && may_have(&m.rid));
        let complete = answer.take(listed, manifest_bytes);
        match page.next.filter(|_| complete) {
            Some(next) => query.cursor = Some(next),
            None => {
                return Ok(Payload::Manifests {
                    manifests: answer.items,
                    not_found: Vec::new(),
                });
            }
        }
    }
}

async fn manifests_of(
    stores: &Stores,
    rids: Vec<Rid>,
    may_have: MayHave<'_>,
) -> Result<Payload, StoreError> {
    let (mut answer, mut not_found) = (Answer::default(), Vec::new());
    for chunk in rids.chunks(BUNDLES_AT_ONCE) {
        let mut stored = stores.bundles.read_many(chunk).await?;
        stored.retain(|stored| may_have(&stored.bundle.manifest.rid));
        let found: HashSet<Rid> = stored
            .iter()
            .map(|stored| stored.bundle.manifest.rid.clone())
            .collect();
        not_found.extend(chunk.iter().filter(|rid| !found.contains(rid)).cloned());
        let manifests = stored.into_iter().map(|stored| stored.bundle.manifest);
        if !answer.take(manifests, manifest_bytes) {
            break;
        }
    }
    Ok(Payload::Manifests {
        manifests: answer.items,
        not_found,
    })
}

fn all_of(rid_types: Vec<RidType>) -> BundleQuery {
    BundleQuery {
        rid_types,
        limit: MAX_PAGE,
        ..BundleQuery::default()
    }
}

/// Each RID where it stands first.
fn once_each(rids: Vec<Rid>) -> Vec<Rid> {
    let mut asked = HashSet::new();
    rids.into_iter()
        .filter(|rid| asked.insert(rid.clone()))
        .collect()
}

/// Whether a Python node survives storing something under the RID.
pub(crate) fn is_short(rid: &Rid) -> bool {
    rid.as_str().len() <= MAX_PYTHON_RID_BYTES
}

/// About how long a manifest is in an answer.
fn manifest_bytes(manifest: &Manifest) -> usize {
    let extras = manifest.extras.iter();
    let extras: usize = extras.map(|(name, text)| name.len() + text.len() + 4).sum();
    manifest.rid.as_str().len() + manifest.sha256_hash.len() + 96 + extras
}

/// A list that does not grow beyond what one answer holds.
struct Answer<T> {
    items: Vec<T>,
    bytes: usize,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
        }
    }
}

impl<T> Answer<T> {
    /// Takes what fits; false if that was not all.
    fn take(&mut self, items: impl Iterator<Item = T>, bytes: impl Fn(&T) -> usize) -> bool {
        for item in items {
            self.bytes += bytes(&item);
            if self.bytes > MAX_ANSWER_BYTES && !self.items.is_empty() {
                tracing::warn!(
                    given = self.items.len(),
                    "a peer has asked for more than one answer holds, and is given a part"
                );
                return false;
            }
            self.items.push(item);
        }
        true
    }
}

/// The bundles of some RIDs. What one answer does not hold is deferred; what the peer may not have is not
/// there.
pub(crate) async fn bundles(
    stores: &Stores,
    rids: Vec<Rid>,
    may_have: MayHave<'_>,
) -> Result<Payload, StoreError> {
    let (mut bundles, mut not_found, mut deferred) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    let rids = once_each(rids);
    for chunk in rids.chunks(BUNDLES_AT_ONCE) {
        if !deferred.is_empty() {
            deferred.extend_from_slice(chunk);
            continue;
        }
        let stored = stores.bundles.read_many(chunk).await?;
        let mut stored: HashMap<Rid, Bundle> = stored
            .into_iter()
            .map(|stored| (stored.bundle.manifest.rid.clone(), stored.bundle))
            .filter(|(rid, _)| may_have(rid))
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
