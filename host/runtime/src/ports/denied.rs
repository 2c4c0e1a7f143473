//! The ports of `describe`: nothing is granted, time stands still and randomness repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_rid::{Contents, Manifest, Rid};

use super::{
    CallContext, Caller, Clock, Config, Denial, Environment, FileRoot, Files, Http, HttpError,
    KeyPage, KeyValue, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, Level, Log,
    ManifestPage, Neighbour, Network, PortError, Ports, Random, SavedState, Schemas, Secrets,
};

/// All ports but clock and randomness are without state, so that one of each is enough.
static DENIED: LazyLock<Arc<Denied>> = LazyLock::new(|| Arc::new(Denied));

/// A fresh set, whose clocks stand and whose randomness starts at so many seconds and that seed.
pub(super) fn ports(at: u32) -> Ports {
    let denied = || DENIED.clone();
    Ports {
        knowledge: denied(),
        schemas: denied(),
        key_value: denied(),
        config: denied(),
        network: denied(),
        http: denied(),
        files: denied(),
        environment: denied(),
        secrets: denied(),
        saved_state: denied(),
        log: denied(),
        clock: Arc::new(Standing(Duration::from_secs(at.into()))),
        random: Arc::new(Seeded(AtomicU64::new(at.into()))),
        order: None,
        gauge: None,
    }
}

/// A caller who is told nothing.
pub(super) fn nobody() -> Arc<dyn Caller> {
    DENIED.clone()
}

struct Denied;

fn denial(grant: &str) -> Denial {
    Denial {
        grant: grant.to_owned(),
        remedy:
            "nothing is granted while an extension describes itself, so do this in another call"
                .to_owned(),
    }
}

fn denied<T>(grant: &str) -> Result<T, PortError> {
    Err(PortError::Denied(denial(grant)))
}

const KNOWLEDGE: &str = "knowledge";
const KEY_VALUE: &str = "capability=keyvalue";
const CONFIG: &str = "capability=config";
const NETWORK: &str = "capability=network";
const ASK: &str = "capability=ask";
const HTTP: &str = "http";
const SECRETS: &str = "secret";
const SINGLETON: &str = "mode=singleton";

#[async_trait]
impl Knowledge for Denied {
    async fn read(&self, _: &CallContext, _: &Rid) -> Result<Option<KnownBundle>, PortError> {
        denied(KNOWLEDGE)
    }

    async fn query(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<KnowledgePage, PortError> {
        denied(KNOWLEDGE)
    }

    async fn list(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<ManifestPage, PortError> {
        denied(KNOWLEDGE)
    }

    async fn publish(&self, _: &CallContext, _: Rid, _: Contents) -> Result<Manifest, PortError> {
        denied(KNOWLEDGE)
    }

    async fn forget(&self, _: &CallContext, _: &Rid) -> Result<(), PortError> {
        denied(KNOWLEDGE)
    }

    async fn dereference(
        &self,
        _: &CallContext,
        _: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        denied(KNOWLEDGE)
    }
}

#[async_trait]
impl Schemas for Denied {
    async fn transform(
        &self,
        _: &CallContext,
        _: &Rid,
        _: Contents,
        _: &str,
    ) -> Result<Contents, PortError> {
        denied(KNOWLEDGE)
    }
}

#[async_trait]
impl KeyValue for Denied {
    async fn open(&self, _: &CallContext, _: &str) -> Result<(), PortError> {
        denied(KEY_VALUE)
    }

    async fn get(&self, _: &CallContext, _: &str, _: &str) -> Result<Option<Vec<u8>>, PortError> {
        denied(KEY_VALUE)
    }

    async fn set(&self, _: &CallContext, _: &str, _: &str, _: Vec<u8>) -> Result<(), PortError> {
        denied(KEY_VALUE)
    }

    async fn delete(&self, _: &CallContext, _: &str, _: &str) -> Result<(), PortError> {
        denied(KEY_VALUE)
    }

    async fn exists(&self, _: &CallContext, _: &str, _: &str) -> Result<bool, PortError> {
        denied(KEY_VALUE)
    }

    async fn list_keys(
        &self,
        _: &CallContext,
        _: &str,
        _: Option<u64>,
    ) -> Result<KeyPage, PortError> {
        denied(KEY_VALUE)
    }

    async fn increment(&self, _: &CallContext, _: &str, _: &str, _: u64) -> Result<u64, PortError> {
        denied(KEY_VALUE)
    }

    async fn get_many(
        &self,
        _: &CallContext,
        _: &str,
        _: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, PortError> {
        denied(KEY_VALUE)
    }

    async fn set_many(
        &self,
        _: &CallContext,
        _: &str,
        _: Vec<(String, Vec<u8>)>,
    ) -> Result<(), PortError> {
        denied(KEY_VALUE)
    }

    async fn delete_many(&self, _: &CallContext, _: &str, _: Vec<String>) -> Result<(), PortError> {
        denied(KEY_VALUE)
    }
}

#[async_trait]
impl Config for Denied {
    async fn get(&self, _: &CallContext, _: &str) -> Result<Option<String>, PortError> {
        denied(CONFIG)
    }

    async fn all(&self, _: &CallContext) -> Result<Vec<(String, String)>, PortError> {
        denied(CONFIG)
    }
}

#[async_trait]
impl Network for Denied {
    fn this_node(&self, _: &CallContext) -> Result<Rid, PortError> {
        denied(NETWORK)
    }

    async fn neighbours(&self, _: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        denied(NETWORK)
    }
}

#[async_trait]
impl Http for Denied {
    async fn exchange(
        &self,
        _: &CallContext,
        _: http::Request<Bytes>,
        _: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        Err(HttpError::Denied(denial(HTTP)))
    }
}

impl Files for Denied {
    fn roots(&self, _: &CallContext) -> Vec<FileRoot> {
        Vec::new()
    }
}

impl Environment for Denied {
    fn variables(&self, _: &CallContext) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl Secrets for Denied {
    fn placeholder(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        denied(SECRETS)
    }
}

#[async_trait]
impl SavedState for Denied {
    async fn load(&self, _: &CallContext) -> Result<Option<Vec<u8>>, PortError> {
        Ok(None)
    }

    async fn save(&self, _: &CallContext, _: Vec<u8>) -> Result<bool, PortError> {
        denied(SINGLETON)
    }
}

#[async_trait]
impl Caller for Denied {
    fn who(&self, call: &CallContext) -> String {
        format!("{{\"kind\":\"{}\"}}", call.kind.as_str())
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {}

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        denied(ASK)
    }
}

impl Log for Denied {
    fn log(&self, _: &CallContext, _: Level, _: &str, _: &str) {}
}

/// Both clocks.
struct Standing(Duration);

impl Clock for Standing {
    fn wall(&self) -> Duration {
        self.0
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// SplitMix64: the same bytes for the same sequence of calls, which is all that is asked of it.
struct Seeded(AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let word = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}
