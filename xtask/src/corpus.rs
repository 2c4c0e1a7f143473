//! `cargo xtask corpus VERSION`: freezes a version of the contract, as `wit/VERSIONING.md` says.
//!
//! It writes the contract without comments and the glossary in four languages, as they are built now, to
//! `tests/corpus/VERSION`. What is frozen is not written again unless that is asked for.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lzma_rust2::{XzOptions, XzWriter};

use crate::layout::Layout;

const LANGUAGES: [&str; 4] = ["rust", "python", "typescript", "c"];

/// Larger ones are compressed: Python and JavaScript bring their runtimes along.
const MOST_PLAIN_BYTES: usize = 1 << 20;

/// The folders of `wit/`, whose files together are the contract.
const FOLDERS: [&str; 4] = [
    "wit",
    "wit/deps/wasi-config",
    "wit/deps/wasi-keyvalue",
    "wit/deps/wasi-logging",
];

/// Writes the folder of a version, such as `0.1`.
pub fn corpus(layout: &Layout, version: &str, force: bool) -> Result<()> {
    let folder = layout.path("tests/corpus").join(version);
    let text = folder.join("contract.txt");
    if text.exists() && !force {
        bail!(
            "the contract {version} is frozen in {}: a change of it is a new version \
             (wit/VERSIONING.md); before it is released, `--force` freezes it anew",
            folder.display()
        );
    }
    let contract = contract(layout)?;
    if !contract.contains(&format!("package koi:extension@{version}.")) {
        bail!("wit/ has another version of the contract than {version}");
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for language in LANGUAGES {
        let name = format!("glossary-{language}.wasm");
        let built = layout.extensions().join(&name);
        let component = std::fs::read(&built).with_context(|| {
            format!(
                "{}: build it with `cargo xtask build --for-tests`",
                built.display()
            )
        })?;
        let component = without_places(component, layout);
        let (name, bytes) = match component.len() > MOST_PLAIN_BYTES {
            true => (format!("{name}.xz"), compressed(&component)?),
            false => (name, component),
        };
        println!("{name}: {} KiB", bytes.len() >> 10);
        write(&folder.join(name), &bytes)?;
    }
    write(&text, contract.as_bytes())
}

/// Compilers write where the sources were into what a panic says. What is kept says nothing of the machine: letters
/// stand in place of these, so that nothing moves.
fn without_places(mut component: Vec<u8>, layout: &Layout) -> Vec<u8> {
    let home = std::env::var("HOME").unwrap_or_default();
    let places = [layout.root().to_string_lossy().into_owned(), home];
    let named = places
        .iter()
        .map(String::as_str)
        .filter(|place| place.len() > 1);
    for place in named.chain(["index.crates.io"]) {
        let mut from = 0;
        while let Some(at) = component[from..]
            .windows(place.len())
            .position(|part| part == place.as_bytes())
        {
            component[from + at..from + at + place.len()].fill(b'x');
            from += at + place.len();
        }
    }
    component
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// All files of the contract, one after another, without comments and empty lines.
fn contract(layout: &Layout) -> Result<String> {
    let mut text = String::new();
    for folder in FOLDERS {
        for file in wit_files(&layout.path(folder))? {
            let wit = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            for line in wit.lines() {
                let line = line.split("//").next().unwrap_or_default().trim_end();
                if !line.is_empty() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    Ok(text)
}

fn wit_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(9))?;
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frozen_is_not_written_again() {
        let layout = Layout::of_this_repository();
        let error = corpus(&layout, "0.1", false).unwrap_err();
        assert!(error.to_string().contains("wit/VERSIONING.md"), "{error}");
    }

    #[test]
    fn the_frozen_text_has_no_comments() {
        let contract = contract(&Layout::of_this_repository()).unwrap();
        assert!(contract.contains("call-tool: func("));
        assert!(!contract.contains("//"));
    }
}
