//! Which interfaces of the contract a component exports, found once per revision.
//!
//! `extension` is required, all others are optional. That an export has the functions and types of
//! the contract shows only in an instance, so a revision's first instance is checked as a whole;
//! calls then look up only the interface that they need.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::VERSION;
use super::bindings::exports::koi::extension as exports;
use crate::contract::PACKAGE;
use crate::error::{LoadError, sentence};
use crate::state::State;
use crate::values::Exports;

/// Where each interface's functions are in the component.
pub(crate) struct Indices {
    extension: exports::extension::GuestIndices,
    rid_types: Option<exports::rid_types::GuestIndices>,
    schemas: Option<exports::schemas::GuestIndices>,
    handlers: Option<exports::handlers::GuestIndices>,
    tools: Option<exports::tools::GuestIndices>,
    resources: Option<exports::resources::GuestIndices>,
    prompts: Option<exports::prompts::GuestIndices>,
    completions: Option<exports::completions::GuestIndices>,
    schedule: Option<exports::schedule::GuestIndices>,
    state: Option<exports::state::GuestIndices>,
}

fn interface(name: &str) -> String {
    format!("{PACKAGE}/{name}@{VERSION}")
}

fn wrong_type(name: &str, error: &wasmtime::Error) -> LoadError {
    LoadError::WrongType {
        interface: interface(name),
        reason: sentence(error),
    }
}

macro_rules! optional {
    ($($interface:ident),+) => {
        $(pub(crate) fn $interface(&self) -> Option<&exports::$interface::GuestIndices> {
            self.$interface.as_ref()
        })+
    };
}

impl Indices {
    /// Looks for each interface.
    pub(crate) fn find(pre: &InstancePre<State>) -> Result<Self, LoadError> {
        macro_rules! find {
            ($module:ident, $name:literal) => {
                match pre.component().get_export_index(None, &interface($name)) {
                    Some(_) => Some(
                        exports::$module::GuestIndices::new(pre)
                            .map_err(|error| wrong_type($name, &error))?,
                    ),
                    None => None,
                }
            };
        }
        Ok(Self {
            extension: find!(extension, "extension")
                .ok_or_else(|| LoadError::NoExtension(interface("extension")))?,
            rid_types: find!(rid_types, "rid-types"),
            schemas: find!(schemas, "schemas"),
            handlers: find!(handlers, "handlers"),
            tools: find!(tools, "tools"),
            resources: find!(resources, "resources"),
            prompts: find!(prompts, "prompts"),
            completions: find!(completions, "completions"),
            schedule: find!(schedule, "schedule"),
            state: find!(state, "state"),
        })
    }

    optional!(
        rid_types,
        schemas,
        handlers,
        tools,
        resources,
        prompts,
        completions,
        schedule,
        state
    );

    /// `extension` is always there.
    pub(crate) fn extension(&self) -> Option<&exports::extension::GuestIndices> {
        Some(&self.extension)
    }

    /// Checks the types of all that was found.
    pub(crate) fn check(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
    ) -> Result<(), LoadError> {
        macro_rules! check {
            ($indices:expr, $name:literal) => {
                if let Some(indices) = $indices {
                    indices
                        .load(&mut *store, instance)
                        .map_err(|error| wrong_type($name, &error))?;
                }
            };
        }
        check!(Some(&self.extension), "extension");
        check!(&self.rid_types, "rid-types");
        check!(&self.schemas, "schemas");
        check!(&self.handlers, "handlers");
        check!(&self.tools, "tools");
        check!(&self.resources, "resources");
        check!(&self.prompts, "prompts");
        check!(&self.completions, "completions");
        check!(&self.schedule, "schedule");
        check!(&self.state, "state");
        Ok(())
    }

    /// Which of the optional ones are there.
    pub(crate) fn exports(&self) -> Exports {
        Exports {
            rid_types: self.rid_types.is_some(),
            schemas: self.schemas.is_some(),
            handlers: self.handlers.is_some(),
            tools: self.tools.is_some(),
            resources: self.resources.is_some(),
            prompts: self.prompts.is_some(),
            completions: self.completions.is_some(),
            schedule: self.schedule.is_some(),
            state: self.state.is_some(),
        }
    }
}
