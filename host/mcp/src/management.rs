//! Four tools with which an agent manages the node's extensions: list, install, revert, remove. An
//! endpoint has them only where its operator has switched them on.
//!
//! They grant nothing: what is installed has the grants that the extension had before, and a new one has
//! none. The audit log names the principal. The names that the tools take are those of extensions'
//! tools. What cannot be done is something that the agent can put right, and so a failure of the tool
//! that it reads.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::shared::Shared;
use crate::tools::failed;

const LIST: &str = "koi_extension_list";
const INSTALL: &str = "koi_extension_install";
const REVERT: &str = "koi_extension_revert";
const REMOVE: &str = "koi_extension_remove";

/// Most bytes of a component that comes with a call.
const MAX_COMPONENT: usize = 8 << 20;
/// Most bytes of a reference, and of an extension's name.
const MAX_REFERENCE: usize = 512;
const MAX_NAME: usize = 63;

/// What a reference begins with.
const OCI: &str = "oci://";

/// Who the audit log says it was where no principals are configured.
const ANYBODY: &str = "mcp";

/// What manages the extensions; on a node, the registry and what fetches components. Each gives what
/// came of it as a JSON object, or one sentence that says why nothing did.
pub trait Management: Send + Sync + 'static {
    /// What is installed: `{"extensions": […]}`.
    fn list(&self) -> BoxFuture<'_, Result<Value, String>>;

    /// Installs a component, with the grants that its extension has.
    fn install<'a>(
        &'a self,
        component: ComponentSource,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>>;

    /// Has an earlier revision serve again: the one of this number, else the one before.
    fn revert<'a>(
        &'a self,
        extension: &'a str,
        revision: Option<u64>,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>>;

    /// Removes an extension.
    fn remove<'a>(
        &'a self,
        extension: &'a str,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>>;
}

/// Where a component is to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentSource {
    /// Its bytes came with the call.
    Bytes(Vec<u8>),
    /// It is in a registry: `oci://…`, not further looked at.
    Reference(String),
}

static TOOLS: LazyLock<[(&str, Arc<Tool>); 4]> = LazyLock::new(|| {
    let name = json!({
        "type": "string",
        "maxLength": MAX_NAME,
        "description": "The extension's name",
    });
    let reads = ToolAnnotations::new().read_only(true).open_world(false);
    let changes = ToolAnnotations::new().read_only(false).destructive(true);
    [
        (
            LIST,
            "List the extensions that are installed on this node: their revisions, tools, and what they \
             were granted.",
            json!({ "type": "object", "additionalProperties": false }),
            reads,
        ),
        (
            INSTALL,
            "Install an extension, or its next revision: give either `component` or `reference`. It is \
             granted nothing beyond what an earlier revision has.",
            json!({
                "type": "object",
                "properties": {
                    "component": {
                        "type": "string",
                        "contentEncoding": "base64",
                        "contentMediaType": "application/wasm",
                        "description": "The WebAssembly component, at most 8 MiB, in base64. The server's \
                                        bound on requests may be lower",
                    },
                    "reference": {
                        "type": "string",
                        "pattern": "^oci://",
                        "maxLength": MAX_REFERENCE,
                        "description": "Where it is in a registry, such as oci://HOST/NAME:TAG",
                    },
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            }),
            changes.clone().open_world(true),
        ),
        (
            REVERT,
            "Have an earlier revision of an extension serve again.",
            json!({
                "type": "object",
                "properties": {
                    "name": name,
                    "revision": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Which one; left out: the one before",
                    },
                },
                "required": ["name"],
                "additionalProperties": false,
            }),
            changes.clone().open_world(false),
        ),
        (
            REMOVE,
            "Remove an extension. Its revisions and the knowledge that it wrote stay stored.",
            json!({
                "type": "object",
                "properties": { "name": name },
                "required": ["name"],
                "additionalProperties": false,
            }),
            changes.open_world(false),
        ),
    ]
    .map(|(name, description, schema, annotations)| {
        let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
        let tool = Tool::new(name, description, Arc::new(schema)).with_annotations(annotations);
        (name, Arc::new(tool))
    })
});

