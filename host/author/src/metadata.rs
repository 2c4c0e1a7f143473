//! What is said of a component in the component itself: the custom sections of the Bytecode Alliance's
//! wasm-metadata, which wasm-tools shows, and which become a registry's annotations.
//!
//! Reading never fails: a component without metadata, or with such as is none, has none.

use std::path::Path;
use std::process::Command;

use serde::Serialize;
use wasm_metadata::{AddMetadata, AddMetadataField as Field, Payload};
use wasmparser::{Parser, Payload as Section};

use crate::Package;

/// What is said of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The extension's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// One sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authors: Option<String>,
    /// An SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<String>,
    /// URL of the sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// URL of a page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The commit that it was made of, with `-dirty` after it if files had changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Why metadata could not be put into a component.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// A value is not of the form that tools read.
    #[error("{member}: {value:?} is not {expected}: {problem}")]
    Malformed {
        /// The member of `[package]`.
        member: &'static str,
        /// What stands there.
        value: String,
        /// What it has to be.
        expected: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The bytes are no component.
    #[error("it is no WebAssembly component: {0}")]
    NoComponent(String),
}

impl Metadata {
    /// What a project says of its component: its `[package]`, and the commit of the folder if it is under git.
    #[must_use]
    pub fn of_project(package: &Package, root: &Path) -> Self {
        let authors = package.authors.join(", ");
        Self {
            description: package.description.clone(),
            authors: Some(authors).filter(|authors| !authors.is_empty()),
            licenses: package.license.clone(),
            source: package.source.clone(),
            homepage: package.homepage.clone(),
            revision: revision(root),
            ..Self::default()
        }
    }

    /// What stands in a component.
    #[must_use]
    pub fn of_component(component: &[u8]) -> Self {
        let Ok(Payload::Component { metadata, .. }) = Payload::from_binary(component) else {
            return Self::default();
        };
        let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string);
        Self {
            name: metadata.name.clone(),
            version: text(metadata.version.as_ref().map(|of| of as _)),
            description: text(metadata.description.as_ref().map(|of| of as _)),
            authors: text(metadata.authors.as_ref().map(|of| of as _)),
            licenses: text(metadata.licenses.as_ref().map(|of| of as _)),
            source: text(metadata.source.as_ref().map(|of| of as _)),
            homepage: text(metadata.homepage.as_ref().map(|of| of as _)),
            revision: text(metadata.revision.as_ref().map(|of| of as _)),
        }
    }

    /// The component with this said of it; what is left out here stays as it was.
    ///
    /// # Errors
    /// If the bytes are no component, or a license or URL is none.
    pub fn put_into(&self, component: &[u8]) -> Result<Vec<u8>, MetadataError> {
        let mut add = AddMetadata::default();
        add.name = field(self.name.clone());
        let plain = |value: &Option<String>| value.clone();
        add.version = field(plain(&self.version).map(wasm_metadata::Version::new));
        add.description = field(plain(&self.description).map(wasm_metadata::Description::new));
        add.authors = field(plain(&self.authors).map(wasm_metadata::Authors::new));
        add.revision = field(plain(&self.revision).map(wasm_metadata::Revision::new));
        const LICENSE: &str = "an SPDX expression, such as Apache-2.0";
        const URL: &str = "a URL";
        add.licenses = field(parsed("license", self.licenses.as_deref(), LICENSE)?);
        add.source = field(parsed("source", self.source.as_deref(), URL)?);
        add.homepage = field(parsed("homepage", self.homepage.as_deref(), URL)?);
        add.to_wasm(component)
            .map_err(|error| MetadataError::NoComponent(error.to_string()))
    }

    /// As annotations of the OCI image specification: key and value.
    #[must_use]
    pub fn annotations(&self) -> Vec<(String, String)> {
        let members = [
            ("title", &self.name),
            ("version", &self.version),
            ("description", &self.description),
            ("authors", &self.authors),
            ("licenses", &self.licenses),
            ("source", &self.source),
            ("url", &self.homepage),
            ("revision", &self.revision),
        ];
        let present = members
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.clone()?)));
        present
            .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value))
            .collect()
    }
}

