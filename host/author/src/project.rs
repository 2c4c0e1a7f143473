//! What an author's `koi.toml` says.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

/// The name of the file that makes a folder a project.
pub const MANIFEST: &str = "koi.toml";

/// Largest [`MANIFEST`] that is read, in bytes.
const MAX_MANIFEST: u64 = 64 * 1024;

/// Longest name of an extension that a project may have.
const MAX_NAME: usize = 63;

/// An extension's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder of its [`MANIFEST`], absolute.
    pub root: PathBuf,
    /// The extension's name: letters a-z, digits and `-`.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// Where its source is, relative to `root`: a file or a folder, as the language has it.
    pub source: PathBuf,
    /// Where `wit/` and `sdk/` are, absolute.
    pub base: PathBuf,
    /// What is said of it where components are looked for.
    pub package: Package,
}

/// A language that there is an SDK for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `sdk/rust`.
    Rust,
    /// `sdk/python`.
    Python,
    /// `sdk/javascript`, for plain JavaScript too.
    Typescript,
    /// `sdk/c`.
    C,
}

/// The table `[package]` of a [`MANIFEST`]: what registries show of the component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// One sentence.
    pub description: Option<String>,
    /// Each as `Name <address>`.
    #[serde(default)]
    pub authors: Vec<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// URL of the sources.
    pub source: Option<String>,
    /// URL of a page about it.
    pub homepage: Option<String>,
}

/// Why a folder is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no manifest.
    #[error(
        "{} has no {MANIFEST}: go to the folder of an extension, or make one with `koi-mcp new`",
        .0.display()
    )]
    NoManifest(PathBuf),
    /// It could not be read.
    #[error("cannot read {}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] io::Error),
    /// It does not say what it has to: which file, where, and what was expected.
    #[error("{}{at}: {problem}", .file.display())]
    Malformed {
        /// The manifest.
        file: PathBuf,
        /// The line, where one is at fault: `, line 2 (name = 1)`.
        at: String,
        /// What is wrong with it, and what was expected.
        problem: String,
    },
}

/// The manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    extension: Extension,
    #[serde(default)]
    package: Package,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    name: String,
    language: Language,
    source: PathBuf,
    #[serde(default)]
    root: PathBuf,
}

impl Project {
    /// The project in a folder.
    ///
    /// # Errors
    /// If there is none, or its manifest does not say what it has to.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        let root = folder
            .canonicalize()
            .map_err(|error| ProjectError::Unreadable(folder.to_owned(), error))?;
        let file = root.join(MANIFEST);
        let text = read(&file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProjectError::NoManifest(folder.to_owned()),
            _ => ProjectError::Unreadable(file.clone(), error),
        })?;
        let malformed = |problem| ProjectError::Malformed {
            file: file.clone(),
            at: String::new(),
            problem,
        };
        let Manifest { extension, package } =
            toml::from_str(&text).map_err(|error| ProjectError::Malformed {
                file: file.clone(),
                at: line_of(&text, error.span()),
                problem: error.message().replace('\n', "; "),
            })?;
        if !is_name(&extension.name) {
            return Err(malformed(format!("name: {}", NameError(extension.name))));
        }
        if !root.join(&extension.source).exists() {
            return Err(malformed(format!(
                "source: there is no {} in {}",
                extension.source.display(),
                root.display()
            )));
        }
        let base = root.join(&extension.root);
        let base = base.canonicalize().unwrap_or(base);
        if !base.join("wit").is_dir() || !base.join("sdk").is_dir() {
            return Err(malformed(format!(
                "root: there is no wit/ and sdk/ in {}, which `koi-mcp new` puts into a project",
                base.display()
            )));
        }
        Ok(Self {
            root,
            name: extension.name,
            language: extension.language,
            source: extension.source,
            base,
            package,
        })
    }

    /// Where its component is put: `dist/NAME.wasm`.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.root.join("dist").join(format!("{}.wasm", self.name))
    }
}

fn read(file: &Path) -> io::Result<String> {
    if fs::metadata(file)?.len() > MAX_MANIFEST {
        let problem = format!("it is larger than {MAX_MANIFEST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    fs::read_to_string(file)
}

/// Which line that is, and what stands there.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return String::new();
    };
    let line = before.matches('\n').count();
    let said = text.lines().nth(line).unwrap_or_default().trim();
    format!(", line {} ({said})", line + 1)
}

/// A name that an extension of a project cannot have.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} cannot be an extension's name: expected 1 to {MAX_NAME} letters a-z, digits and -, the first a letter"
)]
pub struct NameError(pub String);

pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rust, Self::Python, Self::Typescript, Self::C];

    /// Its name in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Typescript => "typescript",
            Self::C => "c",
        }
    }

    /// What is run once in a new project to get the tools that its build needs: lines for a shell.
    #[must_use]
    pub fn tools(self) -> &'static [&'static str] {
        const VENV: &str = "python3 -m venv .venv";
        match self {
            Self::Rust => &["rustup target add wasm32-wasip2"],
            Self::Python => &[VENV, ".venv/bin/pip install -r requirements.txt"],
            Self::Typescript => &["npm install"],
            Self::C => &[VENV, ".venv/bin/pip install ziglang==0.17.1"],
        }
    }

    /// The folder of its SDK below `sdk/`.
    pub(crate) fn sdk(self) -> &'static str {
        match self {
            Self::Typescript => "javascript",
            other => other.name(),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|of| of.name() == text);
        found.ok_or_else(|| format!("expected rust, python, typescript or c, found {text:?}"))
    }
}

#[cfg(test)]
mod tests;
