//! Finding a C compiler that makes WebAssembly with a libc: zig, or clang with wasi-libc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::BuildError;
use super::super::command::find_tool;
use crate::Project;

/// The version of zig that is asked for where there is none.
const ZIG: &str = "0.17.1";

/// Names that clang may have.
const CLANG: [&str; 9] = [
    "clang", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16",
    "clang-14",
];

/// A C compiler.
pub(super) enum Toolchain {
    Zig {
        zig: PathBuf,
        /// Where it keeps what it has compiled: in the project's work folder.
        cache: PathBuf,
    },
    Clang {
        clang: PathBuf,
        sysroot: Option<PathBuf>,
    },
}

impl Toolchain {
    /// The compiler for a project: zig on `PATH`, in its `.venv` or where `KOI_TOOL_ZIG` says; else a clang that
    /// can link for WASI.
    pub(super) fn find(project: &Project, work: &Path) -> Result<Self, BuildError> {
        let zig = find_tool(project, "zig", &["zig"]).or_else(|| zig_of_python(&project.root));
        if let Some(zig) = zig {
            let cache = work.join("zig");
            return Ok(Self::Zig { zig, cache });
        }
        if let Some(clang) = find_tool(project, "clang", &CLANG) {
            // Clang's own, as that of a WASI SDK has it; else where Debian's wasi-libc is.
            let sysroots = match std::env::var_os("WASI_SYSROOT") {
                Some(given) => vec![Some(given.into())],
                None => vec![None, Some(PathBuf::from("/usr"))],
            };
            for sysroot in sysroots {
                let clang = clang.clone();
                let clang = Self::Clang { clang, sysroot };
                if clang.links(work)? {
                    return Ok(clang);
                }
            }
        }
        Err(BuildError::MissingTool {
            tool: "a C compiler for WebAssembly".to_owned(),
            how: format!(
                "in {} run `python3 -m venv .venv && .venv/bin/pip install ziglang=={ZIG}`, or install Debian's \
                 packages clang, lld, wasi-libc and libclang-rt-dev-wasm32",
                project.root.display()
            ),
        })
    }

    /// What a person calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Zig { .. } => "zig",
            Self::Clang { .. } => "clang",
        }
    }

    /// The compiler, for WebAssembly with WASI.
    pub(super) fn wasm(&self) -> Command {
        let mut command = self.native();
        command.args(["-target", "wasm32-wasi"]);
        if let Self::Clang {
            sysroot: Some(sysroot),
            ..
        } = self
        {
            command.arg("--sysroot").arg(sysroot);
        }
        command
    }

    /// The compiler as a linker, for WebAssembly with WASI. The stack stands below the data, so that a call that
    /// uses it up ends and changes nothing; zig does so by itself.
    pub(super) fn linker(&self) -> Command {
        let mut command = self.wasm();
        if matches!(self, Self::Clang { .. }) {
            command.arg("-Wl,--stack-first");
        }
        command
    }

    /// The compiler, for this machine.
    pub(super) fn native(&self) -> Command {
        match self {
            Self::Zig { zig, cache } => {
                let mut command = Command::new(zig);
                command
                    .arg("cc")
                    // Its libc, which takes long to compile, is in its own global cache: once for all projects.
                    .env("ZIG_LOCAL_CACHE_DIR", cache);
                command
            }
            Self::Clang { clang, .. } => Command::new(clang),
        }
    }

    /// Whether it has a linker and a libc for WASI.
    fn links(&self, work: &Path) -> Result<bool, BuildError> {
        let probe = work.join("probe.c");
        let text =
            "#include <stdlib.h>\nvoid *probe(void);\nvoid *probe(void) { return malloc(1); }\n";
        fs::write(&probe, text).map_err(BuildError::io("write", &probe))?;
        let mut command = self.linker();
        command.args(super::LINKED).arg(&probe).arg("-o");
        let output = command.arg(work.join("probe.wasm")).output();
        Ok(output.is_ok_and(|output| output.status.success()))
    }
}

/// The program within the package `ziglang` of the project's `.venv`.
fn zig_of_python(root: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(root.join(".venv/lib")).ok()?;
    let packages = versions
        .flatten()
        .map(|version| version.path().join("site-packages/ziglang"));
    packages
        .map(|package| package.join("zig"))
        .find(|zig| zig.is_file())
}