/// The four, as they are listed.
pub(crate) fn tools() -> &'static [(&'static str, Arc<Tool>)] {
    &*TOOLS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstallArguments {
    #[serde(default)]
    component: Option<String>,
    #[serde(default)]
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevertArguments {
    name: String,
    #[serde(default)]
    revision: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveArguments {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

/// Answers a call of one of the four, where the endpoint has them.
pub(crate) async fn answer(
    shared: &Shared,
    request: &CallToolRequestParams,
    principal: Option<Arc<str>>,
) -> Option<CallToolResult> {
    let management = shared.management()?;
    let name: &str = &request.name;
    if !tools().iter().any(|(tool, _)| *tool == name) {
        return None;
    }
    let who = principal.as_deref().unwrap_or(ANYBODY);
    let done = manage(&**management, name, request.arguments.clone(), who).await;
    Some(done.map_or_else(failed, CallToolResult::structured))
}

async fn manage(
    management: &dyn Management,
    tool: &str,
    arguments: Option<JsonObject>,
    who: &str,
) -> Result<Value, String> {
    match tool {
        INSTALL => {
            let component = source(read(tool, arguments)?)?;
            management.install(component, who).await
        }
        REVERT => {
            let RevertArguments { name, revision } = read(tool, arguments)?;
            management.revert(&checked(name)?, revision, who).await
        }
        REMOVE => {
            let RemoveArguments { name } = read(tool, arguments)?;
            management.remove(&checked(name)?, who).await
        }
        _ => {
            let NoArguments {} = read(tool, arguments)?;
            management.list().await
        }
    }
}

fn source(arguments: InstallArguments) -> Result<ComponentSource, String> {
    match (arguments.component, arguments.reference) {
        (Some(text), None) => {
            let too_large = || {
                let most = MAX_COMPONENT >> 20;
                format!(
                    "`component` has more than {most} MiB: push it to a registry and give its `reference`"
                )
            };
            // Four characters for each three bytes, or a part of them.
            if text.len() > MAX_COMPONENT.div_ceil(3) * 4 {
                return Err(too_large());
            }
            let bytes = STANDARD
                .decode(text)
                .map_err(|error| format!("`component` is no base64: {error}"))?;
            match bytes.len() {
                0 => Err("`component` is empty".to_owned()),
                length if length > MAX_COMPONENT => Err(too_large()),
                _ => Ok(ComponentSource::Bytes(bytes)),
            }
        }
        (None, Some(reference)) => {
            if !reference.starts_with(OCI) || reference.len() > MAX_REFERENCE {
                return Err(format!(
                    "`reference` begins with {OCI} and has at most {MAX_REFERENCE} bytes"
                ));
            }
            Ok(ComponentSource::Reference(reference))
        }
        _ => Err("give either `component` or `reference`".to_owned()),
    }
}

fn checked(name: String) -> Result<String, String> {
    match name.len() {
        1..=MAX_NAME => Ok(name),
        _ => Err(format!(
            "the name of an extension has 1 to {MAX_NAME} bytes"
        )),
    }
}

fn read<T: DeserializeOwned>(tool: &str, arguments: Option<JsonObject>) -> Result<T, String> {
    let arguments = Value::Object(arguments.unwrap_or_default());
    serde_json::from_value(arguments)
        .map_err(|error| format!("the arguments do not fit the input schema of `{tool}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(component: Option<&str>, reference: Option<&str>) -> Result<ComponentSource, String> {
        source(InstallArguments {
            component: component.map(str::to_owned),
            reference: reference.map(str::to_owned),
        })
    }

    #[test]
    fn a_component_comes_as_base64_or_from_a_registry_and_not_from_anywhere_else() {
        assert_eq!(
            of(Some("AGFzbQ=="), None),
            Ok(ComponentSource::Bytes(b"\0asm".to_vec()))
        );
        let reference = "oci://registry.example.com/a:1";
        assert_eq!(
            of(None, Some(reference)),
            Ok(ComponentSource::Reference(reference.to_owned()))
        );
        for reference in [
            "/etc/passwd",
            "https://example.com/a.wasm",
            "file:///a.wasm",
        ] {
            let told = of(None, Some(reference)).unwrap_err();
            assert!(told.contains(OCI), "{told}");
        }
        for (component, reference) in [(None, None), (Some("AGFzbQ=="), Some(reference))] {
            let told = of(component, reference).unwrap_err();
            assert!(told.contains("either"), "{told}");
        }
        assert!(of(Some("no base64!"), None).unwrap_err().contains("base64"));
        assert!(of(Some(""), None).unwrap_err().contains("empty"));
    }

    #[test]
    fn a_component_of_eight_mebibytes_is_taken_and_a_larger_one_is_not() {
        let most = STANDARD.encode(vec![0; MAX_COMPONENT]);
        assert!(of(Some(&most), None).is_ok());
        for more in [1, 100] {
            let more = STANDARD.encode(vec![0; MAX_COMPONENT + more]);
            let told = of(Some(&more), None).unwrap_err();
            assert!(told.contains("8 MiB"), "{told}");
        }
    }
}
