//! Which interfaces of the contract an extension implements: what its objects define says so.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use wasmparser::{KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo};

use super::super::{BuildError, Interfaces};

/// An interface, and the names of which one makes an extension have it.
const NAMES: [(&str, &[&str]); 9] = [
    ("rid-types", &["koi_parse_reference", "koi_print_reference"]),
    ("schemas", &["koi_validate", "koi_transform"]),
    ("handlers", &["koi_handle"]),
    ("tools", &["koi_tools", "koi_list_tools", "koi_call_tool"]),
    (
        "resources",
        &["koi_resources", "koi_list_resources", "koi_read_resource"],
    ),
    (
        "prompts",
        &["koi_prompts", "koi_list_prompts", "koi_get_prompt"],
    ),
    ("completions", &["koi_complete"]),
    ("schedule", &["koi_run_job"]),
    ("state", &["koi_save", "koi_load"]),
];

/// Of what an extension defines, what else it has to.
const NEEDS: [(&str, &str); 10] = [
    ("koi_parse_reference", "koi_print_reference"),
    ("koi_print_reference", "koi_parse_reference"),
    ("koi_list_tools", "koi_call_tool"),
    ("koi_call_tool", "koi_list_tools"),
    ("koi_resources", "koi_read_resource"),
    ("koi_list_resources", "koi_read_resource"),
    ("koi_list_prompts", "koi_get_prompt"),
    ("koi_get_prompt", "koi_list_prompts"),
    ("koi_save", "koi_load"),
    ("koi_load", "koi_save"),
];

/// The interfaces that objects implement.
///
/// # Errors
/// [`BuildError::Project`] if they define no extension, or half of what goes together.
pub(super) fn defined_by(objects: &[PathBuf]) -> Result<Interfaces, BuildError> {
    let mut defined = BTreeSet::new();
    for object in objects {
        let bytes = fs::read(object).map_err(BuildError::io("read", object))?;
        let symbols = symbols_of(&bytes);
        defined.extend(symbols.map_err(|error| {
            BuildError::Project(format!("{} is no object file: {error}", object.display()))
        })?);
    }
    let has = |name: &str| defined.contains(name);
    if !has("koi_extension") {
        let nothing = "no source defines `koi_extension`, which says what the extension is: add `const \
                       koi_description koi_extension = {.name = …, .version = …};`";
        return Err(BuildError::Project(nothing.to_owned()));
    }
    if let Some((there, missing)) = NEEDS.iter().find(|(one, other)| has(one) && !has(other)) {
        let half = format!("the sources define `{there}` and no `{missing}`: define both");
        return Err(BuildError::Project(half));
    }
    let implemented = NAMES
        .iter()
        .filter(|(_, names)| names.iter().any(|name| has(name)));
    Interfaces::of(implemented.map(|(interface, _)| *interface))
}

/// The functions and data that an object defines for others.
fn symbols_of(object: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut defined = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        let KnownCustom::Linking(linking) = section.as_known() else {
            continue;
        };
        for part in linking.subsections() {
            let Linking::SymbolTable(table) = part? else {
                continue;
            };
            for symbol in table {
                let (flags, name) = match symbol? {
                    SymbolInfo::Func { flags, name, .. } => (flags, name),
                    SymbolInfo::Data { flags, name, .. } => (flags, Some(name)),
                    _ => continue,
                };
                if !flags.intersects(SymbolFlags::UNDEFINED | SymbolFlags::BINDING_LOCAL) {
                    defined.extend(name.map(str::to_owned));
                }
            }
        }
    }
    Ok(defined)
}
