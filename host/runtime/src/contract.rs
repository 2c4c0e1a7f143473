//! The versions of the contract that this host serves, side by side (`wit/VERSIONING.md`).
//!
//! A component is of the version of its `extension`. Which that is, is found once, when it is loaded;
//! a call branches on it and looks nothing up. The imports of all versions stand in one linker, each
//! under its own name.
//!
//! A version is a module with its bindings, the places of its exports ([`Indices`]), the functions of an
//! instance ([`Guest`]) and its imports (`link`). The rest of the runtime has values of its own
//! (`values.rs`, `ports`, `GuestError`), which each version's module puts into those of its WIT and back.
//! A version that this host does not serve is one sentence, a [`LoadError`].
//!
//! A plain component (`plain.rs`), which exports nothing of the contract, stands beside the versions as one
//! more: its functions are those that can be made of its own.

mod v0_1;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{Engine, Store};

#[cfg(test)]
use self::tests::v0_2;
use crate::error::LoadError;
use crate::plain::{self, Plain};
use crate::state::State;
use crate::values::Exports;

/// The package of the contract.
const PACKAGE: &str = "koi:extension";

/// A version of the contract.
pub(crate) struct Version {
    /// Such as `0.1.0`.
    number: &'static str,
    /// What versions that fit it begin with: before 1.0, the second number says what breaks.
    fitting: &'static str,
    find: fn(&InstancePre<State>) -> Result<Indices, LoadError>,
    link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
}

/// The versions that this host serves, the newest first.
static SERVED: &[Version] = &[
    #[cfg(test)]
    Version {
        number: v0_2::VERSION,
        fitting: "0.2.",
        find: |pre| v0_2::Indices::find(pre).map(|found| Indices::V0_2(Arc::new(found))),
        link: v0_2::link,
    },
    Version {
        number: v0_1::VERSION,
        fitting: "0.1.",
        find: |pre| v0_1::Indices::find(pre).map(|found| Indices::V0_1(Arc::new(found))),
        link: v0_1::link,
    },
];

/// In place of a contract, of what has none.
const PLAIN: &str = "plain";

/// What a component is made for.
pub(crate) enum Form {
    Version(&'static Version),
    Plain(Plain),
}

/// Where the exports of a component are, in its version of the contract. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Indices {
    Plain(Arc<Plain>),
    V0_1(Arc<v0_1::Indices>),
    #[cfg(test)]
    V0_2(Arc<v0_2::Indices>),
}

/// The functions of an instance, in its version of the contract. Each version has all that the contract
/// ever had; what the component does not export ends a call with
/// [`NotExported`](crate::meter::Stop::NotExported).
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is nearly all of them, and stands in the box of its instance"
)]
pub(crate) enum Guest {
    Plain(plain::Guest),
    V0_1(v0_1::Guest),
    #[cfg(test)]
    V0_2(v0_2::Guest),
}

/// Does the same with whichever version of `Indices` or `Guest` it is.
macro_rules! whichever {
    ($of:ident: $versioned:expr, $value:ident => $do:expr) => {
        match $versioned {
            $crate::contract::$of::Plain($value) => $do,
            $crate::contract::$of::V0_1($value) => $do,
            #[cfg(test)]
            $crate::contract::$of::V0_2($value) => $do,
        }
    };
}

pub(crate) use whichever;

impl Indices {
    /// The package and version of the contract, such as `koi:extension@0.1.0`; `plain` without one.
    pub(crate) fn contract(&self) -> String {
        let number = match self {
            Self::Plain(_) => return PLAIN.to_owned(),
            Self::V0_1(_) => v0_1::VERSION,
            #[cfg(test)]
            Self::V0_2(_) => v0_2::VERSION,
        };
        format!("{PACKAGE}@{number}")
    }

    /// Which of the optional interfaces are there.
    pub(crate) fn exports(&self) -> Exports {
        whichever!(Indices: self, indices => indices.exports())
    }

