//! Extensions in Python: `componentize-py` makes the component, out of the project, the SDK and a module that
//! ties the two together.
//!
//! Fails if a tool is missing, if the project's module cannot be run outside of a node, and if `componentize-py`
//! finds fault with it: what they said is in the error.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::command::{find_tool, run};
use super::world::{Interfaces, write_world};
use super::{BuildError, Progress};
use crate::Project;

/// The module that the component begins with.
const GLUE: &str = "koi_guest";

/// What the SDK tells of the project's module.
#[derive(Deserialize)]
struct Inspected {
    interfaces: Vec<String>,
}

pub(super) fn build(
    project: &Project,
    work: &Path,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    let componentize = find_tool(project, "componentize-py", &["componentize-py"]).ok_or_else(
        || BuildError::MissingTool {
            tool: "componentize-py".to_owned(),
            how: "get it by `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in the \
                  project's folder, or name it by KOI_TOOL_COMPONENTIZE_PY"
                .to_owned(),
        },
    )?;
    progress.step("looking at what the source implements");
    let (folder, module) = module(project)?;
    let interfaces = interfaces(project, &module)?;
    let wit = write_world(project, work, &interfaces)?;
    let glue = work.join("python");
    fs::create_dir_all(&glue).map_err(BuildError::io("make", &glue))?;
    let file = glue.join(format!("{GLUE}.py"));
    fs::write(&file, glue_for(&module)).map_err(BuildError::io("write", &file))?;
    progress.step("making the component with componentize-py");
    let mut command = Command::new(componentize);
    command
        .current_dir(&project.root)
        // Importing the project while the component is made would leave compiled files beside it.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("--quiet")
        .arg("--wit-path")
        .arg(wit)
        .args(["--world", "koi:build/guest", "componentize"]);
    let own = project.root.join(".venv");
    if own.is_dir() {
        // Packages that the project has there go into the component.
        command.env("VIRTUAL_ENV", own);
    }
    for path in [&glue, &folder, &sdk(project)] {
        command.arg("--python-path").arg(path);
    }
    run(
        "componentize-py",
        command.arg(GLUE).arg("--output").arg(out),
    )
    .map(drop)
}

pub(super) fn test_command(project: &Project) -> Result<Command, BuildError> {
    let (folder, _) = module(project)?;
    let mut command = python(project, &folder)?;
    command.args(["-m", "unittest", "discover", "--start-directory", "tests"]);
    Ok(command)
}

/// The folder and the name of the project's module.
fn module(project: &Project) -> Result<(PathBuf, String), BuildError> {
    let file = project.root.join(&project.source);
    let name = file.file_stem().and_then(|stem| stem.to_str());
    let is_module = file.is_file() && file.extension().is_some_and(|end| end == "py");
    match (file.parent(), name) {
        (Some(folder), Some(name)) if is_module => Ok((folder.to_owned(), name.to_owned())),
        _ => Err(BuildError::Project(format!(
            "there is no Python module {}: expected the `source` of koi.toml to be a file such as `app.py`",
            file.display()
        ))),
    }
}

fn sdk(project: &Project) -> PathBuf {
    project.base.join("sdk/python")
}

/// A Python that finds the project's modules and the SDK, and leaves nothing beside them.
fn python(project: &Project, folder: &Path) -> Result<Command, BuildError> {
    let python = find_tool(project, "python", &["python3", "python"]).ok_or_else(|| {
        BuildError::MissingTool {
            tool: "python3".to_owned(),
            how: "install Python 3.11 or newer, or name it by KOI_TOOL_PYTHON".to_owned(),
        }
    })?;
    let mut command = Command::new(python);
    command
        .current_dir(&project.root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", joined(&[folder, &sdk(project)])?);
    Ok(command)
}

fn joined(folders: &[&Path]) -> Result<OsString, BuildError> {
    env::join_paths(folders)
        .map_err(|error| BuildError::Project(format!("Python cannot look there: {error}")))
}

fn interfaces(project: &Project, module: &str) -> Result<Interfaces, BuildError> {
    let (folder, _) = self::module(project)?;
    let mut command = python(project, &folder)?;
    command.args(["-m", "koi_extension.inspect", module]);
    let output = run("looking at what the source implements", &mut command)?;
    // The module may print something of its own before.
    let said = output.stdout.trim_ascii();
    let last = said.rsplit(|byte| *byte == b'\n').next().unwrap_or(said);
    let inspected: Inspected = serde_json::from_slice(last).map_err(|error| {
        BuildError::Project(format!(
            "koi_extension.inspect did not say what `{module}` implements ({error}): is sdk/python whole?"
        ))
    })?;
    Interfaces::of(inspected.interfaces.iter().map(String::as_str))
}

/// The module that exports what the project's module implements.
fn glue_for(module: &str) -> String {
    format!(
        "\"\"\"Made by `koi-mcp build`: the exports of the component.\"\"\"\n\n\
         from koi_extension.guest.exports import *\n\
         from koi_extension.guest.exports import serve\n\
         from koi_extension.inspect import extension_of\n\n\
         serve(extension_of(\"{module}\"))\n"
    )
}
