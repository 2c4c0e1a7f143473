//! Extensions without Wasm for the tests of this crate.
//!
//! The component of a fake extension is its description, with the lists as the members `x-tools` and
//! `x-resources`, which the description's reader ignores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use async_trait::async_trait;
use koi_rid::{Contents, Manifest, Rid};
use koi_runtime::ports::{
    CallContext, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage, Neighbour,
    Network, PortError, Ports,
};
use koi_runtime::{
    CallError, Completion, Exports, GuestError, GuestErrorKind, Held, KnowledgeObject, LoadError,
    Outcome, ParsedReference, ResourceContents,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::callee::{Binding, Callee, Handover, Invocation, Loaded, Loader};
use crate::entry::ExtensionEntry;
use crate::in_flight::InFlight;

/// What happens to fake extensions, seen and steered from the test.
#[derive(Clone)]
pub(crate) struct Stage {
    state: Arc<Mutex<StageState>>,
    called: watch::Sender<()>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            called: watch::Sender::new(()),
        }
    }
}

#[derive(Default)]
pub(crate) struct StageState {
    /// `<extension>@<revision> <function>`, in the order of the calls.
    pub(crate) calls: Vec<String>,
    /// Functions that fail: `<extension> <function>`.
    pub(crate) failing: BTreeSet<String>,
    /// Functions of revisions that crash: `<extension>@<revision> <function>`.
    pub(crate) trapping: BTreeSet<String>,
    /// Functions that panic.
    pub(crate) panicking: BTreeSet<String>,
    /// Functions that wait until they are let on.
    pub(crate) waiting: BTreeSet<String>,
    /// Tools by extension, in place of those of the component.
    pub(crate) tools: BTreeMap<String, Value>,
}

impl Stage {
    pub(crate) fn lock(&self) -> MutexGuard<'_, StageState> {
        self.state.lock().unwrap()
    }

    /// Waits as long as the function is among those that wait.
    async fn let_on(&self, function: &str) {
        let mut called = self.called.subscribe();
        while self.lock().waiting.contains(function) {
            called.changed().await.unwrap();
        }
    }

    /// Lets all functions on that wait.
    pub(crate) fn let_all_on(&self) {
        self.lock().waiting.clear();
        self.called.send_replace(());
    }

    /// Waits until a function has been called so often.
    pub(crate) async fn called(&self, function: &str, times: usize) {
        let mut called = self.called.subscribe();
        while self.calls(function).len() < times {
            called.changed().await.unwrap();
        }
    }

    pub(crate) fn calls(&self, function: &str) -> Vec<String> {
        let state = self.lock();
        state
            .calls
            .iter()
            .filter(|call| call.ends_with(function))
            .cloned()
            .collect()
    }
}

pub(crate) fn refusal(message: &str) -> CallError {
    CallError::Guest(GuestError {
        kind: GuestErrorKind::InvalidInput,
        message: message.to_owned(),
    })
}

#[async_trait]
impl Loader for Stage {
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError> {
        let script: Value = serde_json::from_slice(&component).map_err(|_| LoadError::NotWasm)?;
        Ok(Arc::new(FakeLoaded {
            stage: self.clone(),
            script,
            digest: hex::encode(Sha256::digest(&component)).into(),
        }))
    }
}

struct FakeLoaded {
    stage: Stage,
    script: Value,
    digest: Arc<str>,
}

#[async_trait]
impl Loaded for FakeLoaded {
    fn digest(&self) -> Arc<str> {
        self.digest.clone()
    }

    fn exports(&self) -> Exports {
        let exported = |interface: &str| {
            self.script["x-without"]
                .as_array()
                .into_iter()
                .flatten()
                .all(|name| name != interface)
        };
        Exports {
            rid_types: exported("rid-types"),
            schemas: exported("schemas"),
            handlers: exported("handlers"),
            tools: true,
            resources: true,
            prompts: true,
            completions: true,
            schedule: exported("schedule"),
            state: true,
        }
    }

    fn imports(&self) -> Vec<String> {
        let imports = self.script["x-imports"].as_array().into_iter().flatten();
        imports
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    async fn describe(&self) -> Result<String, CallError> {
        Ok(self.script.to_string())
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Callee> {
        Arc::new(FakeCallee {
            stage: self.stage.clone(),
            script: self.script.clone(),
            name: binding.extension.to_string(),
            revision: binding.revision,
            ports: binding.ports,
            in_flight: binding.in_flight,
            successor: OnceLock::new(),
        })
    }
}

pub(crate) struct FakeCallee {
    pub(crate) stage: Stage,
    pub(crate) script: Value,
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) ports: Ports,
    pub(crate) in_flight: Arc<InFlight>,
    /// Whose its calls are, once that is somebody.
    pub(crate) successor: OnceLock<Arc<ExtensionEntry>>,
}

impl FakeCallee {
    /// With nothing granted.
    pub(crate) fn alone(name: &str, script: &Value) -> Arc<dyn Callee> {
        Self::ungranted(name, script)
    }

