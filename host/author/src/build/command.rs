//! Finding and running the tools of a language.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::BuildError;
use crate::Project;

/// How much of what a tool said stands in an error: the last part.
const SAID: usize = 4096;

/// A tool under one of the names that it may have. The first that there is of: the environment variable
/// `KOI_TOOL_<TOOL>` (a path), the project's `.venv/bin` and `node_modules/.bin`, the folders of `PATH`.
pub(crate) fn find_tool(project: &Project, tool: &str, candidates: &[&str]) -> Option<PathBuf> {
    let variable = format!("KOI_TOOL_{}", tool.to_uppercase().replace('-', "_"));
    if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let own = [".venv/bin", "node_modules/.bin"].map(|folder| project.root.join(folder));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(env::split_paths(&path));
    folders
        .flat_map(|folder| candidates.iter().map(move |name| folder.join(name)))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Runs a tool to its end, without input, and gives what it said. `step` is what it is run for, and stands in
/// the error if it cannot be started or fails.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<Output, BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| BuildError::Io {
            what: format!("{step}: cannot run {program}"),
            source,
        })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout.trim_ascii(), output.stderr.trim_ascii()].join(&b'\n');
    let last = &said[said.len().saturating_sub(SAID)..];
    Err(BuildError::Failed {
        step: step.to_owned(),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(last).trim().to_owned(),
    })
}
