//! The tools that an author has on their machine, as `cargo xtask test` has set them up.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use koi_tests::tool;
use tempfile::TempDir;

/// What a variable of cargo's is called here: cargo itself builds the host, and must not hear it.
const OF_GUESTS: &str = "KOI_TEST_GUEST_";

/// A folder with `node`, `npm` and a `python3` that makes environments.
static PROGRAMS: LazyLock<TempDir> = LazyLock::new(programs);

/// Gives a command the tools: programs, caches, and what builds Rust guests.
pub fn give(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(PROGRAMS.path().to_owned()).chain(std::env::split_paths(&path));
    command
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("npm_config_cache", cache("npm"))
        .env("PIP_CACHE_DIR", cache("pip"))
        .env("ZIG_GLOBAL_CACHE_DIR", cache("zig"))
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        // Of cargo's own output there is one folder for each project, as an author has it.
        .env_remove("CARGO_TARGET_DIR")
        // The crates are there: nothing is to be waited for.
        .env("CARGO_NET_OFFLINE", "true");
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if let Some(name) = name.strip_prefix(OF_GUESTS) {
            command.env(name, value);
        }
    }
}

fn cache(name: &str) -> PathBuf {
    tool("node").with_file_name("cache").join(name)
}

/// Lends a project what `cargo xtask test` has installed for its language, where a test is not about getting it.
pub fn lend(project: &Path, language: &str) {
    match language {
        "python" => symlink(tool("componentize-py"), project.join(".venv")).unwrap(),
        "c" => symlink(tool("zig"), project.join(".venv")).unwrap(),
        "typescript" => {
            let modules = tool("glossary-typescript/node_modules");
            symlink(modules, project.join("node_modules")).unwrap();
        }
        _ => {}
    }
}

fn programs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, script: &str| {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let node = tool("node/bin/node");
    put("node", &format!("exec '{}' \"$@\"", node.display()));
    let npm = node
        .canonicalize()
        .unwrap()
        .with_file_name("../lib/node_modules/npm/bin/npm-cli.js");
    put(
        "npm",
        &format!("exec '{}' '{}' \"$@\"", node.display(), npm.display()),
    );
    if !makes_environments("python3") {
        // As xtask does: Debian's Python without its means to put pip into an environment.
        let usr = tool("python/root/usr");
        let python = usr.join("bin/python3.13");
        let (python, wheels) = (python.display(), usr.join("share/python-wheels"));
        let wheels = wheels.display();
        put(
            "python3",
            &format!(
                "[ \"$1 $2\" = '-m venv' ] || exec '{python}' \"$@\"\n\
                 '{python}' -m venv --without-pip \"$3\" && for wheel in '{wheels}'/pip-*.whl; do \
                 \"$3/bin/python\" \"$wheel/pip\" install --quiet --no-index --find-links '{wheels}' pip; done"
            ),
        );
    }
    folder
}

fn makes_environments(python: &str) -> bool {
    let check = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))";
    let output = Command::new(python).args(["-c", check]).output();
    output.is_ok_and(|output| output.status.success())
}