    /// The same, to be given a successor.
    pub(crate) fn ungranted(name: &str, script: &Value) -> Arc<Self> {
        Arc::new(Self {
            stage: Stage::default(),
            script: script.clone(),
            name: name.to_owned(),
            revision: 1,
            ports: Ports::denied(),
            in_flight: Arc::default(),
            successor: OnceLock::new(),
        })
    }

    fn enter(&self, function: &str) -> Result<(), CallError> {
        if self.successor.get().is_some() {
            return Err(CallError::Superseded);
        }
        let call = format!("{}@{} {function}", self.name, self.revision);
        let traps = self.stage.lock().trapping.contains(&call);
        self.stage.lock().calls.push(call);
        self.stage.called.send_replace(());
        if traps {
            return Err(CallError::Trap("unreachable".to_owned()));
        }
        let function_of = format!("{} {function}", self.name);
        if self.stage.lock().failing.contains(&function_of) {
            return Err(refusal(&format!("{function} fails")));
        }
        let panics = self.stage.lock().panicking.contains(&function_of);
        assert!(!panics, "{function} panics");
        Ok(())
    }
}

pub(crate) fn context(extension: &str) -> CallContext {
    CallContext {
        extension: extension.into(),
        revision: 1,
        digest: "00".into(),
        correlation: "test".into(),
        kind: koi_runtime::ports::CallKind::Tool,
        principal: None,
        cause: None,
        depth: 0,
    }
}

#[async_trait]
impl Callee for FakeCallee {
    async fn start(&self) -> Result<(), CallError> {
        self.enter("start")
    }

    async fn stop(&self) -> Result<(), CallError> {
        self.enter("stop")
    }

    async fn health(&self) -> Result<String, CallError> {
        Ok(json!({"status": "ok"}).to_string())
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        self.enter("list-tools")?;
        let tools = self.stage.lock().tools.get(&self.name).cloned();
        let tools = tools.or_else(|| self.script.get("x-tools").cloned());
        Ok(tools.unwrap_or(json!([])).to_string())
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        self.enter("list-resources")?;
        Ok(self
            .script
            .get("x-resources")
            .unwrap_or(&json!({}))
            .to_string())
    }

    /// Puts its own name under a key where there is `x-writes`. Answers with the member of `x-answers` of
    /// that name, else with who it is and its setting `greeting`.
    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        _: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        self.enter("call-tool")?;
        self.stage.let_on(&format!("{} call-tool", self.name)).await;
        if self.script.get("x-writes").is_some() {
            let by = format!("{}@{}", self.name, self.revision).into_bytes();
            let call = context(&self.name);
            let set = self.ports.key_value.set(&call, "b", "by", by);
            set.await.map_err(|error| refusal(&error.to_string()))?;
        }
        if let Some(answer) = self.script["x-answers"].get(name) {
            return Ok(answer
                .as_str()
                .map_or_else(|| answer.to_string(), str::to_owned));
        }
        let greeting = self
            .ports
            .config
            .get(&context(&self.name), "greeting")
            .await;
        let greeting = greeting.unwrap_or_else(|error| Some(error.to_string()));
        Ok(json!({"structuredContent": {
            "by": format!("{}@{}", self.name, self.revision), "got": arguments, "greeting": greeting,
        }})
        .to_string())
    }

    async fn read_resource(
        &self,
        uri: &str,
        _: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        self.enter("read-resource")?;
        Ok(vec![ResourceContents {
            uri: uri.to_owned(),
            mime_type: None,
            body: koi_runtime::ResourceBody::Text(self.name.clone()),
            meta: "{}".to_owned(),
        }])
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        self.enter("list-prompts")?;
        let prompts = self.script.get("x-prompts");
        Ok(prompts.unwrap_or(&json!([])).to_string())
    }

    /// Answers with the member of `x-answers` of that name.
    async fn get_prompt(&self, name: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        self.enter("get-prompt")?;
        Ok(self.script["x-answers"][name].to_string())
    }

    /// Answers with the member `complete` of `x-answers`.
    async fn complete(&self, _: &Completion, _: Invocation) -> Result<String, CallError> {
        self.enter("complete")?;
        Ok(self.script["x-answers"]["complete"].to_string())
    }

