//! The guests without an SDK, in `tests/guests`. Making such a component takes many seconds, so it is
//! only done again when the guest, the WIT or the toolchain's pins changed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::content_hash::Stamp;
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup;

/// Makes `target/extensions/test-python.wasm`.
pub fn build_python(layout: &Layout) -> Result<()> {
    build(
        layout,
        "python",
        &["requirements.txt", "app.py", "wit"],
        |output| {
            let mut componentize =
                Command::new(layout.tools().join("componentize-py/bin/componentize-py"));
            componentize
                .current_dir(layout.path("tests/guests/python"))
                // Importing the guest while it is made would leave compiled files beside it.
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .args(["--wit-path", "../../../wit", "--wit-path", "wit"])
                .args([
                    "--world",
                    "test:python-guest/guest",
                    "componentize",
                    "app",
                    "--output",
                ])
                .arg(output);
            componentize
        },
    )
}

/// Makes `target/extensions/test-javascript.wasm`.
pub fn build_javascript(layout: &Layout) -> Result<()> {
    let inputs = [
        "package.json",
        "package-lock.json",
        "build.mjs",
        "app.js",
        "wit",
    ];
    build(layout, "javascript", &inputs, |output| {
        let mut node = Command::new(setup::node(layout));
        node.current_dir(layout.path("tests/guests/javascript"))
            .arg("build.mjs")
            .arg(output);
        node
    })
}

fn build(
    layout: &Layout,
    language: &str,
    inputs: &[&str],
    command: impl FnOnce(PathBuf) -> Command,
) -> Result<()> {
    let title = format!("test guest in {language}");
    let folder = layout.path("tests/guests").join(language);
    let mut inputs: Vec<_> = inputs.iter().map(|input| folder.join(input)).collect();
    inputs.push(layout.path("wit"));
    let component = layout.extensions().join(format!("test-{language}.wasm"));
    let stamp = Stamp::of(
        layout
            .path("target/guests")
            .join(format!("{language}.stamp")),
        &inputs,
    )?;
    if stamp.is_current() && component.exists() {
        progress::already(&title);
        return Ok(());
    }
    progress::step(&title, || {
        let partial = component.with_extension("partial");
        process::captured(
            layout,
            &format!("test-{language}"),
            &mut command(partial.clone()),
        )?;
        fs::rename(&partial, &component)
            .with_context(|| format!("writing {}", component.display()))?;
        stamp.write()
    })
}
