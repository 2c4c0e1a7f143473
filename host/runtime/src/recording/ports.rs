//! Ports with a tape behind them.
//!
//! Each function says what it is called on the tape, what it is asked, and how the real port is asked;
//! a new one takes no more than that. The context of a call is not part of a question: it is the same
//! for all of them and stands in the recording once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_rid::{Contents, Filter, Manifest, Rid};
use serde_json::{Value, json};

use super::entry::{self, Entry};
use super::tape::Tape;
use crate::ports::{
    CallContext, Caller, Clock, Config, Environment, FileRoot, Files, Http, HttpError, KeyPage,
    KeyValue, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, Level, Log, ManifestPage,
    Neighbour, Network, Order, PortError, Ports, Random, SavedState, Schemas, Secrets,
};

/// What is recorded, and what stands in for it once a replay has gone another way.
struct Taped {
    tape: Arc<Tape>,
    real: Arc<Ports>,
    caller: Arc<dyn Caller>,
}

/// Ports and caller of a call with a tape behind each of them. There are no folders: what is in files is
/// not recorded.
pub(super) fn taped(
    tape: &Arc<Tape>,
    real: Arc<Ports>,
    caller: Arc<dyn Caller>,
) -> (Arc<Ports>, Arc<dyn Caller>) {
    let taped = Arc::new(Taped {
        tape: tape.clone(),
        real,
        caller,
    });
    let ports = Ports {
        knowledge: taped.clone(),
        schemas: taped.clone(),
        key_value: taped.clone(),
        config: taped.clone(),
        network: taped.clone(),
        http: taped.clone(),
        files: taped.clone(),
        environment: taped.clone(),
        secrets: taped.clone(),
        saved_state: taped.clone(),
        log: taped.clone(),
        clock: taped.clone(),
        random: taped.clone(),
        order: Some(taped.clone()),
        gauge: None,
    };
    (Arc::new(ports), taped)
}

fn query(query: &KnowledgeQuery) -> Value {
    json!({
        "rid-type": query.rid_type.as_str(),
        "filter": query.filter.as_ref().map(Filter::to_string),
        "order": query.order.to_string(),
        "limit": query.limit,
        "cursor": query.cursor,
    })
}

#[async_trait]
impl Knowledge for Taped {
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        let real = self.real.knowledge.read(call, rid);
        self.tape.ask("knowledge.read", rid.write(), real).await
    }

    async fn query(
        &self,
        call: &CallContext,
        asked: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        let real = self.real.knowledge.query(call, asked);
        self.tape.ask("knowledge.query", query(asked), real).await
    }

    async fn list(
        &self,
        call: &CallContext,
        asked: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        let real = self.real.knowledge.list(call, asked);
        self.tape.ask("knowledge.list", query(asked), real).await
    }

    async fn publish(
        &self,
        call: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        let asked = json!([rid.write(), contents.as_str()]);
        let real = self.real.knowledge.publish(call, rid, contents);
        self.tape.ask("knowledge.publish", asked, real).await
    }

    async fn forget(&self, call: &CallContext, rid: &Rid) -> Result<(), PortError> {
        let real = self.real.knowledge.forget(call, rid);
        self.tape.ask("knowledge.forget", rid.write(), real).await
    }

    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        let real = self.real.knowledge.dereference(call, rid);
        let asked = rid.write();
        self.tape.ask("knowledge.dereference", asked, real).await
    }
}

#[async_trait]
impl Schemas for Taped {
    async fn transform(
        &self,
        call: &CallContext,
        rid: &Rid,
        contents: Contents,
        schema: &str,
    ) -> Result<Contents, PortError> {
        let asked = json!([rid.write(), contents.as_str(), schema]);
        let real = self.real.schemas.transform(call, rid, contents, schema);
        self.tape.ask("schemas.transform", asked, real).await
    }
}

#[async_trait]
impl KeyValue for Taped {
    async fn open(&self, call: &CallContext, bucket: &str) -> Result<(), PortError> {
        let real = self.real.key_value.open(call, bucket);
        self.tape.ask("key-value.open", json!(bucket), real).await
    }

