//! From a project to a component, and its own unit tests, in each language.

mod c;
mod command;
mod python;
mod rust;
mod typescript;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::project::{Language, Project};

pub use world::Interfaces;

/// Hears what a build does meanwhile.
pub trait Progress {
    /// One step begins: a line for a person, without an end.
    fn step(&mut self, what: &str);
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A tool of the language was not found.
    #[error("{tool} is missing: {how}")]
    MissingTool {
        /// Its name.
        tool: String,
        /// How to get it: one sentence, with the command.
        how: String,
    },
    /// A tool found fault with the project.
    #[error("{step} failed ({status}):\n{output}")]
    Failed {
        /// What was being done.
        step: String,
        /// How the tool ended.
        status: String,
        /// The last of what it said, at most 4 KiB.
        output: String,
    },
    /// The project is not as it has to be.
    #[error("{0}")]
    Project(String),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What could not be done, to which file.
        what: String,
        /// Why.
        source: io::Error,
    },
}

impl BuildError {
    /// For `map_err`: what could not be done with which file.
    pub(crate) fn io(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("cannot {what} {}", path.display());
        |source| Self::Io { what, source }
    }
}

/// A component that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where it is.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it exports, as [`crate::exports`] tells.
    pub exports: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Makes the project's component at `out`, or at `dist/NAME.wasm` in the project. It takes the place of an
/// earlier one only when it is whole.
///
/// # Errors
/// As [`BuildError`] says; an earlier component stays.
pub fn build(
    project: &Project,
    out: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Built, BuildError> {
    let begun = Instant::now();
    let out = out.map_or_else(|| project.component(), Path::to_owned);
    let work = project.root.join("build");
    let folder = out.parent().unwrap_or(Path::new(""));
    for folder in [work.as_path(), folder] {
        fs::create_dir_all(folder).map_err(BuildError::io("make", folder))?;
    }
    // In the work folder: nothing watches for components there.
    let partial = work.join(format!("{}.wasm", project.name));
    match project.language {
        Language::Rust => rust::build(project, &work, &partial, progress),
        Language::Python => python::build(project, &work, &partial, progress),
        Language::Typescript => typescript::build(project, &work, &partial, progress),
        Language::C => c::build(project, &work, &partial, progress),
    }?;
    let component = fs::read(&partial).map_err(BuildError::io("read", &partial))?;
    put(&component, &out)?;
    fs::remove_file(&partial).map_err(BuildError::io("remove", &partial))?;
    Ok(Built {
        file: out,
        bytes: component.len() as u64,
        exports: crate::exports(&component),
        took: begun.elapsed(),
    })
}

/// Writes a file that nobody sees a part of.
fn put(bytes: &[u8], to: &Path) -> Result<(), BuildError> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = to.with_file_name(name);
    fs::write(&partial, bytes).map_err(BuildError::io("write", &partial))?;
    fs::rename(&partial, to).map_err(BuildError::io("write", to))
}

/// Runs the project's own unit tests, which need no node.
///
/// # Errors
/// [`BuildError::Failed`] with the last of what they said if they fail; as [`BuildError`] says if they cannot
/// be run.
pub fn test(project: &Project, progress: &mut dyn Progress) -> Result<(), BuildError> {
    let mut tests: Command = match project.language {
        Language::Rust => rust::test_command(project),
        Language::Python => python::test_command(project),
        Language::Typescript => typescript::test_command(project),
        Language::C => c::test_command(project),
    }?;
    progress.step("unit tests");
    command::run("unit tests", &mut tests).map(drop)
}
