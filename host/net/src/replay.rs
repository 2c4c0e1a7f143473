//! Broadcasts that have been taken already, so that one that somebody has listened to and sends again
//! changes nothing.
//!
//! Envelopes have neither a time nor a number. What is new in each is the signature's `r`, which comes
//! from a random number: two different messages of one key with the same `r` would give the key away. Of
//! the other half, `s`, everybody can make a second one that verifies as well.
//!
//! In memory only, and for a while: what is sent again after that, or after a restart, is judged by what
//! is stored, as by every other node.

use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// How many broadcasts are remembered.
const REMEMBERED: u64 = 200_000;

/// The `r` of each, of 32 bytes.
pub(crate) struct Replays(Option<Cache<[u8; 32], ()>>);

impl Replays {
    /// Remembers for a time; not at all if that is nothing.
    pub(crate) fn new(window: Duration) -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(REMEMBERED)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(window)
                .build()
        };
        Self((!window.is_zero()).then(cache))
    }

    /// Whether a broadcast was taken before.
    pub(crate) fn knows(&self, nonce: &[u8; 32]) -> bool {
        self.0
            .as_ref()
            .is_some_and(|taken| taken.contains_key(nonce))
    }

    /// A broadcast was taken: it is durable.
    pub(crate) fn remember(&self, nonce: [u8; 32]) {
        if let Some(taken) = &self.0 {
            taken.insert(nonce, ());
        }
    }
}