    /// Answers with the member of `x-answers` of that name.
    async fn run_job(&self, name: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        self.enter("run-job")?;
        let answer = &self.script["x-answers"][name];
        Ok(answer
            .as_str()
            .map_or_else(|| answer.to_string(), str::to_owned))
    }

    async fn handle(&self, _: &KnowledgeObject, _: Invocation) -> Result<Outcome, CallError> {
        self.enter("handle")?;
        Ok(Outcome::Unchanged)
    }

    /// Takes lower case for canonical.
    async fn parse_reference(
        &self,
        _: &str,
        reference: &str,
        _: Invocation,
    ) -> Result<ParsedReference, CallError> {
        self.enter("parse-reference")?;
        Ok(ParsedReference {
            canonical: reference.to_lowercase(),
            parts: "{}".to_owned(),
        })
    }

    async fn print_reference(
        &self,
        _: &str,
        parts: &str,
        _: Invocation,
    ) -> Result<String, CallError> {
        Ok(parts.to_owned())
    }

    async fn validate(&self, schema: &str, _: &str, _: Invocation) -> Result<(), CallError> {
        self.enter("validate")?;
        Err(refusal(&format!("never valid: {schema}")))
    }

    /// Adds what the member of `x-answers` named like the schema has.
    async fn transform(
        &self,
        _: &str,
        to: &str,
        contents: &str,
        _: Invocation,
    ) -> Result<String, CallError> {
        self.enter("transform")?;
        let mut contents: Value =
            serde_json::from_str(contents).map_err(|error| refusal(&error.to_string()))?;
        let added = self.script["x-answers"][to].as_object();
        if let Some(contents) = contents.as_object_mut() {
            contents.extend(added.cloned().unwrap_or_default());
        }
        Ok(contents.to_string())
    }

    fn handover(&self) -> Option<&dyn Handover> {
        Some(self)
    }
}

/// It keeps nothing; a test says what its successor is.
#[async_trait]
impl Handover for FakeCallee {
    fn keeps_state(&self) -> bool {
        false
    }

    async fn hold(&self) -> Result<Held, CallError> {
        Err(refusal("there is no state"))
    }

    async fn take_up(&self, _: Vec<u8>) -> Result<(), CallError> {
        Err(refusal("there is no state"))
    }

    fn supersede(&self, _: Held, successor: Arc<ExtensionEntry>) {
        self.successor.get_or_init(|| successor);
    }

    fn successor(&self) -> Option<Arc<ExtensionEntry>> {
        self.successor.get().cloned()
    }
}

/// A node that knows what the test put in, and nobody.
#[derive(Default)]
pub(crate) struct FakeNode {
    pub(crate) known: Vec<KnownBundle>,
}

#[async_trait]
impl Knowledge for FakeNode {
    async fn read(&self, _: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        Ok(self
            .known
            .iter()
            .find(|known| known.bundle.manifest.rid == *rid)
            .cloned())
    }

    async fn query(
        &self,
        _: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        let of_type = |known: &&KnownBundle| known.bundle.manifest.rid.rid_type() == query.rid_type;
        let from: usize = query
            .cursor
            .as_ref()
            .map_or(0, |cursor| cursor.parse().unwrap());
        let to = from + query.limit as usize;
        let all: Vec<_> = self.known.iter().filter(of_type).cloned().collect();
        let to_here = to.min(all.len());
        Ok(KnowledgePage {
            bundles: all[from..to_here].to_vec(),
            next: (to < all.len()).then(|| to.to_string()),
            bounded: None,
        })
    }

    async fn list(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        let page = self.query(call, query).await?;
        Ok(ManifestPage {
            manifests: page
                .bundles
                .into_iter()
                .map(|known| known.bundle.manifest)
                .collect(),
            next: page.next,
        })
    }

    async fn publish(
        &self,
        _: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        Ok(koi_rid::Bundle::generate(rid, contents).manifest)
    }

    async fn forget(&self, _: &CallContext, _: &Rid) -> Result<(), PortError> {
        Ok(())
    }

    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        self.read(call, rid).await
    }
}

#[async_trait]
impl Network for FakeNode {
    fn this_node(&self, _: &CallContext) -> Result<Rid, PortError> {
        Rid::parse("orn:koi-net.node:test+00").map_err(|e| PortError::Permanent(e.to_string()))
    }

    async fn neighbours(&self, _: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        Ok(Vec::new())
    }
}

/// A tool as an extension would list it.
pub(crate) fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": "A tool of the tests.",
        "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}},
    })
}
