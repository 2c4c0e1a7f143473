//! What a plain component says of itself beside its code: its name, and the documentation of its WIT,
//! where whoever built it has put that in. What cannot be read is as if it were not there.

use serde_json::Value;
use wasmparser::{Chunk, ComponentName, KnownCustom, Parser, Payload};

use super::names::Origin;

/// The section of `wit-parser` with the documentation of a package: a version, then JSON.
const DOCS_SECTION: &str = "package-docs";
const DOCS_VERSIONS: [u8; 2] = [0, 1];

/// A larger section is not read.
const MAX_DOCS_BYTES: usize = 1 << 20;

/// Longest text that is shown to people.
const MAX_TEXT_BYTES: usize = 4096;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// The name in its section of names.
    pub(super) name: Option<String>,
    docs: Value,
}

impl Metadata {
    /// Looks at the sections of a component, and into none of its modules.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut parser = Parser::new(0);
        let mut rest = bytes;
        while let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) {
            let within = match payload {
                Payload::CustomSection(section) => {
                    if let KnownCustom::ComponentName(names) = section.as_known() {
                        found.name = names.into_iter().find_map(|name| match name {
                            Ok(ComponentName::Component { name, .. }) => Some(name.to_owned()),
                            _ => None,
                        });
                    } else if section.name() == DOCS_SECTION {
                        found.docs = docs(section.data()).unwrap_or_default();
                    }
                    0
                }
                Payload::ModuleSection {
                    unchecked_range, ..
                }
                | Payload::ComponentSection {
                    unchecked_range, ..
                } => unchecked_range.len(),
                Payload::End(_) => break,
                _ => 0,
            };
            rest = rest
                .get(consumed.saturating_add(within)..)
                .unwrap_or_default();
        }
        found
    }

    /// What the package is for.
    pub(super) fn package(&self) -> Option<String> {
        text(&self.docs).or_else(|| self.worlds().find_map(text))
    }

    /// What a function does.
    pub(super) fn function(&self, of: Origin<'_>) -> Option<String> {
        let exported = |world, kind: &str, name: &str| {
            let world: &Value = world;
            // Imports and exports stood together in version 0.
            [format!("{kind}_exports"), format!("{kind}s")]
                .iter()
                .find_map(|member| world.get(member)?.get(name))
                .cloned()
        };
        let found = match of.place() {
            None => self
                .worlds()
                .find_map(|world| exported(world, "func", of.function)),
            Some((Some(_), name)) => self.docs["interfaces"][name]["funcs"]
                .get(of.function)
                .cloned(),
            Some((None, name)) => self
                .worlds()
                .find_map(|world| exported(world, "interface", name))
                .and_then(|interface| interface["funcs"].get(of.function).cloned()),
        };
        text(&found?)
    }

    fn worlds(&self) -> impl Iterator<Item = &Value> {
        let worlds = self.docs["worlds"].as_object();
        worlds.into_iter().flat_map(|worlds| worlds.values())
    }
}

fn docs(section: &[u8]) -> Option<Value> {
    let (version, json) = section.split_first()?;
    let fits = DOCS_VERSIONS.contains(version) && json.len() <= MAX_DOCS_BYTES;
    fits.then(|| serde_json::from_slice(json).ok()).flatten()
}

/// Documentation as a text: the member `docs`, or, of a function in version 0, the value itself.
fn text(of: &Value) -> Option<String> {
    let text = of.as_str().or_else(|| of["docs"].as_str())?.trim();
    let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
    (!text.is_empty()).then(|| text.to_owned())
}
