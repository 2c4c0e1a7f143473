//! A registry with one extension that is no Wasm, over a real store, and a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use koi_registry::{
    Binding, Callee, GrantRequest, Install, Invocation, Loaded, Loader, Naming, Registry,
    RegistryParts,
};
use koi_rid::{Contents, Manifest, Rid, Timestamp};
use koi_runtime::ports::{
    CallContext, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage, Neighbour,
    Network, PortError,
};
use koi_runtime::{
    CallError, Completion, Exports, GuestError, GuestErrorKind, KnowledgeObject, Limits, LoadError,
    Outcome, ParsedReference, ResourceContents,
};
use koi_schedule::{Clock, Schedule, ScheduleParts};
use koi_store::{JobOutcome, JobRun, Stores};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};

/// A time in seconds since the clock's beginning.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

#[derive(Clone)]
pub struct TestClock(watch::Sender<i64>);

impl TestClock {
    /// Sets it to so many seconds since its beginning.
    pub fn set(&self, seconds: i64) {
        self.0.send_replace(seconds);
    }

    /// Lets it run from now on, a second for every millisecond.
    pub fn run(&self) {
        let clock = self.0.clone();
        tokio::spawn(async move {
            let mut millisecond = tokio::time::interval(Duration::from_millis(1));
            loop {
                millisecond.tick().await;
                clock.send_modify(|now| *now += 1);
            }
        });
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        at(*self.0.borrow())
    }

    async fn wait_until(&self, time: Timestamp) {
        let mut now = self.0.subscribe();
        let _ = now.wait_for(|now| at(*now) >= time).await;
    }
}

/// A job that was begun and waits for what the test has it answer.
pub struct Begun {
    pub job: String,
    /// Of the extension.
    pub revision: u64,
    pub told: Value,
    answer: oneshot::Sender<Result<String, CallError>>,
}

impl Begun {
    pub fn succeed(self) {
        let _ = self.answer.send(Ok("{}".to_owned()));
    }

    pub fn fail(self, kind: GuestErrorKind) {
        let message = "it failed".to_owned();
        let error = CallError::Guest(GuestError { kind, message });
        let _ = self.answer.send(Err(error));
    }
}

#[derive(Clone)]
struct FakeLoader {
    begun: mpsc::UnboundedSender<Begun>,
}

struct Fake {
    description: String,
    begun: mpsc::UnboundedSender<Begun>,
    revision: u64,
}

#[async_trait]
impl Loader for FakeLoader {
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError> {
        Ok(Arc::new(Fake {
            description: String::from_utf8(component.to_vec()).unwrap(),
            begun: self.begun.clone(),
            revision: 0,
        }))
    }
}

#[async_trait]
impl Loaded for Fake {
    fn digest(&self) -> Arc<str> {
        Contents::parse(&self.description).unwrap().hash().into()
    }

    fn exports(&self) -> Exports {
        Exports {
            schedule: true,
            ..Exports::default()
        }
    }

    async fn describe(&self) -> Result<String, CallError> {
        Ok(self.description.clone())
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Callee> {
        Arc::new(Self {
            description: self.description.clone(),
            begun: self.begun.clone(),
            revision: binding.revision,
        })
    }
}

fn absent<T>() -> Result<T, CallError> {
    Err(CallError::NotExported("this"))
}

#[async_trait]
impl Callee for Fake {
    async fn start(&self) -> Result<(), CallError> {
        Ok(())
    }

    async fn stop(&self) -> Result<(), CallError> {
        Ok(())
    }

    async fn health(&self) -> Result<String, CallError> {
        Ok("{}".to_owned())
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        Ok("[]".to_owned())
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        Ok("{}".to_owned())
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        Ok("[]".to_owned())
    }

    async fn run_job(&self, name: &str, run: &str, _: Invocation) -> Result<String, CallError> {
        let (answer, answered) = oneshot::channel();
        let begun = Begun {
            job: name.to_owned(),
            revision: self.revision,
            told: serde_json::from_str(run).unwrap(),
            answer,
        };
        self.begun.send(begun).ok().unwrap();
        answered.await.unwrap()
    }

