//! Plain components: those that export functions of their own and nothing of the contract.
//!
//! Their functions are read with their types when the component is loaded, and each is a tool from then
//! on: arguments and results are JSON, converted as `json.rs` says. Nothing else is different: they run
//! in the same instances, within the same limits and behind the same ports. It fails at loading, with
//! the function that cannot be a tool; and in a call with what its arguments do not fit.

mod describe;
mod guest;
mod json;
mod metadata;
mod names;
mod schema;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Val};

use crate::capabilities::convert::message;
use crate::contract;
use crate::error::{GuestError, GuestErrorKind, LoadError};
use crate::values::Exports;
pub(crate) use guest::Guest;
use metadata::Metadata;
use names::Origin;
use types::{Reader, ResultType, Unfit, ValueType};

/// Where a tool's answer stands in its structured content, which MCP wants to be an object.
const RESULT: &str = "result";

/// What stands before the name of a function that belongs to a resource.
const OF_A_RESOURCE: char = '[';

/// What a plain component offers.
pub(crate) struct Plain {
    /// As an extension answers `describe`; without a name if it says none.
    description: String,
    /// As an extension answers `list-tools`.
    tools: String,
    functions: BTreeMap<String, Function>,
}

/// One function.
struct Function {
    index: ComponentExportIndex,
    parameters: Vec<(String, ValueType)>,
    result: Option<ValueType>,
}

impl Plain {
    /// Reads a component's functions; none if it exports something of the contract, or no function.
    ///
    /// # Errors
    /// The function that cannot be a tool.
    pub(crate) fn find(component: &Component, bytes: &[u8]) -> Result<Option<Self>, LoadError> {
        let engine = component.engine();
        let of = component.component_type();
        let exports: Vec<_> = of.exports(engine).map(|(name, of)| (name, of.ty)).collect();
        if exports
            .iter()
            .any(|(name, _)| contract::interface(name).is_some())
        {
            return Ok(None);
        }
        let found = functions(engine, &exports);
        if found.is_empty() {
            return Ok(None);
        }
        let origins: Vec<Origin<'_>> = found.iter().map(|(origin, _)| *origin).collect();
        let metadata = Metadata::read(bytes);
        let imports = of.imports(engine).map(|(name, _)| name);
        let mut plain = Self {
            description: describe::describe(&metadata, &origins, imports),
            tools: String::new(),
            functions: BTreeMap::new(),
        };
        let mut reader = Reader::new();
        let mut read = Vec::new();
        for (origin, of) in &found {
            read.push(Function::read(component, *origin, of, &mut reader)?);
        }
        let names = names::names(&origins).map_err(|(origin, reason)| refused(origin, reason))?;
        let mut tools = Vec::new();
        for ((name, origin), function) in names.into_iter().zip(origins).zip(read) {
            tools.push(function.tool(&name, origin, &metadata));
            plain.functions.insert(name, function);
        }
        plain.tools = Value::Array(tools).to_string();
        Ok(Some(plain))
    }

    /// A tool is all that it has.
    pub(crate) fn exports(&self) -> Exports {
        Exports {
            tools: true,
            ..Exports::default()
        }
    }
}

/// The functions among the exports of a component, at its root and in its instances.
fn functions<'a>(
    engine: &'a Engine,
    exports: &'a [(&'a str, ComponentItem)],
) -> Vec<(Origin<'a>, ComponentFunc)> {
    let mut found = Vec::new();
    for (name, item) in exports {
        match item {
            ComponentItem::ComponentFunc(of) => {
                let origin = Origin {
                    interface: None,
                    function: name,
                };
                found.push((origin, of.clone()));
            }
            ComponentItem::ComponentInstance(instance) => {
                for (function, item) in instance.exports(engine) {
                    let ComponentItem::ComponentFunc(of) = item.ty else {
                        continue;
                    };
                    let origin = Origin {
                        interface: Some(name),
                        function,
                    };
                    found.push((origin, of));
                }
            }
            _ => {}
        }
    }
    found
}

