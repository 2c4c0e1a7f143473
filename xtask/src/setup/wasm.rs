//! The wasm32-wasip2 target: the toolchain's own, else by rustup, else Debian's rustc unpacked.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::debian;
use crate::layout::Layout;
use crate::process;
use crate::progress;

/// The target of guests.
pub const TARGET: &str = "wasm32-wasip2";

/// rustup has no time limit of its own; the target is a download of some 30 MB.
const RUSTUP_LIMIT: Duration = Duration::from_secs(240);

/// What compiles Rust guests.
#[derive(Debug, Clone)]
pub enum GuestToolchain {
    /// The toolchain that compiles the host has the target.
    Host,
    /// An unpacked rustc of its own, which links with the host toolchain's linkers.
    Unpacked {
        /// The compiler.
        rustc: PathBuf,
        /// `wasm-component-ld`, and `gcc-ld/wasm-ld` below it.
        linkers: PathBuf,
    },
}

impl GuestToolchain {
    /// Makes cargo compile for [`TARGET`] with this toolchain.
    pub fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]).envs(self.environment());
    }

    /// The variables that make cargo use it.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let Self::Unpacked { rustc, linkers } = self else {
            return Vec::new();
        };
        let linker = linkers.join("wasm-component-ld");
        let wasm_ld = linkers.join("gcc-ld/wasm-ld");
        let flags = format!("-Clink-arg=--wasm-ld-path={}", wasm_ld.display());
        vec![
            ("RUSTC", rustc.into()),
            ("CARGO_TARGET_WASM32_WASIP2_LINKER", linker.into()),
            ("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", flags.into()),
        ]
    }
}

/// Finds the target or gets it.
pub fn set_up(layout: &Layout) -> Result<GuestToolchain> {
    let title = format!("target {TARGET}");
    let sysroot = PathBuf::from(process::output(
        Command::new("rustc")
            .current_dir(layout.root())
            .args(["--print", "sysroot"]),
    )?);
    if has_target(&sysroot) {
        progress::already(&title);
        return Ok(GuestToolchain::Host);
    }
    let prefix = layout.tools().join("rustc");
    let rustc = prefix.join("rustc");
    if runs(&rustc) {
        progress::already(&title);
        return unpacked(&sysroot, rustc);
    }
    let by_rustup = progress::step(&format!("{title}, by rustup"), || {
        let mut rustup = Command::new("rustup");
        rustup
            .current_dir(layout.root())
            .args(["target", "add", TARGET]);
        process::captured_within(layout, "rustup", &mut rustup, RUSTUP_LIMIT)
    });
    let Err(by_rustup) = by_rustup else {
        return Ok(GuestToolchain::Host);
    };
    progress::step(
        &format!("{title}, by rustc from Debian since rustup could not"),
        || {
            // The launcher is written last: it being there says that the rest is.
            let root = debian::unpack(
                layout,
                "rustc",
                &prefix,
                &["rustc", "libstd-rust-dev-wasm32"],
            )?;
            let sysroot = root.join("usr");
            let arguments = format!("--sysroot \"{}\"", sysroot.display());
            debian::write_launcher(&root, &sysroot.join("bin/rustc"), &arguments, &rustc)?;
            process::output(Command::new(&rustc).arg("--version")).map(drop)
        },
    )
    .map_err(|by_debian| {
        anyhow!(
            "the Rust target {TARGET} cannot be had: connect to the network and try again, or run \
             `rustup target add {TARGET}` where that works\n  by rustup: {by_rustup:#}\n  by \
             Debian's packages: {by_debian:#}"
        )
    })?;
    unpacked(&sysroot, rustc)
}

fn has_target(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::read_dir(libraries).is_ok_and(|mut entries| entries.next().is_some())
}

fn runs(rustc: &Path) -> bool {
    rustc.exists() && process::output(Command::new(rustc).arg("--version")).is_ok()
}

fn unpacked(sysroot: &Path, rustc: PathBuf) -> Result<GuestToolchain> {
    let linkers = debian::entries(&sysroot.join("lib/rustlib"))
        .into_iter()
        .map(|target| target.join("bin"))
        .find(|bin| bin.join("wasm-component-ld").exists())
        .with_context(|| {
            format!(
                "the Rust toolchain in {} has no `wasm-component-ld`: use one of rustup, which has",
                sysroot.display()
            )
        })?;
    Ok(GuestToolchain::Unpacked { rustc, linkers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unpacked_compiler_changes_what_cargo_uses() {
        let mut cargo = Command::new("cargo");
        GuestToolchain::Host.apply(&mut cargo);
        assert_eq!(cargo.get_envs().count(), 0);
        assert!(cargo.get_args().eq(["--target", TARGET]));

        let (rustc, linkers) = (PathBuf::from("/a/rustc"), PathBuf::from("/b/bin"));
        GuestToolchain::Unpacked { rustc, linkers }.apply(&mut cargo);
        assert_eq!(cargo.get_envs().count(), 3);
    }
}