    async fn call_tool(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn read_resource(
        &self,
        _: &str,
        _: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        absent()
    }

    async fn get_prompt(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn complete(&self, _: &Completion, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn handle(&self, _: &KnowledgeObject, _: Invocation) -> Result<Outcome, CallError> {
        absent()
    }

    async fn parse_reference(
        &self,
        _: &str,
        _: &str,
        _: Invocation,
    ) -> Result<ParsedReference, CallError> {
        absent()
    }

    async fn print_reference(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn validate(&self, _: &str, _: &str, _: Invocation) -> Result<(), CallError> {
        absent()
    }

    async fn transform(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: Invocation,
    ) -> Result<String, CallError> {
        absent()
    }
}

/// A node that knows nothing and nobody.
struct Nothing;

fn nothing<T>() -> Result<T, PortError> {
    Err(PortError::Permanent("there is nothing".to_owned()))
}

#[async_trait]
impl Knowledge for Nothing {
    async fn read(&self, _: &CallContext, _: &Rid) -> Result<Option<KnownBundle>, PortError> {
        nothing()
    }

    async fn query(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<KnowledgePage, PortError> {
        nothing()
    }

    async fn list(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<ManifestPage, PortError> {
        nothing()
    }

    async fn publish(&self, _: &CallContext, _: Rid, _: Contents) -> Result<Manifest, PortError> {
        nothing()
    }

    async fn forget(&self, _: &CallContext, _: &Rid) -> Result<(), PortError> {
        nothing()
    }

    async fn dereference(
        &self,
        _: &CallContext,
        _: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        nothing()
    }
}

#[async_trait]
impl Network for Nothing {
    fn this_node(&self, _: &CallContext) -> Result<Rid, PortError> {
        nothing()
    }

    async fn neighbours(&self, _: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        nothing()
    }
}

pub struct Fixture {
    pub stores: Stores,
    pub registry: Registry,
    pub clock: TestClock,
    pub begun: mpsc::UnboundedReceiver<Begun>,
    _folder: TempDir,
}

impl Fixture {
    /// With the extension `a`, which has these jobs and all that it asks for; at second 0.
    pub async fn with(jobs: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
        let (sender, begun) = mpsc::unbounded_channel();
        let registry = Registry::open(RegistryParts {
            loader: Arc::new(FakeLoader { begun: sender }),
            extensions: stores.extensions.clone(),
            vault: Arc::default(),
            key_value: stores.key_value.clone(),
            saved_states: stores.saved_states.clone(),
            knowledge: Arc::new(Nothing),
            network: Arc::new(Nothing),
            settings: BTreeMap::new(),
            signatures: Default::default(),
            limits: Limits::default(),
            save_every: std::num::NonZero::<u32>::MIN,
            watch: koi_registry::WatchOptions::default(),
            keep: 10,
        })
        .await
        .unwrap();
        let fixture = Self {
            stores,
            registry,
            clock: TestClock(watch::Sender::new(0)),
            begun,
            _folder: folder,
        };
        fixture.install(jobs).await;
        fixture
    }

    pub async fn install(&self, jobs: Value) {
        let description = json!({"name": "a", "version": "1.0.0", "jobs": jobs});
        let install = Install {
            component: description.to_string().into_bytes(),
            grants: GrantRequest::AsAsked,
            settings: Map::new(),
            source: "test".to_owned(),
            learn: false,
            tool_prefix: None,
            naming: Naming::Own,
            who: "operator".to_owned(),
        };
        self.registry.install(install).await.unwrap();
    }

    /// Leaves a run in the store, as an earlier node did.
    pub async fn ran(&self, due: i64, outcome: JobOutcome) {
        let run = JobRun {
            id: 0,
            extension: "a".to_owned(),
            job: "job".to_owned(),
            due: Some(at(due)),
            times: 1,
            started: at(due),
            ended: None,
            outcome,
            attempts: 1,
            reason: None,
            result: None,
            correlation: "earlier".to_owned(),
        };
        self.stores.job_runs.add(run).await.unwrap();
    }

    pub async fn schedule(&self) -> Schedule {
        let parts = ScheduleParts {
            registry: self.registry.clone(),
            runs: self.stores.job_runs.clone(),
            clock: Arc::new(self.clock.clone()),
        };
        let schedule = Schedule::start(parts).await.unwrap();
        let planned = async || {
            let jobs = schedule.jobs(None).await.unwrap();
            jobs.iter().all(|job| job.next.is_some() || !job.granted)
        };
        while !planned().await {
            tokio::task::yield_now().await;
        }
        schedule
    }

    /// Waits until no run of `job` goes on: one has ended a moment after its outcome is in the history.
    pub async fn idle(&self, schedule: &Schedule) {
        let running = async || {
            let jobs = schedule.jobs(None).await.unwrap();
            jobs.iter().any(|job| job.job.name == "job" && job.running)
        };
        while running().await {
            tokio::task::yield_now().await;
        }
    }

    /// The next run that begins.
    pub async fn next(&mut self) -> Begun {
        let next = tokio::time::timeout(Duration::from_secs(60), self.begun.recv());
        next.await.expect("no run begins").unwrap()
    }

    /// The newest run with this outcome, as soon as there is one that pleases.
    pub async fn until(&self, outcome: JobOutcome, pleases: impl Fn(&JobRun) -> bool) -> JobRun {
        let look = async {
            loop {
                let runs = self.stores.job_runs.list("a", "job", None, 100);
                let runs = runs.await.unwrap().items;
                let mut found = runs.into_iter().filter(|run| run.outcome == outcome);
                if let Some(run) = found.find(&pleases) {
                    return run;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(60), look);
        found.await.unwrap_or_else(|_| panic!("no {outcome:?} run"))
    }
}
