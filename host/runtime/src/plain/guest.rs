//! An instance of a plain component, with the functions of every version of the contract: it answers for
//! itself what it was found to be, has tools, and exports nothing else.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::Plain;
use crate::call::Answer;
use crate::error::LoadError;
use crate::meter::Stop;
use crate::state::State;
use crate::values::{KnowledgeObject, Outcome, ParsedReference, ResourceContents};

/// An instance.
pub(crate) struct Guest {
    plain: Arc<Plain>,
    instance: Instance,
}

/// Functions that it does not export.
macro_rules! not_exported {
    ($($interface:literal.$function:ident($($of:ty),*) -> $answer:ty;)+) => {
        impl Guest {
            $(pub(crate) async fn $function(
                &mut self,
                _: &mut Store<State>
                $(, _: $of)*
            ) -> Answer<$answer> {
                Err(wasmtime::Error::new(Stop::NotExported($interface)))
            })+
        }
    };
}

not_exported! {
    "rid-types".print_reference(&str, &str) -> String;
    "rid-types".parse_reference(&str, &str) -> ParsedReference;
    "schemas".validate(&str, &str) -> ();
    "schemas".transform(&str, &str, &str) -> String;
    "handlers".handle(&KnowledgeObject) -> Outcome;
    "resources".list_resources() -> String;
    "resources".read_resource(&str) -> Vec<ResourceContents>;
    "prompts".list_prompts() -> String;
    "prompts".get_prompt(&str, &str) -> String;
    "completions".complete(&str, &str, &str, &str, &str) -> String;
    "schedule".run_job(&str, &str) -> String;
    "state".save() -> Vec<u8>;
    "state".load(&[u8]) -> ();
}

impl Guest {
    pub(crate) fn new(plain: Arc<Plain>, instance: Instance) -> Self {
        Self { plain, instance }
    }

    /// The types of its functions were read when it was found.
    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as the other versions have it"
    )]
    pub(crate) fn check(&self, _: &mut Store<State>) -> Result<(), LoadError> {
        Ok(())
    }

    pub(crate) async fn describe(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(self.plain.description.clone()))
    }

    pub(crate) async fn start(&mut self, _: &mut Store<State>) -> Answer<()> {
        Ok(Ok(()))
    }

    pub(crate) async fn stop(&mut self, _: &mut Store<State>) -> wasmtime::Result<()> {
        Ok(())
    }

    pub(crate) async fn health(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(r#"{"status":"ok"}"#.to_owned()))
    }

    pub(crate) async fn list_tools(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(self.plain.tools.clone()))
    }

    pub(crate) async fn call_tool(
        &mut self,
        store: &mut Store<State>,
        name: &str,
        arguments: &str,
    ) -> Answer<String> {
        self.plain.call(store, &self.instance, name, arguments).await
    }
}