fn refused(origin: Origin<'_>, reason: String) -> LoadError {
    LoadError::NotATool {
        function: origin.shown(),
        reason,
    }
}

impl Function {
    fn read(
        component: &Component,
        origin: Origin<'_>,
        of: &ComponentFunc,
        reader: &mut Reader,
    ) -> Result<Self, LoadError> {
        if origin.function.starts_with(OF_A_RESOURCE) {
            let reason = "it belongs to a resource, which has no form in JSON".to_owned();
            return Err(refused(origin, reason));
        }
        let unfit = |place: String| {
            move |unfit| match unfit {
                Unfit::Kind(kind) => refused(
                    origin,
                    format!("{place} is or has within it a {kind}, which has no form in JSON"),
                ),
                Unfit::Size(reason) => refused(origin, reason),
            }
        };
        let mut parameters = Vec::new();
        for (name, of) in of.params() {
            let read = reader.read(&of);
            let of = read.map_err(unfit(format!("its parameter `{name}`")))?;
            parameters.push((name.to_owned(), of));
        }
        let result = of.results().next().map(|of| reader.read(&of)).transpose();
        let result = result.map_err(unfit("its result".to_owned()))?;
        let interface = origin
            .interface
            .map(|interface| component.get_export_index(None, interface));
        let index = match interface {
            None => component.get_export_index(None, origin.function),
            Some(interface) => interface.and_then(|interface| {
                component.get_export_index(Some(&interface), origin.function)
            }),
        };
        let missing = || refused(origin, "the engine does not find it".to_owned());
        Ok(Self {
            index: index.ok_or_else(missing)?,
            parameters,
            result,
        })
    }

    /// As MCP describes tools.
    fn tool(&self, name: &str, origin: Origin<'_>, metadata: &Metadata) -> Value {
        let described = metadata.function(origin);
        let described = described.unwrap_or_else(|| format!("Calls {}.", origin.shown()));
        let mut tool = json!({
            "name": name,
            "description": described,
            "inputSchema": schema::object(&self.parameters),
        });
        if let Some(of) = self.answers() {
            tool["outputSchema"] = schema::object(&[(RESULT.to_owned(), of.clone())]);
        }
        tool
    }

    /// The type of what it answers when all goes well; none if that is nothing.
    fn answers(&self) -> Option<&ValueType> {
        match self.result.as_ref()? {
            ValueType::Result(of) => of.ok.as_deref(),
            of => Some(of),
        }
    }

    fn arguments(&self, text: &str) -> Result<Vec<Val>, String> {
        let given: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let members = json::to_members(&self.parameters, &given);
        let members = members.map_err(|misfit| misfit.to_string())?;
        Ok(members.into_iter().map(|(_, value)| value).collect())
    }

    /// What `call-tool` answers. The error of a `result` is the tool's failure.
    fn answer(&self, result: Option<Val>) -> Result<String, GuestError> {
        let (of, value) = match (&self.result, result) {
            (Some(ValueType::Result(of)), Some(Val::Result(result))) => match result {
                Ok(value) => (of.ok.as_deref(), value.map(|value| *value)),
                Err(error) => return Err(failure(of, error.as_deref())),
            },
            (of, value) => (of.as_ref(), value),
        };
        let value = match (of, value) {
            (Some(of), Some(value)) => json::from_val(of, &value),
            _ => return Ok(json!({"content": []}).to_string()),
        };
        let mut answer = json!({});
        if let Some(Value::String(text)) = &value {
            answer["content"] = json!([{"type": "text", "text": text}]);
        }
        answer["structuredContent"] = json!({ RESULT: value });
        Ok(answer.to_string())
    }
}

/// What a function says that it failed with.
fn failure(of: &ResultType, error: Option<&Val>) -> GuestError {
    let said = of.err.as_deref().zip(error);
    let words = match said.and_then(|(of, error)| json::from_val(of, error)) {
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
        None => "it failed, and does not say why".to_owned(),
    };
    GuestError {
        kind: GuestErrorKind::Permanent,
        message: message(words),
    }
}
