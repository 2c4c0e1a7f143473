//! Embeds what a new project is given: the contract, the SDKs and their templates, as a table of (path in the
//! repository, bytes). Fails the build if a folder cannot be read.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders of the repository that projects get, or parts of them.
const FOLDERS: [&str; 6] = [
    "wit",
    "sdk/wit",
    "sdk/rust",
    "sdk/python",
    "sdk/javascript",
    "sdk/c",
];

/// Made by tools, wherever they are.
const MADE: [&str; 5] = ["target", "node_modules", "__pycache__", "build", "dist"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let repository = manifest.join("../..").canonicalize()?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        let folder = repository.join(folder);
        // Cargo looks through the whole folder for changes, so a folder that is not there yet is none.
        println!("cargo::rerun-if-changed={}", folder.display());
        if folder.is_dir() {
            collect(&folder, &mut files)?;
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let inside = file.strip_prefix(&repository).map_err(io::Error::other)?;
        writeln!(table, "    ({inside:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !is_left_out(folder, &name) {
                collect(&path, files)?;
            }
        } else if !name.starts_with('.') || is_template(folder) {
            files.push(path);
        }
    }
    Ok(())
}

/// Hidden folders, what tools made, and the SDKs' own tests.
fn is_left_out(parent: &Path, name: &str) -> bool {
    let of_sdk = parent.parent().is_some_and(|sdk| sdk.ends_with("sdk"));
    let made = MADE.contains(&name) || name.ends_with(".egg-info");
    name.starts_with('.') || made || (of_sdk && name == "tests")
}

fn is_template(folder: &Path) -> bool {
    folder
        .components()
        .any(|part| part.as_os_str() == "template")
}
