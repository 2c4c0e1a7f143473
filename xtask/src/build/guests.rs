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

/// Makes `target/extensions/plain-time.wasm`: a plain component, without the contract.
pub fn build_plain_time(layout: &Layout) -> Result<()> {
    let guest = Guest {
        name: "plain-time",
        title: "plain component in javascript",
        inputs: &[
            "plain/time",
            "javascript/package.json",
            "javascript/package-lock.json",
            "javascript/plain.mjs",
        ],
        contract: false,
    };
    build_guest(layout, &guest, |output| {
        let mut node = Command::new(setup::node(layout));
        node.current_dir(layout.path("tests/guests/javascript"))
            .args([
                "plain.mjs",
                "../plain/time/time.js",
                "../plain/time/time.wit",
            ])
            .arg(output);
        node
    })
}

/// Makes `target/extensions/plain-calculator.wasm`, the same in Python.
pub fn build_plain_calculator(layout: &Layout) -> Result<()> {
    let guest = Guest {
        name: "plain-calculator",
        title: "plain component in python",
        inputs: &[
            "plain/calculator/app.py",
            "plain/calculator/calculator.wit",
            "python/requirements.txt",
        ],
        contract: false,
    };
    build_guest(layout, &guest, |output| {
        let mut componentize =
            Command::new(layout.tools().join("componentize-py/bin/componentize-py"));
        componentize
            .current_dir(layout.path("tests/guests/plain/calculator"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["--wit-path", "calculator.wit", "--world", "calculator"])
            .args(["componentize", "app", "--output"])
            .arg(output);
        componentize
    })
}

fn build(
    layout: &Layout,
    language: &str,
    inputs: &[&str],
    command: impl FnOnce(PathBuf) -> Command,
) -> Result<()> {
    let inputs: Vec<_> = inputs
        .iter()
        .map(|input| format!("{language}/{input}"))
        .collect();
    let guest = Guest {
        name: &format!("test-{language}"),
        title: &format!("test guest in {language}"),
        inputs: &inputs.iter().map(String::as_str).collect::<Vec<_>>(),
        contract: true,
    };
    build_guest(layout, &guest, command)
}

/// A component that is made of files below `tests/guests`.
struct Guest<'a> {
    name: &'a str,
    title: &'a str,
    inputs: &'a [&'a str],
    /// Whether the contract is one of them.
    contract: bool,
}

fn build_guest(
    layout: &Layout,
    guest: &Guest<'_>,
    command: impl FnOnce(PathBuf) -> Command,
) -> Result<()> {
    let &Guest { name, title, .. } = guest;
    let folder = layout.path("tests/guests");
    let mut inputs: Vec<_> = guest
        .inputs
        .iter()
        .map(|input| folder.join(input))
        .collect();
    inputs.extend(guest.contract.then(|| layout.path("wit")));
    let component = layout.extensions().join(format!("{name}.wasm"));
    let stamp = Stamp::of(
        layout.path("target/guests").join(format!("{name}.stamp")),
        &inputs,
    )?;
    if stamp.is_current() && component.exists() {
        progress::already(title);
        return Ok(());
    }
    progress::step(title, || {
        let partial = component.with_extension("partial");
        process::captured(layout, name, &mut command(partial.clone()))?;
        fs::rename(&partial, &component)
            .with_context(|| format!("writing {}", component.display()))?;
        stamp.write()
    })
}
