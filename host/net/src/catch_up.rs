//! Takes over what another node has and this one lacks, unless this one has had it forgotten and the
//! other has not heard of that yet.

use std::collections::{BTreeSet, HashMap, HashSet};

use koi_pipeline::{IntakeError, correlation};
use koi_rid::{Bundle, Event, EventType, Manifest, Rid, RidType};
use koi_store::{Arrival, ArrivalKind, MAX_PAGE, StoreError};

use crate::ask_error::AskError;
use crate::client::Client;
use crate::shared::Shared;

/// How many RIDs are compared with the store, and asked for, at once.
const RIDS_AT_ONCE: usize = 100;

/// How many bundles are asked for at once.
const BUNDLES_AT_ONCE: usize = 50;

/// Why a contact did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    #[error("{0}")]
    Ask(AskError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl From<AskError> for ContactError {
    fn from(error: AskError) -> Self {
        Self::Ask(error)
    }
}

/// Takes over what a node has of some types and this one lacks, or has older.
pub(crate) async fn catch_up(
    shared: &Shared,
    client: &Client,
    node: &Rid,
    wanted: &BTreeSet<RidType>,
) -> Result<(), ContactError> {
    let me = shared.me();
    let forgotten = forgotten(shared, node, wanted).await?;
    let rids = client.rids(node, wanted.iter().cloned().collect()).await?;
    let mut rids: Vec<Rid> = rids
        .into_iter()
        .filter(|rid| rid != me && wanted.contains(&rid.rid_type()) && !forgotten.contains(rid))
        .collect();
    rids.sort();
    rids.dedup();
    let correlation = correlation();
    for rids in rids.chunks(RIDS_AT_ONCE) {
        let missing = missing(shared, client, node, rids).await?;
        for rids in missing.chunks(BUNDLES_AT_ONCE) {
            let mut wanted = rids.to_vec();
            // What does not fit into one answer is deferred: asked for again as long as some came.
            while !wanted.is_empty() {
                let (bundles, deferred) = client.bundles(node, wanted.clone()).await?;
                let mut left: HashSet<Rid> = wanted.into_iter().collect();
                let arrivals: Vec<Arrival> = bundles
                    .into_iter()
                    .filter(|bundle| left.remove(&bundle.manifest.rid))
                    .map(|bundle| listed(bundle, node, &correlation))
                    .collect();
                let progress = !arrivals.is_empty();
                shared.intake.accept(arrivals).await?;
                wanted = deferred
                    .into_iter()
                    .filter(|rid| left.remove(rid))
                    .collect();
                if !progress && !wanted.is_empty() {
                    let reason = "it defers all that it is asked for".to_owned();
                    return Err(AskError::Unreachable(reason).into());
                }
            }
        }
    }
    Ok(())
}

/// What this node has had forgotten and a node may still have: it is still to be told, or was told a
/// moment ago. To be looked up before the node is asked, as the answer may be older than what is told
/// meanwhile; and in this order, as what is told goes from the one place to the other.
async fn forgotten(
    shared: &Shared,
    node: &Rid,
    wanted: &BTreeSet<RidType>,
) -> Result<HashSet<Rid>, StoreError> {
    let stores = &shared.stores;
    let mut forgotten = HashSet::new();
    let mut after = 0;
    loop {
        let waiting = stores.outbox.next(node, after, MAX_PAGE).await?;
        let Some(last) = waiting.last() else { break };
        after = last.id;
        let events = waiting.into_iter().map(|entry| entry.event);
        let forgets = events.filter(|event| event.event_type == EventType::Forget);
        forgotten.extend(forgets.map(|event| event.rid));
    }
    let rid_types: Vec<RidType> = wanted.iter().cloned().collect();
    let told = shared.recent.of(&rid_types);
    let stored = stores.bundles.read_many(&told).await?.into_iter();
    let stored: HashSet<Rid> = stored.map(|stored| stored.bundle.manifest.rid).collect();
    forgotten.extend(told.into_iter().filter(|rid| !stored.contains(rid)));
    Ok(forgotten)
}

/// Those RIDs whose bundles are worth asking for. Of types that are not kept for good, manifests tell:
/// what this node has let go is there with others for longer.
async fn missing(
    shared: &Shared,
    client: &Client,
    node: &Rid,
    rids: &[Rid],
) -> Result<Vec<Rid>, ContactError> {
    let stored = shared.stores.bundles.read_many(rids).await?;
    let stored: HashMap<Rid, Manifest> = stored
        .into_iter()
        .map(|stored| (stored.bundle.manifest.rid.clone(), stored.bundle.manifest))
        .collect();
    let (known, mut missing): (Vec<Rid>, Vec<Rid>) = rids
        .iter()
        .cloned()
        .partition(|rid| stored.contains_key(rid));
    let passing = missing.extract_if(.., |rid| shared.lifetimes.of(&rid.rid_type()).is_some());
    let passing: HashSet<Rid> = passing.collect();
    let asked: Vec<Rid> = known.into_iter().chain(passing.iter().cloned()).collect();
    if !asked.is_empty() {
        let theirs = client.manifests(node, asked).await?;
        let wanted = theirs.into_iter().filter(|theirs| {
            let is_newer = match stored.get(&theirs.rid) {
                Some(ours) => {
                    ours.sha256_hash != theirs.sha256_hash && ours.timestamp < theirs.timestamp
                }
                None => passing.contains(&theirs.rid),
            };
            is_newer && !shared.lifetimes.are_over_for(theirs)
        });
        missing.extend(wanted.map(|manifest| manifest.rid));
    }
    Ok(missing)
}

/// A bundle that a node listed, as an arrival.
pub(crate) fn listed(bundle: Bundle, source: &Rid, correlation: &str) -> Arrival {
    Arrival {
        kind: ArrivalKind::Listed,
        source: Some(source.clone()),
        correlation: correlation.to_owned(),
        ..Arrival::from(Event::of_bundle(EventType::New, bundle))
    }
}
