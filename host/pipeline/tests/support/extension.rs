//! Extensions without Wasm, for the tests of whatever needs a registry with something in it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_registry::{Binding, Callee, Invocation, Loaded, Loader};
use koi_runtime::{
    CallError, Completion, Exports, KnowledgeObject, LoadError, Outcome, ParsedReference,
    ResourceContents,
};

/// What the extension's handlers answer.
pub type Behaviour = Arc<dyn Fn(&KnowledgeObject) -> Result<Outcome, CallError> + Send + Sync>;

pub fn unchanged() -> Behaviour {
    Arc::new(|_| Ok(Outcome::Unchanged))
}

/// Loads extensions whose component is their description.
#[derive(Clone)]
pub struct FakeLoader {
    pub behaviour: Behaviour,
}

#[derive(Clone)]
struct FakeExtension {
    description: String,
    behaviour: Behaviour,
}

#[async_trait]
impl Loader for FakeLoader {
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError> {
        Ok(Arc::new(FakeExtension {
            description: String::from_utf8(component.to_vec()).unwrap(),
            behaviour: self.behaviour.clone(),
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

    fn bind(&self, _binding: Binding) -> Arc<dyn Callee> {
        Arc::new(self.clone())
    }
}

fn absent<T>() -> Result<T, CallError> {
    Err(CallError::NotExported("this"))
}

#[async_trait]
impl Callee for FakeExtension {
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
