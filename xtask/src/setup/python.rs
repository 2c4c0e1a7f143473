//! Python environments in `target/tools/NAME`, each with the exact packages of a pins file.
//!
//! koi-net needs Python 3.12 or newer. If the system has none that can make environments, Debian's
//! is unpacked and used for all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::debian;
use crate::content_hash::Stamp;
use crate::layout::Layout;
use crate::process;
use crate::progress;

const CANDIDATES: [&str; 4] = ["python3.14", "python3.13", "python3.12", "python3"];
const UNPACKED: &str = "python3.13";

/// The Python that environments are made of, looked for when the first one is.
#[derive(Debug, Default)]
pub struct Base {
    found: Option<Python>,
    /// The Python of an environment with pip in it.
    pip: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum Python {
    System(PathBuf),
    /// Without the means to put pip into an environment; its wheels are in the folder.
    Unpacked {
        python: PathBuf,
        wheels: PathBuf,
    },
}

impl Base {
    /// Makes the environment `target/tools/NAME` if it isn't there with these pins.
    pub fn environment(&mut self, layout: &Layout, name: &str, pins: &str) -> Result<()> {
        let title = format!("Python environment {name}");
        let environment = layout.tools().join(name);
        let pins = layout.path(pins);
        let stamp = Stamp::of(environment.join("stamp"), std::slice::from_ref(&pins))?;
        if stamp.is_current() && works(&environment) {
            progress::already(&title);
            return Ok(());
        }
        progress::step(&title, || {
            if environment.exists() {
                fs::remove_dir_all(&environment)
                    .with_context(|| format!("removing {}", environment.display()))?;
            }
            let pip = self.pip(layout)?;
            let python = self.find(layout)?;
            let mut venv = Command::new(python.program());
            venv.args(["-m", "venv", "--without-pip"]).arg(&environment);
            process::captured(layout, name, &mut venv)?;
            let mut install = Command::new(pip);
            install
                .args(["-m", "pip", "--python"])
                .arg(&environment)
                // What is never imported is not compiled; the rest is when it first is. All that is needed is pinned.
                .args(["install", "--no-compile", "--no-deps", "--quiet"])
                .args(["--disable-pip-version-check", "-r"])
                .arg(&pins)
                .env("PIP_CACHE_DIR", layout.tools().join("cache/pip"));
            process::captured(layout, name, &mut install).with_context(|| {
                format!("{name} could not be fetched; connect to the network and try again")
            })?;
            stamp.write()
        })
    }

    /// What installs into all environments: pip in each of them would take longer than what most are for.
    fn pip(&mut self, layout: &Layout) -> Result<PathBuf> {
        if let Some(pip) = &self.pip {
            return Ok(pip.clone());
        }
        let environment = layout.tools().join("pip");
        let python = environment.join("bin/python");
        let has_pip = process::output(Command::new(&python).args(["-m", "pip", "--version"]));
        if has_pip.is_err() {
            self.find(layout)?.make(layout, "pip", &environment)?;
        }
        Ok(self.pip.insert(python).clone())
    }

    fn find(&mut self, layout: &Layout) -> Result<Python> {
        if let Some(python) = &self.found {
            return Ok(python.clone());
        }
        let python = match CANDIDATES
            .into_iter()
            .find(|candidate| is_usable(candidate))
        {
            Some(python) => Python::System(python.into()),
            None => unpacked(layout)?,
        };
        Ok(self.found.insert(python).clone())
    }
}

impl Python {
    fn program(&self) -> &Path {
        match self {
            Self::System(python) | Self::Unpacked { python, .. } => python,
        }
    }

    /// Makes an environment with pip.
    fn make(&self, layout: &Layout, name: &str, environment: &Path) -> Result<()> {
        match self {
            Self::System(python) => {
                let mut venv = Command::new(python);
                process::captured(layout, name, venv.args(["-m", "venv"]).arg(environment))
            }
            Self::Unpacked { python, wheels } => {
                let mut venv = Command::new(python);
                venv.args(["-m", "venv", "--without-pip"]).arg(environment);
                process::captured(layout, name, &mut venv)?;
                let wheel = debian::entries(wheels)
                    .into_iter()
                    .find(|wheel| {
                        wheel
                            .file_name()
                            .is_some_and(|name| name.to_string_lossy().starts_with("pip-"))
                    })
                    .with_context(|| format!("no pip in {}", wheels.display()))?;
                let mut pip = Command::new(environment.join("bin/python"));
                pip.arg(wheel.join("pip")).args([
                    "install",
                    "--no-compile",
                    "--quiet",
                    "--no-index",
                    "--find-links",
                ]);
                process::captured(layout, name, pip.arg(wheels).arg("pip"))
            }
        }
    }
}

fn is_usable(python: &str) -> bool {
    let check = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))";
    process::output(Command::new(python).args(["-c", check])).is_ok()
}

fn works(environment: &Path) -> bool {
    process::output(Command::new(environment.join("bin/python")).args(["-c", ""])).is_ok()
}

fn unpacked(layout: &Layout) -> Result<Python> {
    let prefix = layout.tools().join("python");
    let root = prefix.join("root/usr");
    let base = Python::Unpacked {
        python: root.join("bin").join(UNPACKED),
        wheels: root.join("share/python-wheels"),
    };
    let done = prefix.join("done");
    if done.exists() {
        return Ok(base);
    }
    progress::step("Python from Debian since no Python 3.12 or newer with venv was found", || {
        let packages = [UNPACKED, "python3.13-venv"];
        let root = debian::unpack(layout, "python", &prefix, &packages)?;
        // The launcher takes the program's place: Python looks for its library beside itself.
        let python = root.join("usr/bin").join(UNPACKED);
        let program = python.with_extension("13.program");
        fs::rename(&python, &program).with_context(|| format!("renaming {}", python.display()))?;
        debian::write_launcher(&root, &program, "", &python)?;
        process::output(Command::new(&python).args(["-c", "import ssl, venv"]))?;
        fs::write(&done, "").with_context(|| format!("writing {}", done.display()))
    })
    .map_err(|error| {
        anyhow!(
            "`python3` is missing or older than 3.12, or its venv module is: install Python 3.12 or \
             newer with venv and try again ({error:#})"
        )
    })?;
    Ok(base)
}

/// Puts a program that a package of an environment has inside it among the environment's own, under the
/// environment's name.
pub fn link_program(layout: &Layout, environment: &str, inside: &str) -> Result<()> {
    let folder = layout.tools().join(environment);
    let at = folder.join("bin").join(environment);
    if at.exists() {
        return Ok(());
    }
    let versions = fs::read_dir(folder.join("lib"))
        .with_context(|| format!("reading {}", folder.join("lib").display()))?;
    let program = versions
        .flatten()
        .map(|version| version.path().join("site-packages").join(inside))
        .find(|program| program.is_file())
        .with_context(|| format!("{} has no {inside}", folder.display()))?;
    std::os::unix::fs::symlink(&program, &at).with_context(|| format!("linking {}", at.display()))
}
