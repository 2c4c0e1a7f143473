//! The functions of an instance, with the runtime's own values.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::bindings::exports::koi::extension as exports;
use super::exports::Indices;
use super::values::{Shown, guest_error};
use crate::call::Answer;
use crate::error::LoadError;
use crate::meter::Stop;
use crate::state::State;
use crate::values::{KnowledgeObject, Outcome, ParsedReference, ResourceContents};

macro_rules! interfaces {
    ($($interface:ident = $name:literal),+ $(,)?) => {
        /// An instance, and the functions of the interfaces that have been called, looked up once.
        pub(crate) struct Guest {
            indices: Arc<Indices>,
            instance: Instance,
            $($interface: Option<exports::$interface::Guest>,)+
        }

        impl Guest {
            pub(crate) fn new(indices: Arc<Indices>, instance: Instance) -> Self {
                Self {
                    indices,
                    instance,
                    $($interface: None,)+
                }
            }

            $(fn $interface(
                &mut self,
                store: &mut Store<State>,
            ) -> wasmtime::Result<&exports::$interface::Guest> {
                if self.$interface.is_none() {
                    let Some(indices) = self.indices.$interface() else {
                        return Err(wasmtime::Error::new(Stop::NotExported($name)));
                    };
                    self.$interface = Some(indices.load(store, &self.instance)?);
                }
                self.$interface
                    .as_ref()
                    .ok_or_else(|| wasmtime::Error::new(Stop::NotExported($name)))
            })+
        }
    };
}

interfaces! {
    extension = "extension",
    rid_types = "rid-types",
    schemas = "schemas",
    handlers = "handlers",
    tools = "tools",
    resources = "resources",
    prompts = "prompts",
    completions = "completions",
    schedule = "schedule",
    state = "state",
}

/// Functions whose values are the runtime's own but for the failure.
macro_rules! functions {
    ($($interface:ident.$call:ident => $function:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        impl Guest {
            $(pub(crate) async fn $function(
                &mut self,
                store: &mut Store<State>
                $(, $argument: $of)*
            ) -> Answer<$answer> {
                let guest = self.$interface(store)?;
                let answer = guest.$call(store $(, $argument)*).await?;
                Ok(answer.map_err(guest_error))
            })+
        }
    };
}

functions! {
    extension.call_describe => describe() -> String;
    extension.call_start => start() -> ();
    extension.call_health => health() -> String;
    rid_types.call_print_reference => print_reference(rid_type: &str, parts: &str) -> String;
    schemas.call_validate => validate(schema: &str, contents: &str) -> ();
    schemas.call_transform => transform(from: &str, to: &str, contents: &str) -> String;
    tools.call_list_tools => list_tools() -> String;
    tools.call_call_tool => call_tool(name: &str, arguments: &str) -> String;
    resources.call_list_resources => list_resources() -> String;
    prompts.call_list_prompts => list_prompts() -> String;
    prompts.call_get_prompt => get_prompt(name: &str, arguments: &str) -> String;
    completions.call_complete => complete(kind: &str, name: &str, argument: &str, value: &str, context: &str) -> String;
    schedule.call_run_job => run_job(name: &str, run: &str) -> String;
    state.call_save => save() -> Vec<u8>;
    state.call_load => load(state: &[u8]) -> ();
}

impl Guest {
    pub(crate) fn check(&self, store: &mut Store<State>) -> Result<(), LoadError> {
        self.indices.check(store, &self.instance)
    }

    pub(crate) async fn stop(&mut self, store: &mut Store<State>) -> wasmtime::Result<()> {
        let guest = self.extension(store)?;
        guest.call_stop(store).await
    }

    pub(crate) async fn parse_reference(
        &mut self,
        store: &mut Store<State>,
        rid_type: &str,
        reference: &str,
    ) -> Answer<ParsedReference> {
        let guest = self.rid_types(store)?;
        let parsed = guest
            .call_parse_reference(store, rid_type, reference)
            .await?;
        Ok(parsed.map(Into::into).map_err(guest_error))
    }

    pub(crate) async fn handle(
        &mut self,
        store: &mut Store<State>,
        object: &KnowledgeObject,
    ) -> Answer<Outcome> {
        let guest = self.handlers(store)?;
        let outcome = guest.call_handle(store, Shown::new(object).view()).await?;
        Ok(outcome.map(Into::into).map_err(guest_error))
    }

    pub(crate) async fn read_resource(
        &mut self,
        store: &mut Store<State>,
        uri: &str,
    ) -> Answer<Vec<ResourceContents>> {
        let guest = self.resources(store)?;
        let contents = guest.call_read_resource(store, uri).await?;
        Ok(contents
            .map(|all| all.into_iter().map(Into::into).collect())
            .map_err(guest_error))
    }
}
