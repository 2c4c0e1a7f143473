//! A version 0.2 as it would be added: a module beside 0.1's, with bindings of its own. It has three
//! interfaces of the ten, which is all that its guest uses.

mod bindings {
    wasmtime::component::bindgen!({
        world: "koi:extension/everything",
        path: "tests/contract-0.2",
        imports: { "koi:extension/knowledge": async | trappable },
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};

use self::bindings::exports::koi::extension as exports;
use self::bindings::koi::extension as koi;
use self::bindings::koi::extension::types::{Error, ErrorKind};
use crate::call::Answer;
use crate::capabilities::knowledge;
use crate::error::{GuestError, GuestErrorKind, LoadError};
use crate::meter::Stop;
use crate::ports::PortError;
use crate::state::State;
use crate::values::{Exports, KnowledgeObject, Outcome, ParsedReference, ResourceContents};

pub(crate) const VERSION: &str = "0.2.0";

pub(crate) struct Indices {
    extension: exports::extension::GuestIndices,
    tools: exports::tools::GuestIndices,
}

fn wrong_type(error: wasmtime::Error) -> LoadError {
    LoadError::WrongType {
        interface: "koi:extension".to_owned(),
        reason: error.to_string(),
    }
}

impl Indices {
    pub(crate) fn find(pre: &InstancePre<State>) -> Result<Self, LoadError> {
        Ok(Self {
            extension: exports::extension::GuestIndices::new(pre).map_err(wrong_type)?,
            tools: exports::tools::GuestIndices::new(pre).map_err(wrong_type)?,
        })
    }

    pub(crate) fn exports(&self) -> Exports {
        Exports {
            tools: true,
            ..Exports::default()
        }
    }
}

pub(crate) struct Guest {
    indices: Arc<Indices>,
    instance: Instance,
}

macro_rules! functions {
    ($($interface:ident.$call:ident => $function:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        impl Guest {
            $(pub(crate) async fn $function(
                &mut self,
                store: &mut Store<State>
                $(, $argument: $of)*
            ) -> Answer<$answer> {
                let guest = self.indices.$interface.load(&mut *store, &self.instance)?;
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
    tools.call_list_tools => list_tools() -> String;
    tools.call_call_tool => call_tool(name: &str, arguments: &str) -> String;
}

macro_rules! without {
    ($($interface:literal: $function:ident($($of:ty),*) -> $answer:ty;)+) => {
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

without! {
    "rid-types": parse_reference(&str, &str) -> ParsedReference;
    "rid-types": print_reference(&str, &str) -> String;
    "schemas": validate(&str, &str) -> ();
    "schemas": transform(&str, &str, &str) -> String;
    "handlers": handle(&KnowledgeObject) -> Outcome;
    "resources": list_resources() -> String;
    "resources": read_resource(&str) -> Vec<ResourceContents>;
    "prompts": list_prompts() -> String;
    "prompts": get_prompt(&str, &str) -> String;
    "completions": complete(&str, &str, &str, &str, &str) -> String;
    "schedule": run_job(&str, &str) -> String;
    "state": save() -> Vec<u8>;
    "state": load(&[u8]) -> ();
}

impl Guest {
    pub(crate) fn new(indices: Arc<Indices>, instance: Instance) -> Self {
        Self { indices, instance }
    }

    pub(crate) fn check(&self, store: &mut Store<State>) -> Result<(), LoadError> {
        let Self { indices, instance } = self;
        let extension = indices.extension.load(&mut *store, instance);
        extension.map_err(wrong_type)?;
        let tools = indices.tools.load(store, instance);
        tools.map(drop).map_err(wrong_type)
    }

    pub(crate) async fn stop(&mut self, store: &mut Store<State>) -> wasmtime::Result<()> {
        let guest = self.indices.extension.load(&mut *store, &self.instance)?;
        guest.call_stop(store).await
    }
}

pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Own = HasSelf<State>;
    koi::types::add_to_linker::<State, Own>(linker, |state| state)?;
    koi::knowledge::add_to_linker::<State, Own>(linker, |state| state)
}

impl koi::types::Host for State {}

impl koi::knowledge::Host for State {
    async fn forget(&mut self, rid: String) -> wasmtime::Result<Result<(), Error>> {
        Ok(knowledge::forget(self, &rid).await?.map_err(error))
    }
}

/// What a port's failure is to a guest: here the break is.
fn error(error: PortError) -> Error {
    let (kind, message, remedy) = match error {
        PortError::Transient(reason) => (ErrorKind::Transient, reason, None),
        PortError::Permanent(reason) => (ErrorKind::Permanent, reason, None),
        PortError::InvalidInput(reason) => (ErrorKind::InvalidInput, reason, None),
        PortError::Denied(denial) => (
            ErrorKind::Denied,
            format!("not granted: {}", denial.grant),
            Some(denial.remedy),
        ),
    };
    Error {
        kind,
        message,
        remedy,
    }
}

/// And here: a caller knows one text.
fn guest_error(error: Error) -> GuestError {
    let kind = match error.kind {
        ErrorKind::Transient => GuestErrorKind::Transient,
        ErrorKind::Permanent => GuestErrorKind::Permanent,
        ErrorKind::InvalidInput => GuestErrorKind::InvalidInput,
        ErrorKind::Denied => GuestErrorKind::Denied,
        ErrorKind::Other(kind) => GuestErrorKind::Other(kind),
    };
    GuestError {
        kind,
        message: match error.remedy {
            Some(remedy) => format!("{}; {remedy}", error.message),
            None => error.message,
        },
    }
}

/// A guest of this version, whose tool forgets what its arguments name and answers as the host did.
pub(crate) fn guest() -> Vec<u8> {
    let text = include_str!("../../../tests/contract-0.2/guest.wat");
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}
