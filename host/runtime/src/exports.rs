//! Which interfaces of the contract a component exports, found once per revision.
//!
//! `extension` is required, all others are optional; a plain component (`plain.rs`) has none. That an export has the functions and types of
//! the contract shows only in an instance, so a revision's first instance is checked as a whole;
//! calls then look up only the interface that they need.

use wasmtime::Engine;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

use crate::bindings::exports::koi::extension as exports;
use crate::error::{LoadError, sentence};
use crate::state::State;
use crate::values::Exports;

/// The package of the contract.
pub(crate) const PACKAGE: &str = "koi:extension";

/// The version of the contract that this host has.
pub(crate) const VERSION: &str = "0.1.0";

/// What versions that fit it begin with: before 1.0, the second number says what breaks.
pub(crate) const COMPATIBLE: &str = "0.1.";

/// Where each interface's functions are in the component.
#[derive(Default)]
pub(crate) struct Indices {
    extension: Option<exports::extension::GuestIndices>,
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
            extension: Some(
                find!(extension, "extension")
                    .ok_or_else(|| LoadError::NoExtension(interface("extension")))?,
            ),
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
        extension,
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
        check!(&self.extension, "extension");
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

/// Refuses a component that was built for a contract that this host does not speak.
pub(crate) fn check_version(component: &Component, engine: &Engine) -> Result<(), LoadError> {
    let of = component.component_type();
    let imports = of.imports(engine).map(|(name, _)| name.to_owned());
    let exports = of.exports(engine).map(|(name, _)| name.to_owned());
    let foreign = exports.chain(imports).find(|name| {
        name.strip_prefix(PACKAGE)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split_once('@'))
            .is_some_and(|(_, version)| !version.starts_with(COMPATIBLE))
    });
    match foreign {
        Some(found) => Err(LoadError::WrongVersion {
            found,
            supported: format!("{PACKAGE}@{VERSION}"),
        }),
        None => Ok(()),
    }
}