    /// The functions of an instance of the component.
    pub(crate) fn guest(&self, instance: Instance) -> Guest {
        match self {
            Self::Plain(plain) => Guest::Plain(plain::Guest::new(plain.clone(), instance)),
            Self::V0_1(indices) => Guest::V0_1(v0_1::Guest::new(indices.clone(), instance)),
            #[cfg(test)]
            Self::V0_2(indices) => Guest::V0_2(v0_2::Guest::new(indices.clone(), instance)),
        }
    }
}

impl Guest {
    /// Checks the types of all that is exported.
    pub(crate) fn check(&self, store: &mut Store<State>) -> Result<(), LoadError> {
        whichever!(Guest: self, guest => guest.check(store))
    }
}

impl Form {
    /// What a component is made for, of which these are the bytes.
    pub(crate) fn of(component: &Component, bytes: &[u8]) -> Result<Self, LoadError> {
        match Plain::find(component, bytes)? {
            Some(plain) => Ok(Self::Plain(plain)),
            None => Version::of(component, component.engine()).map(Self::Version),
        }
    }

    /// Looks for each interface among the component's exports.
    pub(crate) fn find(self, pre: &InstancePre<State>) -> Result<Indices, LoadError> {
        match self {
            Self::Version(version) => (version.find)(pre),
            Self::Plain(plain) => Ok(Indices::Plain(Arc::new(plain))),
        }
    }
}

impl Version {
    /// The version of a component's contract. All exports have to be of the same one; an import may be
    /// of any that is served.
    fn of(component: &Component, engine: &Engine) -> Result<&'static Self, LoadError> {
        let of = component.component_type();
        let imports = of.imports(engine).map(|(name, _)| name);
        let exports: Vec<(&str, &Self)> = of
            .exports(engine)
            .filter_map(|(name, _)| Some((name, interface(name)?)))
            .map(|(name, (_, number))| Ok((name, served(name, number)?)))
            .collect::<Result<_, _>>()?;
        for name in imports {
            if let Some((_, number)) = interface(name) {
                served(name, number)?;
            }
        }
        let extension = exports
            .iter()
            .find(|(name, _)| interface(name).is_some_and(|(name, _)| name == "extension"));
        let Some((extension, version)) = extension else {
            let newest = SERVED.first().map_or("", |version| version.number);
            return Err(LoadError::NoExtension(format!(
                "{PACKAGE}/extension@{newest}"
            )));
        };
        match exports.iter().find(|(_, of)| !std::ptr::eq(*of, *version)) {
            Some((found, _)) => Err(LoadError::MixedVersions {
                found: (*found).to_owned(),
                beside: (*extension).to_owned(),
            }),
            None => Ok(version),
        }
    }
}

/// Links what the host offers in each version.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    SERVED.iter().try_for_each(|version| (version.link)(linker))
}

/// Whether a contract is served, such as `koi:extension@0.1.0`.
pub(crate) fn is_served(contract: &str) -> bool {
    let number = contract
        .strip_prefix(PACKAGE)
        .and_then(|rest| rest.strip_prefix('@'));
    contract == PLAIN || number.is_some_and(|number| fitting(number).is_some())
}

fn fitting(number: &str) -> Option<&'static Version> {
    SERVED
        .iter()
        .find(|version| number.starts_with(version.fitting))
}

/// The interface and the version of a name of the contract, such as `koi:extension/tools@0.1.0`.
pub(crate) fn interface(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?
        .strip_prefix('/')?
        .split_once('@')
}

fn served(name: &str, number: &str) -> Result<&'static Version, LoadError> {
    fitting(number).ok_or_else(|| {
        let supported: Vec<String> = SERVED
            .iter()
            .map(|version| format!("`{PACKAGE}@{}`", version.number))
            .collect();
        LoadError::WrongVersion {
            found: name.to_owned(),
            supported: supported.join(" and "),
        }
    })
}
