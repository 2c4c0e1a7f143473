//! The unit tests of an extension in C: its sources and its `tests/`, over a node in memory, for this machine.

use std::fs;
use std::process::Command;

use super::super::BuildError;
use super::super::command::{find_tool, run};
use super::toolchain::Toolchain;
use super::{files_in, folder_of, sources};
use crate::Project;

/// The program that runs the tests, compiled by the machine's own C compiler, else by the one for WebAssembly.
pub(in crate::build) fn test_command(project: &Project) -> Result<Command, BuildError> {
    let work = project.root.join("build");
    fs::create_dir_all(&work).map_err(BuildError::io("make", &work))?;
    let mut compile = match find_tool(project, "cc", &["cc"]) {
        Some(cc) => Command::new(cc),
        None => Toolchain::find(project, &work)?.native(),
    };
    let sdk = project.base.join("sdk/c");
    let own = folder_of(&project.root.join(&project.source));
    let program = work.join("unit-tests");
    compile.args(["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra"]);
    for folder in [
        &sdk.join("include"),
        &sdk.join("src"),
        &sdk.join("testing"),
        &own,
    ] {
        compile.arg("-I").arg(folder);
    }
    compile
        .args(sources(project)?)
        .args(files_in(&project.root.join("tests"), "c")?)
        .args(files_in(&sdk.join("src"), "c")?)
        .args(files_in(&sdk.join("testing"), "c")?)
        .arg("-o")
        .arg(&program);
    run("compiling the unit tests", &mut compile)?;
    Ok(Command::new(program))
}
