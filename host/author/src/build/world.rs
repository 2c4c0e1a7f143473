//! The world of a guest: all that the host offers, and the interfaces that the source implements.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::BuildError;
use crate::Project;

/// What an extension may implement beyond `extension`, which each does.
const KNOWN: [&str; 9] = [
    "rid-types",
    "schemas",
    "handlers",
    "tools",
    "resources",
    "prompts",
    "completions",
    "schedule",
    "state",
];

/// Interfaces of the contract that a source implements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interfaces(BTreeSet<&'static str>);

impl Interfaces {
    /// Those of these names; `extension` goes without saying.
    ///
    /// # Errors
    /// [`BuildError::Project`] that names an interface that the contract does not have.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BuildError> {
        let names = names.into_iter().filter(|name| *name != "extension");
        let known = names.map(|name| {
            let found = KNOWN.iter().find(|known| **known == name);
            found.copied().ok_or_else(|| {
                BuildError::Project(format!(
                    "the contract has no interface `{name}`: expected one of {}",
                    KNOWN.join(", ")
                ))
            })
        });
        known.collect::<Result<_, _>>().map(Self)
    }

    /// Their names, in order, without `extension`.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

/// Writes the world `koi:build/guest` into `work/wit`, with all that it refers to in `deps/`. Gives that folder.
pub(super) fn write_world(
    project: &Project,
    work: &Path,
    interfaces: &Interfaces,
) -> Result<PathBuf, BuildError> {
    let folder = work.join("wit");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(BuildError::io("remove", &folder))?;
    }
    let deps = folder.join("deps");
    let (contract, shared) = (project.base.join("wit"), project.base.join("sdk/wit"));
    copy_wit(&contract, &deps.join("koi-extension"))?;
    copy_wit(&shared, &deps.join("wasi-http"))?;
    for packages in [contract.join("deps"), shared.join("deps")] {
        for package in entries(&packages)? {
            copy_wit(
                &package,
                &deps.join(package.file_name().unwrap_or_default()),
            )?;
        }
    }
    let file = folder.join("world.wit");
    fs::write(&file, world(interfaces)).map_err(BuildError::io("write", &file))?;
    Ok(folder)
}

fn world(interfaces: &Interfaces) -> String {
    let mut world =
        "package koi:build;\n\nworld guest {\n    include koi:extension/imports@0.1.0;\n    \
                     include wasi:http/client@0.2.0;\n    export koi:extension/extension@0.1.0;\n"
            .to_owned();
    for name in interfaces.names() {
        world.push_str(&format!("    export koi:extension/{name}@0.1.0;\n"));
    }
    world.push_str("}\n");
    world
}

/// Copies the WIT files of one folder, not those of folders below.
fn copy_wit(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(to).map_err(BuildError::io("make", to))?;
    for file in entries(from)? {
        if file.extension().is_some_and(|end| end == "wit") {
            let copy = to.join(file.file_name().unwrap_or_default());
            fs::copy(&file, copy).map_err(BuildError::io("copy", &file))?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    });
    entries.map_err(BuildError::io("read", folder))
}
