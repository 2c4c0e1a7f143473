//! Ports that remember, wait or panic.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use koi_rid::{Contents, Manifest, Rid};
use koi_runtime::ports::{
    self, CallContext, CallKind, Caller, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle,
    Level, Log, ManifestPage, PortError, Ports, SavedState, nobody_to_ask,
};
use koi_runtime::{Call, Limits, Mode};
use tokio::sync::Notify;

/// A call with nothing granted and the default limits.
pub fn call() -> Call {
    Call {
        context: CallContext {
            extension: "test".into(),
            revision: 1,
            digest: "0".into(),
            correlation: "c1".into(),
            kind: CallKind::Tool,
            principal: None,
            cause: None,
            depth: 0,
        },
        ports: Arc::new(Ports::denied()),
        caller: ports::nobody(),
        limits: Limits::default(),
        mode: Mode::Fresh,
    }
}

/// A call with other limits.
pub fn call_within(limits: Limits) -> Call {
    Call { limits, ..call() }
}

/// Knowledge whose `forget` tells that it was reached and then waits until it is released.
#[derive(Default)]
pub struct Waiting {
    /// Told when a guest has come.
    pub reached: Notify,
    /// Lets one guest go on.
    pub release: Notify,
}

#[async_trait]
impl Knowledge for Waiting {
    async fn read(&self, _: &CallContext, _: &Rid) -> Result<Option<KnownBundle>, PortError> {
        Ok(None)
    }

    async fn query(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<KnowledgePage, PortError> {
        Ok(KnowledgePage::default())
    }

    async fn list(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<ManifestPage, PortError> {
        Ok(ManifestPage::default())
    }

    async fn publish(&self, _: &CallContext, _: Rid, _: Contents) -> Result<Manifest, PortError> {
        Err(PortError::Permanent("not here".into()))
    }

    async fn forget(&self, _: &CallContext, rid: &Rid) -> Result<(), PortError> {
        assert_eq!(rid.as_str(), "orn:test.thing:one");
        self.reached.notify_one();
        self.release.notified().await;
        Ok(())
    }

    async fn dereference(
        &self,
        _: &CallContext,
        _: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        Ok(None)
    }
}

/// A caller that cannot be spoken to.
pub struct Panicking;

#[async_trait]
impl Caller for Panicking {
    fn who(&self, _: &CallContext) -> String {
        panic!("who panics")
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {
        panic!("progress panics")
    }

    fn log(&self, _: &CallContext, _: &str, _: &str) {
        panic!("log panics")
    }

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        panic!("ask panics")
    }
}

/// A log that keeps its lines.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<(Level, String, String)>>);

impl Kept {
    /// The call's ports with this log.
    pub fn behind(self: &Arc<Self>, mut call: Call) -> Call {
        Arc::make_mut(&mut call.ports).log = self.clone();
        call
    }
}

impl Log for Kept {
    fn log(&self, call: &CallContext, level: Level, context: &str, message: &str) {
        assert_eq!(&*call.correlation, "c1");
        let mut lines = self.0.lock().expect("nobody panics with the lock");
        lines.push((level, context.to_owned(), message.to_owned()));
    }
}

/// A caller who notes on which threads they are spoken to.
#[derive(Default)]
pub struct Threads(pub Mutex<Vec<String>>);

#[async_trait]
impl Caller for Threads {
    fn who(&self, _: &CallContext) -> String {
        "{}".to_owned()
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        self.0
            .lock()
            .expect("nobody panics with the lock")
            .push(name);
    }

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        Err(nobody_to_ask())
    }
}

/// A saved state in memory, which counts how often it was saved.
#[derive(Default)]
pub struct Saved(pub Mutex<(Option<Vec<u8>>, u32)>);

#[async_trait]
impl SavedState for Saved {
    async fn load(&self, _: &CallContext) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self
            .0
            .lock()
            .expect("nobody panics with the lock")
            .0
            .clone())
    }

    async fn save(&self, _: &CallContext, state: Vec<u8>) -> Result<bool, PortError> {
        let mut saved = self.0.lock().expect("nobody panics with the lock");
        *saved = (Some(state), saved.1 + 1);
        Ok(true)
    }
}
