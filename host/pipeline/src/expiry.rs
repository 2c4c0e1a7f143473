//! Forgets what has been kept for as long as its type is kept.
//!
//! Promise: what has met its end goes through the pipeline as a FORGET that names the manifest, within
//! a second or so, at the latest when the node starts. If something newer is stored under the RID by
//! then, that stays. What a handler does not let go is tried again when the node starts.
//!
//! The store is looked at when the next end is due: the list by time of each type, from where it was
//! looked at last.
//!
//! Failure: a store or an intake that does not take part is asked again half a minute later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use koi_rid::{BundleOrder, Event, EventType, Manifest, RidType, Timestamp};
use koi_store::{Arrival, BundleQuery, StoreError};
use tokio::sync::watch;

use crate::settle::World;
use crate::{IntakeError, Lifetimes, correlation};

/// Bundles that are looked at when something is due, and at a time if all of those were.
const FIRST: u32 = 8;
const PAGE: u32 = 200;

/// What is due within this is done together.
const TOGETHER: Duration = Duration::from_secs(1);

/// The longest wait by a clock that nobody sets.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// When the next end is due.
pub(crate) struct Expiry {
    pub(crate) lifetimes: Lifetimes,
    /// The soonest end of what may be stored, in microseconds since 1970.
    soonest: watch::Sender<i64>,
}

impl Expiry {
    pub(crate) fn new(lifetimes: Lifetimes) -> Self {
        Self {
            lifetimes,
            soonest: watch::Sender::new(i64::MIN),
        }
    }

    /// Takes note of what was stored.
    pub(crate) fn stored(&self, manifest: &Manifest) {
        if let Some(end) = self.lifetimes.end(manifest) {
            self.is_due(end);
        }
    }

    fn is_due(&self, end: i64) {
        self.soonest.send_if_modified(|soonest| {
            let is_sooner = end < *soonest;
            *soonest = end.min(*soonest);
            is_sooner
        });
    }
}

/// How far the list of a type was looked at.
#[derive(Default)]
struct Place {
    /// The page.
    cursor: Option<String>,
    /// The last one that was let go: its time and RID, which give the order.
    last: Option<(i64, String)>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// Lets go what is due, until the node stops.
pub(crate) async fn run(world: Arc<World>) {
    let expiry = &world.expiry;
    let mut soonest = expiry.soonest.subscribe();
    let mut places = BTreeMap::new();
    // Up to here all was looked at.
    let mut looked_at = i64::MIN;
    loop {
        let due = *soonest.borrow_and_update();
        let now = Timestamp::now().to_micros();
        if due > now {
            let wait = Duration::from_micros((due - now).unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(wait.min(LONGEST)) => {}
                _ = soonest.changed() => {}
                () = world.stopping.cancelled() => return,
            }
            continue;
        }
        if due <= looked_at {
            // It was stored just after its end.
            places.clear();
        }
        // Before looking: what is stored meanwhile makes it sooner again.
        expiry.soonest.send_replace(i64::MAX);
        looked_at = now;
        for rid_type in expiry.lifetimes.types() {
            let place = places.entry(rid_type).or_default();
            match let_go(&world, rid_type, now, place).await {
                Ok(next) => expiry.is_due(next.unwrap_or(i64::MAX)),
                Err(error) => {
                    tracing::warn!(%rid_type, %error, "what has met its end is still kept");
                    let wait = i64::try_from(AFTER_FAILURE.as_micros()).unwrap_or(i64::MAX);
                    expiry.is_due(now.saturating_add(wait));
                }
            }
        }
        if !world.pause(TOGETHER).await {
            return;
        }
    }
}

/// Lets go of a type what has met its end by now. Gives the next end, if there is one.
async fn let_go(
    world: &World,
    rid_type: &RidType,
    now: i64,
    place: &mut Place,
) -> Result<Option<i64>, Failure> {
    let lifetimes = &world.expiry.lifetimes;
    let mut limit = FIRST;
    loop {
        let query = BundleQuery {
            rid_types: vec![rid_type.clone()],
            order: BundleOrder::Timestamp,
            cursor: place.cursor.clone(),
            limit,
            ..BundleQuery::default()
        };
        let page = world.stores.bundles.list(&query).await?;
        let mut over = Vec::new();
        let mut last = None;
        let mut next = None;
        for stored in page.items {
            let manifest = stored.bundle.manifest;
            if let Some(end) = lifetimes.end(&manifest).filter(|end| *end > now) {
                next = Some(end);
                break;
            }
            let at = (manifest.timestamp.to_micros(), manifest.rid.to_string());
            if place.last.as_ref().is_none_or(|last| at > *last) {
                last = Some(at);
                over.push(forgetting(manifest));
            }
        }
        if !over.is_empty() {
            tracing::debug!(%rid_type, bundles = over.len(), "kept for long enough");
            world.intake.accept(over).await?;
            place.last = last;
        }
        match page.next {
            Some(cursor) if next.is_none() => place.cursor = Some(cursor),
            _ => return Ok(next),
        }
        limit = PAGE;
    }
}

/// What is stored with this manifest is to be forgotten, and nothing newer.
fn forgetting(manifest: Manifest) -> Arrival {
    let rid = manifest.rid.clone();
    Arrival {
        manifest: Some(manifest),
        correlation: correlation(),
        ..Arrival::from(Event::of_rid(EventType::Forget, rid))
    }
}
