//! The glossary in the languages that `koi-mcp build` makes components of, which the tests compare with the one in
//! Rust. As with the other guests, it is only done again when something that goes into one changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::content_hash::Stamp;
use crate::layout::Layout;
use crate::process;
use crate::progress;

/// A language.
struct Glossary {
    /// How its glossary's folder in `examples/` ends.
    language: &'static str,
    /// Its folder in `sdk/`.
    sdk: &'static str,
    /// The folder of `target/tools` whose programs build it.
    tools: &'static str,
}

const GLOSSARIES: [Glossary; 3] = [
    Glossary {
        language: "python",
        sdk: "sdk/python",
        tools: "componentize-py",
    },
    Glossary {
        language: "typescript",
        sdk: "sdk/javascript",
        tools: "node",
    },
    Glossary {
        language: "c",
        sdk: "sdk/c",
        tools: "zig",
    },
];

/// What tools make in a project's folder.
const MADE: [&str; 4] = ["__pycache__", "build", "dist", "node_modules"];

/// Makes `target/extensions/glossary-LANGUAGE.wasm` of each; the host is built.
pub fn build(layout: &Layout) -> Result<()> {
    GLOSSARIES
        .iter()
        .try_for_each(|glossary| glossary.build(layout))
}

impl Glossary {
    fn build(&self, layout: &Layout) -> Result<()> {
        let name = format!("glossary-{}", self.language);
        let title = format!("glossary in {}", self.language);
        let project = layout.path("examples").join(&name);
        let component = layout.extensions().join(format!("{name}.wasm"));
        let stamp = layout.path("target/guests").join(format!("{name}.stamp"));
        let stamp = Stamp::of(stamp, &self.inputs(layout, &project)?)?;
        if stamp.is_current() && component.exists() {
            progress::already(&title);
            return Ok(());
        }
        progress::step(&title, || {
            let mut build = Command::new(layout.program("koi-mcp"));
            let path = std::env::var_os("PATH").unwrap_or_default();
            let tools = layout.tools().join(self.tools).join("bin");
            let path = std::iter::once(tools).chain(std::env::split_paths(&path));
            build
                .arg("build")
                .arg(&project)
                .arg("--out")
                .arg(&component)
                // As an author does, in whose project no tools are: zig finds the library it has compiled.
                .current_dir(&project)
                .env("PATH", std::env::join_paths(path)?)
                .env("ZIG_GLOBAL_CACHE_DIR", layout.tools().join("cache/zig"));
            process::captured(layout, &name, &mut build)?;
            stamp.write()
        })
    }

    /// What goes into it: its sources, the SDK, the contract, the tools and how they are used.
    fn inputs(&self, layout: &Layout, project: &Path) -> Result<Vec<PathBuf>> {
        let inside = fs::read_dir(project)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .with_context(|| format!("reading {}", project.display()))?;
        let mut inputs: Vec<PathBuf> = inside;
        inputs.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !MADE.contains(&&*name) && !name.starts_with('.')
        });
        inputs.sort();
        let shared = [self.sdk, "wit", "sdk/wit", "host/author/src"];
        inputs.extend(shared.map(|shared| layout.path(shared)));
        inputs.push(layout.tools().join(self.tools).join("stamp"));
        Ok(inputs)
    }
}