    async fn get(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, PortError> {
        let real = self.real.key_value.get(call, bucket, key);
        let asked = json!([bucket, key]);
        self.tape.ask("key-value.get", asked, real).await
    }

    async fn set(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), PortError> {
        let asked = json!([bucket, key, value.write()]);
        let real = self.real.key_value.set(call, bucket, key, value);
        self.tape.ask("key-value.set", asked, real).await
    }

    async fn delete(&self, call: &CallContext, bucket: &str, key: &str) -> Result<(), PortError> {
        let real = self.real.key_value.delete(call, bucket, key);
        let asked = json!([bucket, key]);
        self.tape.ask("key-value.delete", asked, real).await
    }

    async fn exists(&self, call: &CallContext, bucket: &str, key: &str) -> Result<bool, PortError> {
        let real = self.real.key_value.exists(call, bucket, key);
        let asked = json!([bucket, key]);
        self.tape.ask("key-value.exists", asked, real).await
    }

    async fn list_keys(
        &self,
        call: &CallContext,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage, PortError> {
        let real = self.real.key_value.list_keys(call, bucket, cursor);
        let asked = json!([bucket, cursor]);
        self.tape.ask("key-value.list-keys", asked, real).await
    }

    async fn increment(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        delta: u64,
    ) -> Result<u64, PortError> {
        let real = self.real.key_value.increment(call, bucket, key, delta);
        let asked = json!([bucket, key, delta]);
        self.tape.ask("key-value.increment", asked, real).await
    }

    async fn get_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, PortError> {
        let asked = json!([bucket, keys]);
        let real = self.real.key_value.get_many(call, bucket, keys);
        self.tape.ask("key-value.get-many", asked, real).await
    }

    async fn set_many(
        &self,
        call: &CallContext,
        bucket: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), PortError> {
        let asked = json!([bucket, entries.write()]);
        let real = self.real.key_value.set_many(call, bucket, entries);
        self.tape.ask("key-value.set-many", asked, real).await
    }

    async fn delete_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<(), PortError> {
        let asked = json!([bucket, keys]);
        let real = self.real.key_value.delete_many(call, bucket, keys);
        self.tape.ask("key-value.delete-many", asked, real).await
    }
}

#[async_trait]
impl Config for Taped {
    async fn get(&self, call: &CallContext, key: &str) -> Result<Option<String>, PortError> {
        let real = self.real.config.get(call, key);
        self.tape.ask("config.get", json!(key), real).await
    }

    async fn all(&self, call: &CallContext) -> Result<Vec<(String, String)>, PortError> {
        let real = self.real.config.all(call);
        self.tape.ask("config.all", Value::Null, real).await
    }
}

#[async_trait]
impl Network for Taped {
    fn this_node(&self, call: &CallContext) -> Result<Rid, PortError> {
        let real = || self.real.network.this_node(call);
        self.tape.ask_now("network.this-node", Value::Null, real)
    }

    async fn neighbours(&self, call: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        let real = self.real.network.neighbours(call);
        self.tape.ask("network.neighbours", Value::Null, real).await
    }
}

#[async_trait]
impl Caller for Taped {
    fn who(&self, call: &CallContext) -> String {
        let real = || self.caller.who(call);
        self.tape.ask_now("caller.who", Value::Null, real)
    }

    fn progress(
        &self,
        call: &CallContext,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) {
        let asked = json!([entry::float(progress), total.map(entry::float), message]);
        let real = || self.caller.progress(call, progress, total, message);
        self.tape.ask_now("caller.progress", asked, real);
    }

    fn log(&self, call: &CallContext, level: &str, data: &str) {
        let real = || self.caller.log(call, level, data);
        self.tape.ask_now("caller.log", json!([level, data]), real);
    }

    async fn ask(&self, call: &CallContext, questions: &str) -> Result<String, PortError> {
        let real = self.caller.ask(call, questions);
        self.tape.ask("caller.ask", json!(questions), real).await
    }
}

#[async_trait]
impl Http for Taped {
    async fn exchange(
        &self,
        call: &CallContext,
        request: http::Request<Bytes>,
        time_out: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let asked = entry::request(&request, time_out);
        let real = self.real.http.exchange(call, request, time_out);
        self.tape.exchange(asked, real).await
    }
}

impl Files for Taped {
    fn roots(&self, _: &CallContext) -> Vec<FileRoot> {
        Vec::new()
    }
}

impl Environment for Taped {
    fn variables(&self, call: &CallContext) -> Vec<(String, String)> {
        let real = || self.real.environment.variables(call);
        let name = "environment.variables";
        self.tape.ask_now(name, Value::Null, real)
    }
}

impl Secrets for Taped {
    fn placeholder(&self, call: &CallContext, name: &str) -> Result<String, PortError> {
        let real = || self.real.secrets.placeholder(call, name);
        self.tape.ask_now("secrets.placeholder", json!(name), real)
    }
}

#[async_trait]
impl SavedState for Taped {
    async fn load(&self, call: &CallContext) -> Result<Option<Vec<u8>>, PortError> {
        let real = self.real.saved_state.load(call);
        self.tape.ask("saved-state.load", Value::Null, real).await
    }

    /// What a recorded call leaves in memory goes with its instance; nobody asks for this.
    async fn save(&self, _: &CallContext, _: Vec<u8>) -> Result<bool, PortError> {
        let reason = "nothing is saved of a call that is recorded or replayed";
        Err(PortError::Permanent(reason.to_owned()))
    }
}

impl Log for Taped {
    fn log(&self, call: &CallContext, level: Level, context: &str, message: &str) {
        let asked = json!([format!("{level:?}"), context, message]);
        let real = || self.real.log.log(call, level, context, message);
        self.tape.ask_now("log.log", asked, real);
    }
}

impl Clock for Taped {
    fn wall(&self) -> Duration {
        let real = || self.real.clock.wall();
        self.tape.ask_now("clock.wall", Value::Null, real)
    }

    fn monotonic(&self) -> u64 {
        let real = || self.real.clock.monotonic();
        self.tape.ask_now("clock.monotonic", Value::Null, real)
    }
}

impl Random for Taped {
    fn fill(&self, bytes: &mut [u8]) {
        let length = bytes.len();
        let real = || {
            let mut bytes = vec![0; length];
            self.real.random.fill(&mut bytes);
            bytes
        };
        let filled: Vec<u8> = self.tape.ask_now("random.fill", json!(length), real);
        match filled.len() == length {
            true => bytes.copy_from_slice(&filled),
            false => self.tape.is_damaged(),
        }
    }
}

impl Order for Taped {
    fn came_first(&self, waited: &'static str, among: usize) -> Option<Vec<u32>> {
        self.tape.came_first(waited, among)
    }

    fn comes_first(&self, waited: &'static str, among: usize, first: &[u32]) {
        self.tape.comes_first(waited, among, first);
    }

    fn begins(&self, exchange: &http::request::Parts) {
        let asked = entry::head(exchange);
        self.tape.ask_now("http.begin", asked, || ());
    }
}
