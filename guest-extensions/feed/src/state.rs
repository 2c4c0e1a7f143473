//! What is remembered of each feed between runs, in key-value.

use std::time::{SystemTime, UNIX_EPOCH};

use koi_extension::keyvalue::Bucket;
use koi_extension::{Json, Result};
use serde::{Deserialize, Serialize};

use crate::settings::Subscription;

/// What is remembered of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Where it was fetched: what a server said is of no use to another one.
    pub url: String,
    /// When it was asked for last, in seconds since 1970.
    pub asked: u64,
    /// The header `etag` of the last answer whose entries are all published.
    pub etag: Option<String>,
    /// Its header `last-modified`.
    pub last_modified: Option<String>,
}

impl State {
    /// What is remembered of a feed; nothing if it is somewhere else now.
    ///
    /// # Errors
    /// As key-value fails.
    pub fn load(bucket: &Bucket, feed: &Subscription) -> Result<Self> {
        // What cannot be read, of an earlier revision, is forgotten.
        let state: Option<Self> = bucket.get_as(&key(feed)).unwrap_or_default();
        let known = state.filter(|state| state.url == feed.url);
        Ok(known.unwrap_or_else(|| Self {
            url: feed.url.clone(),
            ..Self::default()
        }))
    }

    /// Remembers it.
    ///
    /// # Errors
    /// As key-value fails.
    pub fn save(&self, bucket: &Bucket, feed: &Subscription) -> Result<()> {
        bucket.set(&key(feed), Json::of(self)?.as_str())
    }

    /// Whether the feed's time has come.
    pub fn is_due(&self, feed: &Subscription, now: u64) -> bool {
        // The job comes once a minute, and not to the second.
        let wait = (feed.minutes * 60).saturating_sub(30);
        now.saturating_sub(self.asked) >= wait || self.asked > now
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn key(feed: &Subscription) -> String {
    format!("feed/{}", feed.name)
}
