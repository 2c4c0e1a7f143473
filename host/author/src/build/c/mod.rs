//! Components from C: the author's sources are compiled first, what they define says which interfaces there are,
//! and the SDK's glue for these is compiled and linked with them. No tool is needed but a C compiler that knows
//! WebAssembly.
//!
//! Fails as [`BuildError`] says: what the compiler said, or which function of the author's is missing.

mod bindings;
mod interfaces;
mod toolchain;
mod unit_tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::command::run;
use super::world::write_world;
use super::{BuildError, Progress};
use crate::Project;

use toolchain::Toolchain;

pub(super) use unit_tests::test_command;

/// What all C is compiled with.
const COMPILED: [&str; 4] = ["-std=gnu11", "-Os", "-Wall", "-Wextra"];

/// A reactor without what nobody calls.
const LINKED: [&str; 4] = [
    "-mexec-model=reactor",
    "-Wl,--gc-sections",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=131072",
];

pub(super) fn build(
    project: &Project,
    work: &Path,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    let toolchain = Toolchain::find(project, work)?;
    progress.step(&format!("compiling with {}", toolchain.name()));
    let sdk = project.base.join("sdk/c");
    let objects = work.join("objects");
    fs::create_dir_all(&objects).map_err(BuildError::io("make", &objects))?;
    let includes = [
        sdk.join("include"),
        folder_of(&project.root.join(&project.source)),
    ];
    let own = compile(
        &toolchain,
        &sources(project)?,
        &includes,
        &objects.join("own"),
    )?;
    let interfaces = interfaces::defined_by(&own)?;
    let names: Vec<_> = interfaces.names().collect();
    progress.step(&format!("interfaces: {}", names.join(", ")));

    let wit = write_world(project, work, &interfaces)?;
    let generated = work.join("bindings");
    let bindings = bindings::generate(&wit, &generated)?;
    let mut glue = files_in(&sdk.join("src"), "c")?;
    glue.extend(files_in(&sdk.join("src/guest"), "c")?);
    let exports = std::iter::once("extension").chain(names);
    glue.extend(exports.map(|name| sdk.join(format!("src/exports/{name}.c"))));
    glue.push(bindings.source);
    let includes = [sdk.join("include"), sdk.join("src"), generated];
    let shared = compile(&toolchain, &glue, &includes, &objects.join("sdk"))?;

    progress.step("linking");
    let core = work.join("core.wasm");
    let mut link = toolchain.linker();
    link.args(LINKED)
        .args(own)
        .args(shared)
        .arg(bindings.component_type)
        .arg("-o")
        .arg(&core);
    run("linking", &mut link)?;
    bindings::encode(&core, out)
}

/// The author's C files: all below the source folder, or the one file.
fn sources(project: &Project) -> Result<Vec<PathBuf>, BuildError> {
    let source = project.root.join(&project.source);
    if source.is_file() {
        return Ok(vec![source]);
    }
    let mut found = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        found.extend(files_in(&folder, "c")?);
        folders.extend(entries(&folder)?.into_iter().filter(|entry| entry.is_dir()));
    }
    if found.is_empty() {
        let nothing = format!("there are no .c files in {}", source.display());
        return Err(BuildError::Project(nothing));
    }
    Ok(found)
}

fn folder_of(source: &Path) -> PathBuf {
    match source.parent() {
        Some(parent) if source.is_file() => parent.to_owned(),
        _ => source.to_owned(),
    }
}

/// The files of a folder whose names end so, in order.
fn files_in(folder: &Path, end: &str) -> Result<Vec<PathBuf>, BuildError> {
    let mut files = entries(folder)?;
    files.retain(|file| file.is_file() && file.extension().is_some_and(|found| found == end));
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut entries = entries.map_err(BuildError::io("read", folder))?;
    entries.sort();
    Ok(entries)
}

/// Compiles each source into an object of its own, several at once. Gives the objects in the sources' order.
fn compile(
    toolchain: &Toolchain,
    sources: &[PathBuf],
    includes: &[PathBuf],
    objects: &Path,
) -> Result<Vec<PathBuf>, BuildError> {
    fs::create_dir_all(objects).map_err(BuildError::io("make", objects))?;
    let next = AtomicUsize::new(0);
    let one_after_another = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(at) else {
                return Ok(made);
            };
            let object = objects.join(format!("{at}.o"));
            compile_one(toolchain, source, includes, &object)?;
            made.push((at, object));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Result<_, BuildError>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| scope.spawn(one_after_another))
            .collect();
        let stopped = || BuildError::Project("a thread that compiles has stopped".to_owned());
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| stopped())?);
        ended.collect()
    });
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut made: Vec<_> = parts.into_iter().flatten().collect();
    made.sort();
    Ok(made.into_iter().map(|(_, object)| object).collect())
}

fn compile_one(
    toolchain: &Toolchain,
    source: &Path,
    includes: &[PathBuf],
    object: &Path,
) -> Result<(), BuildError> {
    let mut command: Command = toolchain.wasm();
    command
        .args(COMPILED)
        .arg("-c")
        .arg(source)
        .arg("-o")
        .arg(object);
    for folder in includes {
        command.arg("-I").arg(folder);
    }
    run(&format!("compiling {}", source.display()), &mut command).map(drop)
}
