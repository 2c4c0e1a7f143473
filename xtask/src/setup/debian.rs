//! Programs out of Debian packages, unpacked below `target/tools` and run through their own loader
//! and libraries, whatever the system's are. Nothing is installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::layout::Layout;
use crate::process;

/// The release that the packages come from: a stable one, so that they don't move.
const SUITE: &str = "trixie";

/// Unpacks packages with all that they depend on into `prefix`. Gives the root of what was unpacked.
pub fn unpack(layout: &Layout, name: &str, prefix: &Path, packages: &[&str]) -> Result<PathBuf> {
    if prefix.exists() {
        fs::remove_dir_all(prefix).with_context(|| format!("removing {}", prefix.display()))?;
    }
    let mut script = Command::new("bash");
    script
        .arg(layout.path("xtask/debian-unpack.sh"))
        .arg(prefix)
        .arg(SUITE)
        .args(packages);
    process::captured(layout, name, &mut script)?;
    Ok(prefix.join("root"))
}

/// Writes an executable `at` that runs an unpacked program. It sees the name that it was called by,
/// so that a link to it behaves as a link to the program.
pub fn write_launcher(root: &Path, program: &Path, arguments: &str, at: &Path) -> Result<()> {
    let loader = loader(root)?;
    let libraries = loader.parent().unwrap_or(root);
    let script = format!(
        "#!/bin/sh\nexec \"{}\" --library-path \"{}\" --argv0 \"$0\" \"{}\" {arguments} \"$@\"\n",
        loader.display(),
        libraries.display(),
        program.display(),
    );
    fs::write(at, script)
        .and_then(|()| fs::set_permissions(at, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("writing {}", at.display()))
}

fn loader(root: &Path) -> Result<PathBuf> {
    entries(&root.join("usr/lib"))
        .into_iter()
        .filter(|folder| folder.to_string_lossy().ends_with("-linux-gnu"))
        .flat_map(|folder| entries(&folder))
        .find(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        })
        .ok_or_else(|| {
            anyhow!(
                "no loader among the packages unpacked in {}",
                root.display()
            )
        })
}

/// The paths in a folder, sorted; none if it cannot be read.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}
