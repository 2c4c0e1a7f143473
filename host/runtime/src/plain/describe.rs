//! What a plain component is, provides and asks for, as an extension would say it in `describe`.
//!
//! It asks for all that its imports make possible: which part of that it needs only its operator can
//! know, who grants it by host, folder and name.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::metadata::Metadata;
use super::names::Origin;

/// The namespace of the standard interfaces, which belong to nobody's component.
const STANDARD: &str = "wasi";

/// The version of a component whose interfaces have none.
const NO_VERSION: &str = "0.0.0";

/// The description as JSON text. It has no `name` where the component says none.
pub(super) fn describe<'a>(
    metadata: &Metadata,
    functions: &[Origin<'_>],
    imports: impl Iterator<Item = &'a str>,
) -> String {
    let version = functions.iter().find_map(Origin::version);
    let mut description = Map::new();
    if let Some(name) = metadata.name.clone().or_else(|| package(functions)) {
        description.insert("name".to_owned(), Value::from(name));
    }
    if let Some(text) = metadata.package() {
        description.insert("description".to_owned(), Value::from(text));
    }
    description.insert(
        "version".to_owned(),
        Value::from(version.unwrap_or(NO_VERSION)),
    );
    description.insert("asks".to_owned(), asks(imports));
    description.insert("mode".to_owned(), Value::from("pooled"));
    Value::Object(description).to_string()
}

/// The name of the one package whose interfaces it exports.
fn package(functions: &[Origin<'_>]) -> Option<String> {
    let places = functions.iter().filter_map(Origin::place);
    let packages: BTreeSet<_> = places
        .filter_map(|(package, _)| package)
        .filter(|(namespace, _)| *namespace != STANDARD)
        .collect();
    let mut packages = packages.into_iter();
    match (packages.next(), packages.next()) {
        (Some((_, name)), None) => Some(name.to_owned()),
        _ => None,
    }
}

fn asks<'a>(imports: impl Iterator<Item = &'a str>) -> Value {
    let mut asks = Map::new();
    let mut capabilities = BTreeSet::new();
    for import in imports {
        let path = import.split_once('@').map_or(import, |(path, _)| path);
        let (ask, what) = match path {
            "wasi:http/outgoing-handler" => ("http", json!(["*:https://*:*", "*:http://*:*"])),
            "wasi:filesystem/preopens" => (
                "files",
                json!([{"path": "*"}, {"path": "*", "write": true}]),
            ),
            "wasi:cli/environment" => ("environment", json!(["*"])),
            _ if path.starts_with("wasi:config/") => {
                capabilities.insert("config");
                continue;
            }
            _ if path.starts_with("wasi:keyvalue/") => {
                capabilities.insert("keyvalue");
                continue;
            }
            _ => continue,
        };
        asks.insert(ask.to_owned(), what);
    }
    if !capabilities.is_empty() {
        asks.insert("capabilities".to_owned(), json!(capabilities));
    }
    Value::Object(asks)
}
