//! An OCI registry for the tests of distribution, and skopeo, which copies, signs and verifies there: the
//! system's, else Debian's unpacked. The tests start the registry.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::debian;
use crate::layout::Layout;
use crate::process;
use crate::progress;

const TITLE: &str = "docker-registry and skopeo";

/// The programs, each in the package of its name.
const PROGRAMS: [&str; 2] = ["docker-registry", "skopeo"];

/// Sees to it that the tests find them: in `target/tools/registry/bin` or on the path.
pub fn set_up(layout: &Layout) -> Result<()> {
    let prefix = layout.tools().join("registry");
    let programs = prefix.join("bin");
    let runs = |name: &str| {
        process::output(Command::new(programs.join(name)).arg("--version"))
            .or_else(|_| process::output(Command::new(name).arg("--version")))
            .is_ok()
    };
    if PROGRAMS.into_iter().all(runs) {
        progress::already(TITLE);
        return Ok(());
    }
    let title = format!("{TITLE} from Debian since they were not found");
    progress::step(&title, || unpack(layout, &prefix, &programs)).map_err(|error| {
        anyhow!(
            "docker-registry or skopeo is missing: install them, or connect to the network, and try again \
             ({error:#})"
        )
    })?;
    anyhow::ensure!(
        PROGRAMS.into_iter().all(runs),
        "what was unpacked for {TITLE} does not run"
    );
    Ok(())
}

fn unpack(layout: &Layout, prefix: &Path, programs: &Path) -> Result<()> {
    let root = debian::unpack(layout, "registry", prefix, &PROGRAMS)?;
    fs::create_dir_all(programs).with_context(|| format!("making {}", programs.display()))?;
    for name in PROGRAMS {
        let program = root.join("usr/bin").join(name);
        debian::write_launcher(&root, &program, "", &programs.join(name))?;
    }
    Ok(())
}