fn field<T: std::fmt::Debug + Clone>(value: Option<T>) -> Field<T> {
    value.map_or(Field::Keep, Field::Set)
}

fn parsed<T>(
    member: &'static str,
    value: Option<&str>,
    expected: &'static str,
) -> Result<Option<T>, MetadataError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let Some(value) = value else { return Ok(None) };
    let parsed = value.parse().map_err(|problem: T::Err| {
        let problem = problem.to_string();
        MetadataError::Malformed {
            member,
            value: value.to_owned(),
            expected,
            problem: problem.lines().next_back().unwrap_or_default().to_owned(),
        }
    });
    parsed.map(Some)
}

/// The commit that the folder is at, if git is there and has it.
fn revision(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args([
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8(output.stdout).ok()?;
    Some(said.trim().to_owned()).filter(|revision| !revision.is_empty())
}

/// What a component exports, in its own order: interfaces of the contract by their short names, such as `tools`,
/// everything else by its full name. Empty if the bytes are no component.
#[must_use]
pub fn exports(component: &[u8]) -> Vec<String> {
    let mut depth = 0_usize;
    let mut exports = Vec::new();
    for section in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match section {
            Section::ComponentSection { .. } | Section::ModuleSection { .. } => depth += 1,
            Section::End(_) => depth = depth.saturating_sub(1),
            Section::ComponentExportSection(section) if depth == 0 => {
                let names = section.into_iter().map_while(Result::ok);
                exports.extend(names.map(|export| short(export.name.name).to_owned()));
            }
            _ => {}
        }
    }
    exports
}

fn short(name: &str) -> &str {
    let inside = name.strip_prefix("koi:extension/");
    inside.map_or(name, |inside| inside.split('@').next().unwrap_or(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with nothing in it.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn metadata() -> Metadata {
        let text = |text: &str| Some(text.to_owned());
        Metadata {
            name: text("one"),
            version: text("1.2.3"),
            description: text("Says „one“."),
            authors: text("A <a@example.com>, B"),
            licenses: text("Apache-2.0 OR MIT"),
            source: text("https://example.com/one"),
            homepage: text("https://example.com/"),
            revision: text("abc-dirty"),
        }
    }

    #[test]
    fn what_is_put_into_a_component_is_read_from_it() {
        let component = metadata().put_into(EMPTY).unwrap();
        assert_eq!(Metadata::of_component(&component), metadata());
        let later = Metadata {
            version: Some("2.0.0".to_owned()),
            ..Metadata::default()
        };
        let read = Metadata::of_component(&later.put_into(&component).unwrap());
        let expected = Metadata {
            version: later.version,
            ..metadata()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn the_same_is_said_in_the_same_bytes() {
        let once = metadata().put_into(EMPTY).unwrap();
        assert_eq!(metadata().put_into(&once).unwrap(), once);
    }

    #[test]
    fn annotations_are_those_of_the_image_specification() {
        let annotations = metadata().annotations();
        let licenses = ("org.opencontainers.image.licenses", "Apache-2.0 OR MIT");
        assert!(annotations.contains(&(licenses.0.to_owned(), licenses.1.to_owned())));
        assert_eq!(annotations.len(), 8);
        assert_eq!(Metadata::default().annotations(), []);
    }

    #[test]
    fn what_is_no_license_or_url_is_named() {
        let wrong = Metadata {
            licenses: Some("free".to_owned()),
            ..Metadata::default()
        };
        let error = wrong.put_into(EMPTY).unwrap_err().to_string();
        assert!(
            error.contains("license: \"free\" is not an SPDX"),
            "{error}"
        );
        assert!(!error.contains('\n'), "{error}");
        let wrong = Metadata {
            source: Some("here".to_owned()),
            ..Metadata::default()
        };
        assert!(wrong.put_into(EMPTY).is_err());
    }

    #[test]
    fn what_is_no_component_has_no_metadata_and_no_exports() {
        for bytes in [b"".as_slice(), b"text", b"\0asm\x01\0\0\0"] {
            assert_eq!(Metadata::of_component(bytes), Metadata::default());
            assert_eq!(exports(bytes), Vec::<String>::new());
        }
    }
}
