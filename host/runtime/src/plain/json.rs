//! Between JSON and the values of a plain component.
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool`, `s8` to `s32`, `u8` to `u32`, `string` | as one expects |
//! | `s64`, `u64` | an integer up to 2^53 - 1, beyond it the digits as text; both are read |
//! | `f32`, `f64` | a number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | a text of one character |
//! | `list<u8>` | base64 as text; every other list an array |
//! | `record` | an object; members that are options may be left out |
//! | `tuple` | an array |
//! | `variant`, `result` | `{"CASE": VALUE}`, or `"CASE"` where nothing comes with it |
//! | `enum` | its name |
//! | `option` | the value or `null`; an option within an option is `{"some": VALUE}` or `null` |
//! | `flags` | an array of names |
//!
//! It fails with a clause that says where in the JSON what does not fit, such as
//! ``at `shape/circle`: it is no number``.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::schema::{INFINITY, MAX_EXACT, NEGATIVE_INFINITY, NOT_A_NUMBER, SOME, is_nullable};
use super::types::{Integer, ResultType, ValueType};

/// What does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    path: Vec<String>,
    what: String,
}

impl Misfit {
    fn new(what: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            what: what.into(),
        }
    }

    fn within(mut self, step: impl Display) -> Self {
        self.path.push(step.to_string());
        self
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_empty() {
            let steps: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "at `{}`: ", steps.join("/"))?;
        }
        f.write_str(&self.what)
    }
}

/// A value of a type.
pub(super) fn to_val(of: &ValueType, value: &Value) -> Result<Val, Misfit> {
    let wrong = |what: &str| Misfit::new(format!("it is no {what}"));
    Ok(match of {
        ValueType::Bool => Val::Bool(value.as_bool().ok_or_else(|| wrong("boolean"))?),
        ValueType::Integer(of) => to_integer(*of, value)?,
        ValueType::F32 => {
            let number = to_float(value)?;
            let single = number as f32;
            if single.is_infinite() && number.is_finite() {
                return Err(Misfit::new("it is too large for a `f32`"));
            }
            Val::Float32(single)
        }
        ValueType::F64 => Val::Float64(to_float(value)?),
        ValueType::Char => {
            let mut chars = text(value)?.chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) => Val::Char(char),
                _ => return Err(wrong("text of one character")),
            }
        }
        ValueType::String => Val::String(text(value)?.to_owned()),
        ValueType::Bytes => {
            let bytes = BASE64.decode(text(value)?);
            let bytes = bytes.map_err(|error| Misfit::new(format!("it is no base64: {error}")))?;
            Val::List(bytes.into_iter().map(Val::U8).collect())
        }
        ValueType::List(element) => {
            let of = array(value)?.iter().enumerate();
            let parts = of
                .map(|(index, part)| to_val(element, part).map_err(|misfit| misfit.within(index)));
            Val::List(parts.collect::<Result<_, _>>()?)
        }
        ValueType::Record(fields) => Val::Record(to_members(fields, members(value)?)?),
        ValueType::Tuple(types) => {
            let parts = array(value)?;
            if parts.len() != types.len() {
                let (has, wants) = (parts.len(), types.len());
                return Err(Misfit::new(format!(
                    "it has {has} items instead of {wants}"
                )));
            }
            let of = types.iter().zip(parts).enumerate();
            let parts = of
                .map(|(index, (of, part))| to_val(of, part).map_err(|misfit| misfit.within(index)));
            Val::Tuple(parts.collect::<Result<_, _>>()?)
        }
        ValueType::Variant(cases) => {
            let (name, payload) = to_case(value, |name| {
                let found = cases.iter().find(|(known, _)| known == name);
                found.map(|(_, payload)| payload.as_ref())
            })?;
            Val::Variant(name, payload)
        }
        ValueType::Enum(names) => Val::Enum(one_of(names, value)?),
        ValueType::Option(_) if value.is_null() => Val::Option(None),
        ValueType::Option(of) if is_nullable(of) => {
            let (_, inner) = to_case(value, |name| (name == SOME).then_some(Some(&**of)))?;
            Val::Option(inner)
        }
        ValueType::Option(of) => Val::Option(Some(Box::new(to_val(of, value)?))),
        ValueType::Result(ResultType { ok, err }) => {
            let (name, payload) = to_case(value, |name| match name {
                "ok" => Some(ok.as_deref()),
                "err" => Some(err.as_deref()),
                _ => None,
            })?;
            Val::Result(if name == "ok" {
                Ok(payload)
            } else {
                Err(payload)
            })
        }
        ValueType::Flags(names) => {
            let set = array(value)?.iter().map(|flag| one_of(names, flag));
            Val::Flags(set.collect::<Result<_, _>>()?)
        }
    })
}

/// The members of an object in the order of these, of which those that are options may be left out.
pub(super) fn to_members(
    fields: &[(String, ValueType)],
    given: &Map<String, Value>,
) -> Result<Vec<(String, Val)>, Misfit> {
    let unknown = |name: &&String| !fields.iter().any(|(known, _)| known == *name);
    if let Some(name) = given.keys().find(unknown) {
        let name: String = name.chars().take(64).collect();
        return Err(Misfit::new(format!("there is no `{name}`")));
    }
    let of = fields.iter().map(|(name, of)| {
        let value = given.get(name).unwrap_or(&Value::Null);
        if value.is_null() && !is_nullable(of) && !given.contains_key(name) {
            return Err(Misfit::new(format!("`{name}` is missing")));
        }
        let value = to_val(of, value).map_err(|misfit| misfit.within(name))?;
        Ok((name.clone(), value))
    });
    of.collect()
}

fn to_integer(of: Integer, value: &Value) -> Result<Val, Misfit> {
    let number = match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from);
            let whole = whole.or_else(|| number.as_u64().map(i128::from));
            // JSON does not tell 3.0 from 3.
            whole.or_else(|| {
                let number = number.as_f64()?;
                let exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT as f64;
                exact.then_some(number as i128)
            })
        }
        Value::String(digits) if matches!(of, Integer::S64 | Integer::U64) => digits.parse().ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| Misfit::new("it is no integer"))?;
    let fits = || Misfit::new(format!("{number} is beyond `{}`", of.as_str()));
    macro_rules! val {
        ($case:ident) => {
            Val::$case(number.try_into().map_err(|_| fits())?)
        };
    }
    Ok(match of {
        Integer::S8 => val!(S8),
        Integer::U8 => val!(U8),
        Integer::S16 => val!(S16),
        Integer::U16 => val!(U16),
        Integer::S32 => val!(S32),
        Integer::U32 => val!(U32),
        Integer::S64 => val!(S64),
        Integer::U64 => val!(U64),
    })
}

fn to_float(value: &Value) -> Result<f64, Misfit> {
    let number = match value {
        Value::String(text) if text == NOT_A_NUMBER => Some(f64::NAN),
        Value::String(text) if text == INFINITY => Some(f64::INFINITY),
        Value::String(text) if text == NEGATIVE_INFINITY => Some(f64::NEG_INFINITY),
        other => other.as_f64(),
    };
    number.ok_or_else(|| Misfit::new("it is no number"))
}

/// The name of a case and what comes with it, where `payload` says of a name whether it is one, and
/// whether something comes with it.
fn to_case<'a>(
    value: &Value,
    payload: impl Fn(&str) -> Option<Option<&'a ValueType>>,
) -> Result<(String, Option<Box<Val>>), Misfit> {
    const FORM: &str = "it is neither the name of a case nor an object with that as its one member";
    let (name, given) = match value {
        Value::String(name) => (name, None),
        Value::Object(members) if members.len() == 1 => {
            let member = members.iter().next();
            let (name, value) = member.ok_or_else(|| Misfit::new(FORM))?;
            (name, Some(value))
        }
        _ => return Err(Misfit::new(FORM)),
    };
    let short = || name.chars().take(64).collect::<String>();
    let known = payload(name).ok_or_else(|| Misfit::new(format!("there is no `{}`", short())))?;
    let inner = match (known, given) {
        (None, None) => None,
        (Some(of), Some(value)) => {
            let value = to_val(of, value).map_err(|misfit| misfit.within(name))?;
            Some(Box::new(value))
        }
        (Some(_), None) => {
            let what = format!("nothing comes with `{}`, and something has to", short());
            return Err(Misfit::new(what));
        }
        (None, Some(_)) => {
            let what = format!("something comes with `{}`, and nothing may", short());
            return Err(Misfit::new(what));
        }
    };
    Ok((name.clone(), inner))
}

fn one_of(names: &[String], value: &Value) -> Result<String, Misfit> {
    let text = text(value)?;
    let known = names.iter().find(|name| *name == text);
    let short = || text.chars().take(64).collect::<String>();
    let known = known.ok_or_else(|| Misfit::new(format!("there is no `{}`", short())))?;
    Ok(known.clone())
}

fn text(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or_else(|| Misfit::new("it is no text"))
}

fn array(value: &Value) -> Result<&Vec<Value>, Misfit> {
    value
        .as_array()
        .ok_or_else(|| Misfit::new("it is no array"))
}

fn members(value: &Value) -> Result<&Map<String, Value>, Misfit> {
    value
        .as_object()
        .ok_or_else(|| Misfit::new("it is no object"))
}

/// A value as JSON. None if it is not of that type, which the engine never gives.
pub(super) fn from_val(of: &ValueType, val: &Val) -> Option<Value> {
    Some(match (of, val) {
        (ValueType::Bool, Val::Bool(value)) => Value::from(*value),
        (ValueType::Integer(of), val) => from_integer(*of, val)?,
        (ValueType::F32, Val::Float32(value)) => from_single(*value)?,
        (ValueType::F64, Val::Float64(value)) => from_double(*value),
        (ValueType::Char, Val::Char(value)) => Value::from(value.to_string()),
        (ValueType::String, Val::String(value)) => Value::from(value.as_str()),
        (ValueType::Bytes, Val::List(bytes)) => {
            let byte = |val: &Val| match val {
                Val::U8(byte) => Some(*byte),
                _ => None,
            };
            let bytes: Vec<u8> = bytes.iter().map(byte).collect::<Option<_>>()?;
            Value::from(BASE64.encode(bytes))
        }
        (ValueType::List(element), Val::List(parts)) => {
            let parts = parts.iter().map(|part| from_val(element, part));
            Value::Array(parts.collect::<Option<_>>()?)
        }
        (ValueType::Record(fields), Val::Record(values)) => {
            let members = fields.iter().zip(values);
            let members =
                members.map(|((name, of), (_, value))| Some((name.clone(), from_val(of, value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        (ValueType::Tuple(types), Val::Tuple(parts)) => {
            let parts = types.iter().zip(parts);
            let parts = parts.map(|(of, part)| from_val(of, part));
            Value::Array(parts.collect::<Option<_>>()?)
        }
        (ValueType::Variant(cases), Val::Variant(name, payload)) => {
            let (_, of) = cases.iter().find(|(known, _)| known == name)?;
            from_case(name, of.as_ref(), payload.as_deref())?
        }
        (ValueType::Enum(_), Val::Enum(name)) => Value::from(name.as_str()),
        (ValueType::Option(_), Val::Option(None)) => Value::Null,
        (ValueType::Option(of), Val::Option(inner)) if is_nullable(of) => {
            from_case(SOME, Some(of), inner.as_deref())?
        }
        (ValueType::Option(of), Val::Option(Some(inner))) => from_val(of, inner)?,
        (ValueType::Result(of), Val::Result(value)) => match value {
            Ok(value) => from_case("ok", of.ok.as_deref(), value.as_deref())?,
            Err(value) => from_case("err", of.err.as_deref(), value.as_deref())?,
        },
        (ValueType::Flags(_), Val::Flags(names)) => Value::from(names.clone()),
        _ => return None,
    })
}

fn from_integer(of: Integer, val: &Val) -> Option<Value> {
    Some(match (of, val) {
        (Integer::S8, Val::S8(value)) => Value::from(*value),
        (Integer::U8, Val::U8(value)) => Value::from(*value),
        (Integer::S16, Val::S16(value)) => Value::from(*value),
        (Integer::U16, Val::U16(value)) => Value::from(*value),
        (Integer::S32, Val::S32(value)) => Value::from(*value),
        (Integer::U32, Val::U32(value)) => Value::from(*value),
        (Integer::S64, Val::S64(value)) if i128::from(*value).abs() <= MAX_EXACT => {
            Value::from(*value)
        }
        (Integer::U64, Val::U64(value)) if i128::from(*value) <= MAX_EXACT => Value::from(*value),
        (Integer::S64, Val::S64(value)) => Value::from(value.to_string()),
        (Integer::U64, Val::U64(value)) => Value::from(value.to_string()),
        _ => return None,
    })
}

/// By its shortest digits: 0.1 is not to become 0.10000000149011612.
fn from_single(value: f32) -> Option<Value> {
    if value.is_finite() {
        return Some(from_double(value.to_string().parse().ok()?));
    }
    Some(from_double(value.into()))
}

fn from_double(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from(NOT_A_NUMBER),
        None if value > 0.0 => Value::from(INFINITY),
        None => Value::from(NEGATIVE_INFINITY),
    }
}

fn from_case(name: &str, of: Option<&ValueType>, val: Option<&Val>) -> Option<Value> {
    match (of, val) {
        (None, None) => Some(Value::from(name)),
        (Some(of), Some(val)) => {
            let value = from_val(of, val)?;
            Some(Value::Object(Map::from_iter([(name.to_owned(), value)])))
        }
        _ => None,
    }
}
