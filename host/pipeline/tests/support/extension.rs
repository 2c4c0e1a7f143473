//! Extensions without Wasm, for the tests of whatever needs a registry with something in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use koi_registry::{Binding, Callee, Invocation, Loaded, Loader};
use koi_rid::Contents;
use koi_runtime::ports::{CallContext, CallKind, Ports};
use koi_runtime::{
    CallError, Completion, Exports, KnowledgeObject, LoadError, Outcome, ParsedReference,
    ResourceContents,
};

/// What the extension's handlers answer.
pub type Behaviour = Arc<dyn Fn(&KnowledgeObject) -> Result<Outcome, CallError> + Send + Sync>;

pub fn unchanged() -> Behaviour {
    Arc::new(|_| Ok(Outcome::Unchanged))
}

/// What an extension publishes when it starts, if it was granted.
pub const AT_START: &str = "orn:test.begun:1";

/// Long enough for an object to be settled that nothing holds back.
const LONG: Duration = Duration::from_millis(300);

/// Loads extensions whose component is their description.
#[derive(Clone)]
pub struct FakeLoader {
    pub behaviour: Behaviour,
    /// Whether nothing can be loaded.
    pub broken: Arc<AtomicBool>,
}

#[derive(Clone)]
struct FakeExtension {
    description: String,
    behaviour: Behaviour,
    /// Of the revision that is activated, and its number.
    bound: Option<(Ports, u64)>,
}

#[async_trait]
impl Loader for FakeLoader {
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(LoadError::NotWasm);
        }
        Ok(Arc::new(FakeExtension {
            description: String::from_utf8(component.to_vec()).unwrap(),
            behaviour: self.behaviour.clone(),
            bound: None,
        }))
    }
}

#[async_trait]
impl Loaded for FakeExtension {
    fn digest(&self) -> Arc<str> {
        let description = koi_rid::Contents::parse(&self.description).unwrap();
        description.hash().into()
    }

    fn exports(&self) -> Exports {
        Exports {
            handlers: true,
            ..Exports::default()
        }
    }

    async fn describe(&self) -> Result<String, CallError> {
        Ok(self.description.clone())
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Callee> {
        Arc::new(Self {
            bound: Some((binding.ports, binding.revision)),
            ..self.clone()
        })
    }
}

fn absent<T>() -> Result<T, CallError> {
    Err(CallError::NotExported("this"))
}

#[async_trait]
impl Callee for FakeExtension {
    /// Publishes, if it was granted, and is long about it.
    async fn start(&self) -> Result<(), CallError> {
        let Some((ports, revision)) = &self.bound else {
            return Ok(());
        };
        let call = CallContext {
            extension: "starting".into(),
            revision: *revision,
            digest: "0".into(),
            correlation: "start".into(),
            kind: CallKind::Lifecycle,
            principal: None,
            cause: None,
            depth: 0,
        };
        let contents = Contents::parse(r#"{"what": "it"}"#).unwrap();
        let published = ports
            .knowledge
            .publish(&call, AT_START.parse().unwrap(), contents);
        if published.await.is_ok() {
            tokio::time::sleep(LONG).await;
        }
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

    async fn list_prompts(&self) -> Result<String, CallError> {
        Ok("[]".to_owned())
    }

    async fn get_prompt(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn complete(&self, _: &Completion, _: Invocation) -> Result<String, CallError> {
        absent()
    }

    async fn handle(&self, object: &KnowledgeObject, _: Invocation) -> Result<Outcome, CallError> {
        (self.behaviour)(object)
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
