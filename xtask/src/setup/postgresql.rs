//! PostgreSQL for the tests of its backend: the system's, else Debian's unpacked. No server is set up:
//! the tests start theirs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::debian;
use crate::layout::Layout;
use crate::process;
use crate::progress;

const TITLE: &str = "PostgreSQL";
const PACKAGE: &str = "postgresql-17";

/// What the tests run.
const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

/// The oldest major version that the store works with.
const OLDEST: u32 = 13;

/// Sees to it that the tests find PostgreSQL: in `target/tools/postgresql/bin`, on the path or where
/// Debian's packages put it, in this order.
pub fn set_up(layout: &Layout) -> Result<()> {
    let prefix = layout.tools().join("postgresql");
    let programs = prefix.join("bin");
    if works(&programs) || installed().is_some_and(|folder| works(&folder)) {
        progress::already(TITLE);
        return Ok(());
    }
    let title = format!("{TITLE} from Debian since none of version {OLDEST} or newer was found");
    progress::step(&title, || unpack(layout, &prefix, &programs)).map_err(|error| {
        anyhow!(
            "PostgreSQL is missing or older than {OLDEST}: install its server, or connect to the \
             network, and try again ({error:#})"
        )
    })
}

/// The launchers take the programs' places: each looks for its files, and `initdb` for `postgres`,
/// beside itself. The links are made last: they being there says that the rest is.
fn unpack(layout: &Layout, prefix: &Path, programs: &Path) -> Result<()> {
    let root = debian::unpack(layout, "postgresql", prefix, &[PACKAGE])?;
    let version = PACKAGE.trim_start_matches("postgresql-");
    let folder = root.join("usr/lib/postgresql").join(version).join("bin");
    for name in PROGRAMS {
        let launcher = folder.join(name);
        let program = folder.join(format!("{name}.program"));
        fs::rename(&launcher, &program)
            .with_context(|| format!("renaming {}", launcher.display()))?;
        debian::write_launcher(&root, &program, "", &launcher)?;
    }
    fs::create_dir_all(programs).with_context(|| format!("making {}", programs.display()))?;
    for name in PROGRAMS {
        let link = programs.join(name);
        symlink(folder.join(name), &link).with_context(|| format!("linking {}", link.display()))?;
    }
    anyhow::ensure!(works(programs), "what was unpacked does not run");
    Ok(())
}

/// The folder of the system's programs that the tests would find.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = debian::entries(Path::new("/usr/lib/postgresql"));
    std::env::split_paths(&path)
        .chain(versions.into_iter().rev().map(|folder| folder.join("bin")))
        .find(|folder| PROGRAMS.iter().all(|name| folder.join(name).is_file()))
}

/// Whether the programs in a folder run, and are new enough.
fn works(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| {
        process::output(Command::new(folder.join(name)).arg("--version"))
            .is_ok_and(|told| major(&told).is_some_and(|version| version >= OLDEST))
    })
}

/// The major version in what a program says of itself, such as `postgres (PostgreSQL) 17.6 (Debian)`.
fn major(told: &str) -> Option<u32> {
    let (_, version) = told.split_once("(PostgreSQL) ")?;
    version.split(['.', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_its_major_version() {
        for (told, version) in [
            (
                "postgres (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)",
                Some(17),
            ),
            ("initdb (PostgreSQL) 13.2", Some(13)),
            ("postgres (PostgreSQL) 18", Some(18)),
            ("postgres 9", None),
        ] {
            assert_eq!(major(told), version, "{told}");
        }
    }
}
