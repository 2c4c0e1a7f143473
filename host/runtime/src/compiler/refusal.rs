//! Why the engine refuses a component, for whoever built it.
//!
//! Of streams, futures and asynchronous functions, which this host has off, the engine tells the place in
//! the bytes. Here they are told by the function that the component exports with them.

use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncType, ComponentValType,
};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload, PrimitiveValType, Validator, WasmFeatures};

use crate::error::sentence;

/// What is wrong with a component that the engine has refused so, as one clause.
pub(super) fn reason(bytes: &[u8], error: &wasmtime::Error) -> String {
    let said = sentence(error);
    match asynchronous(bytes) {
        Some(function) => format!("{function} ({said})"),
        None => said,
    }
}

/// The first exported function that cannot be called without waiting; none too if these are no bytes of a
/// component.
fn asynchronous(bytes: &[u8]) -> Option<String> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let types = validator.validate_all(bytes).ok()?;
    let types = types.as_ref();
    // Those of components within it come along, and are not found in its types.
    let exports = Parser::new(0)
        .parse_all(bytes)
        .filter_map(|payload| match payload {
            Ok(Payload::ComponentExportSection(section)) => Some(section),
            _ => None,
        });
    let names = exports.flatten().flatten().map(|export| export.name.name);
    names
        .filter_map(|name| Some((name, types.component_item_for_export(name)?.ty)))
        .find_map(|(name, of)| match of {
            ComponentEntityType::Func(of) => problem(types, types.get(of)?)
                .map(|problem| format!("its function `{name}` {problem}")),
            ComponentEntityType::Instance(of) => {
                let mut exports = types.get(of)?.exports.iter();
                exports.find_map(|(function, item)| {
                    let ComponentEntityType::Func(of) = item.ty else {
                        return None;
                    };
                    let problem = problem(types, types.get(of)?)?;
                    Some(format!("its function `{function}` of `{name}` {problem}"))
                })
            }
            _ => None,
        })
}

fn problem(types: TypesRef<'_>, of: &ComponentFuncType) -> Option<String> {
    if of.async_ {
        return Some("is asynchronous".to_owned());
    }
    let parameters = of.params.iter().find_map(|(name, of)| {
        let kind = kind(types, *of)?;
        Some(format!("has a {kind} in its parameter `{name}`"))
    });
    let result = || Some(format!("has a {} in its result", kind(types, of.result?)?));
    parameters.or_else(result)
}

/// What of a type is none without waiting. The validator bounds how deep types lie.
fn kind(types: TypesRef<'_>, of: ComponentValType) -> Option<&'static str> {
    let within = |of: &ComponentValType| kind(types, *of);
    let of = match of {
        ComponentValType::Primitive(PrimitiveValType::ErrorContext) => {
            return Some("error-context");
        }
        ComponentValType::Primitive(_) => return None,
        ComponentValType::Type(id) => types.get(id)?,
    };
    match of {
        ComponentDefinedType::Stream { .. } => Some("stream"),
        ComponentDefinedType::Future { .. } => Some("future"),
        ComponentDefinedType::Primitive(PrimitiveValType::ErrorContext) => Some("error-context"),
        ComponentDefinedType::Record(record) => record.fields.values().find_map(within),
        ComponentDefinedType::Variant(variant) => variant
            .cases
            .values()
            .find_map(|case| case.ty.as_ref().and_then(within)),
        ComponentDefinedType::Tuple(tuple) => tuple.types.iter().find_map(within),
        ComponentDefinedType::List { element, .. }
        | ComponentDefinedType::FixedLengthList { element, .. } => within(element),
        ComponentDefinedType::Map { key, value, .. } => within(key).or_else(|| within(value)),
        ComponentDefinedType::Option { ty, .. } => within(ty),
        ComponentDefinedType::Result { ok, err, .. } => ok.iter().chain(err).find_map(within),
        _ => None,
    }
}
