//! Values that fit a JSON Schema, made from it.
//!
//! What is made is a proposal: it is compared with the schema before it is used ([`Source::valid`]), so
//! that what this module does not understand of a schema costs proposals and never a wrong verdict. A
//! schema for which no proposal fits gives no values; whoever asks then says so.

mod text;

use koi_schema::JsonSchema;
use serde_json::{Map, Number, Value};

use crate::mutate::mutated;
use crate::random::Random;

/// Levels of a value; below them the smallest one is taken.
const MAX_DEPTH: usize = 6;
/// Items of an array that its schema leaves open.
const MAX_ITEMS: usize = 3;
/// Proposals for one value.
const TRIES: usize = 24;

/// Where the values of one schema come from: what it gives as examples, then what is made from it.
pub(crate) struct Source<'a> {
    schema: &'a Value,
    compiled: JsonSchema,
    random: Random,
}

impl<'a> Source<'a> {
    /// None if the schema is refused, which others tell of.
    pub(crate) fn new(schema: &'a Value, random: Random) -> Option<Self> {
        Some(Self {
            compiled: JsonSchema::compile(schema).ok()?,
            schema,
            random,
        })
    }

    /// # Errors
    /// What does not fit.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        self.compiled.check(value)
    }

    /// Up to so many values that fit: the examples first.
    pub(crate) fn valid(&mut self, count: usize) -> Vec<Value> {
        let mut values: Vec<Value> = examples(self.schema)
            .filter(|example| self.compiled.check(example).is_ok())
            .cloned()
            .collect();
        values.truncate(count);
        for _ in 0..count.saturating_mul(TRIES) {
            if values.len() >= count {
                break;
            }
            let value = Generator::new(self.schema, &mut self.random).value();
            if !values.contains(&value) && self.compiled.check(&value).is_ok() {
                values.push(value);
            }
        }
        values
    }

    /// Up to so many values that were made of ones that fit, and may or may not fit any more.
    pub(crate) fn mutilated(&mut self, of: &[Value], count: usize) -> Vec<Value> {
        (0..count)
            .filter_map(|_| {
                let value = self.random.pick(of)?.clone();
                Some(mutated(value, &mut self.random))
            })
            .collect()
    }
}

/// What a schema gives as examples of its values: `examples`, then `default`.
pub(crate) fn examples(schema: &Value) -> impl Iterator<Item = &Value> {
    let examples = schema.get("examples").and_then(Value::as_array);
    examples.into_iter().flatten().chain(schema.get("default"))
}

struct Generator<'a> {
    root: &'a Value,
    random: &'a mut Random,
}

impl<'a> Generator<'a> {
    fn new(root: &'a Value, random: &'a mut Random) -> Self {
        Self { root, random }
    }

    fn value(&mut self) -> Value {
        self.of(self.root, 0)
    }

    /// A value for a part of the schema.
    fn of(&mut self, schema: &'a Value, depth: usize) -> Value {
        let Value::Object(schema) = schema else {
            return self.anything();
        };
        if depth > 2 * MAX_DEPTH {
            return Value::Null;
        }
        let examples: Vec<&Value> = match schema.get("examples") {
            Some(Value::Array(examples)) => examples.iter().collect(),
            _ => Vec::new(),
        };
        if depth > 0
            && self.random.once_in(3)
            && let Some(example) = self.random.pick(&examples)
        {
            return (*example).clone();
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return self.random.pick(values).cloned().unwrap_or_default();
        }
        let mut value = self.of_branches(schema, depth);
        let own = self.of_type(schema, depth);
        match (&mut value, own) {
            (Some(Value::Object(members)), Some(Value::Object(own))) => {
                for (name, value) in own {
                    members.entry(name).or_insert(value);
                }
            }
            (None, Some(own)) => value = Some(own),
            _ => {}
        }
        value.unwrap_or_else(|| self.anything())
    }

    /// What `$ref`, one branch of `oneOf` or `anyOf`, and all of `allOf` give together.
    fn of_branches(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Option<Value> {
        let mut parts: Vec<&Value> = Vec::new();
        if let Some(Value::String(reference)) = schema.get("$ref") {
            parts.extend(self.resolve(reference));
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(Value::Array(branches)) = schema.get(word) {
                // Far down the shortest way out is the one without members, such as `null`.
                let branch = match depth >= MAX_DEPTH {
                    true => branches.iter().find(|branch| is_shallow(branch)),
                    false => None,
                };
                parts.extend(branch.or_else(|| self.random.pick(branches)));
            }
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            parts.extend(all);
        }
        let mut whole: Option<Value> = None;
        for part in parts {
            let made = self.of(part, depth + 1);
            match (&mut whole, made) {
                (Some(Value::Object(whole)), Value::Object(made)) => whole.extend(made),
                (whole @ None, made) => *whole = Some(made),
                _ => {}
            }
        }
        whole
    }

    /// A reference within the schema.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    /// What the type says; none if nothing does.
    fn of_type(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Option<Value> {
        let name = match schema.get("type") {
            Some(Value::String(name)) => name.as_str(),
            Some(Value::Array(names)) => {
                let shallow = names.iter().find(|name| *name == "null");
                let name = shallow.filter(|_| depth >= MAX_DEPTH);
                name.or_else(|| self.random.pick(names))?.as_str()?
            }
            _ => implied(schema)?,
        };
        Some(match name {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => Value::String(text::text(schema, self.random)),
            "integer" => self.integer(schema),
            "number" => self.number(schema),
            "boolean" => Value::Bool(self.random.once_in(2)),
            _ => Value::Null,
        })
    }

    fn object(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Value {
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut object = Map::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                let wanted = depth < MAX_DEPTH && !self.random.once_in(3);
                if required.contains(&name.as_str()) || wanted {
                    object.insert(name.clone(), self.of(property, depth + 1));
                }
            }
        }
        let others = schema.get("additionalProperties");
        let other = others.filter(|schema| schema.is_object());
        for name in required {
            if !object.contains_key(name) {
                let value = match other {
                    Some(schema) => self.of(schema, depth + 1),
                    None => self.anything(),
                };
                object.insert(name.to_owned(), value);
            }
        }
        let least = size(schema, "minProperties").unwrap_or_default();
        let some = usize::from(other.is_some() && depth < MAX_DEPTH);
        let wanted = least.max(object.len() + some * self.random.below(MAX_ITEMS));
        let most = size(schema, "maxProperties").unwrap_or(usize::MAX);
        for _ in object.len()..wanted.min(most) {
            let name = match schema.get("propertyNames") {
                Some(names) => self.of(names, depth + 1),
                None => Value::String(text::text(&Map::new(), self.random)),
            };
            let Value::String(name) = name else { break };
            let value = match other {
                Some(schema) => self.of(schema, depth + 1),
                None => self.anything(),
            };
            object.insert(name, value);
        }
        Value::Object(object)
    }

    fn array(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Value {
        let mut items: Vec<Value> = match schema.get("prefixItems") {
            Some(Value::Array(prefix)) => {
                prefix.iter().map(|item| self.of(item, depth + 1)).collect()
            }
            _ => Vec::new(),
        };
        let least = size(schema, "minItems").unwrap_or_default().min(256);
        let most = size(schema, "maxItems").unwrap_or(usize::MAX);
        let open = match depth < MAX_DEPTH {
            true => self.random.below(MAX_ITEMS + 1),
            false => 0,
        };
        let wanted = least.max(open).min(most);
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        // `contains` is met by making all items so, where nothing else says what they are.
        let of = schema.get("items").or_else(|| schema.get("contains"));
        for _ in 0..wanted * if unique { 4 } else { 1 } {
            if items.len() >= wanted {
                break;
            }
            let item = match of {
                Some(Value::Bool(false)) => break,
                Some(of) => self.of(of, depth + 1),
                None => self.anything(),
            };
            if !unique || !items.contains(&item) {
                items.push(item);
            }
        }
        Value::Array(items)
    }

    fn integer(&mut self, schema: &Map<String, Value>) -> Value {
        let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
        let least = [
            limit("minimum").map(f64::ceil),
            limit("exclusiveMinimum").map(|n| n.floor() + 1.0),
        ];
        let most = [
            limit("maximum").map(f64::floor),
            limit("exclusiveMaximum").map(|n| n.ceil() - 1.0),
        ];
        let least = least.into_iter().flatten().reduce(f64::max);
        let most = most.into_iter().flatten().reduce(f64::min);
        let (least, most) = range(least, most);
        // Exact within what JSON numbers of all languages are.
        let (low, high) = (least.max(-9e15) as i64, most.min(9e15) as i64);
        let step = limit("multipleOf").map_or(1, |step| step as i64).max(1);
        let first = low.saturating_add((-low).rem_euclid(step));
        let steps = usize::try_from(high.saturating_sub(first) / step).unwrap_or_default();
        let steps = match self.random.below(5) {
            0 => 0,
            1 => steps,
            _ => self.random.below(steps.saturating_add(1)),
        };
        let steps = i64::try_from(steps).unwrap_or_default();
        Value::from(first.saturating_add(step.saturating_mul(steps)))
    }

    fn number(&mut self, schema: &Map<String, Value>) -> Value {
        let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
        if let Some(step) = limit("multipleOf").filter(|step| *step > 0.0) {
            let low = limit("minimum").map_or(0.0, |least| (least / step).ceil());
            let times = low + self.random.below(MAX_ITEMS) as f64;
            return Number::from_f64(times * step).map_or(Value::Null, Value::Number);
        }
        let least = limit("minimum").or_else(|| limit("exclusiveMinimum"));
        let most = limit("maximum").or_else(|| limit("exclusiveMaximum"));
        let (least, most) = range(least, most);
        // Never at the ends, which may be excluded.
        let part = (1 + self.random.below(98)) as f64 / 100.0;
        Number::from_f64(least + (most - least) * part).map_or(Value::Null, Value::Number)
    }

    /// Where a schema says nothing.
    fn anything(&mut self) -> Value {
        match self.random.below(5) {
            0 => Value::Bool(true),
            1 => Value::from(self.random.below(1000)),
            2 => Value::Object(Map::new()),
            _ => Value::String(text::text(&Map::new(), self.random)),
        }
    }
}

/// Ends of a range, of which one or both are left open.
fn range(least: Option<f64>, most: Option<f64>) -> (f64, f64) {
    match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least + 1000.0),
        (None, Some(most)) => (most - 1000.0, most),
        (None, None) => (-1000.0, 1000.0),
    }
}

/// The type that the words of a schema without one speak of.
fn implied(schema: &Map<String, Value>) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 4] = [
        (
            "object",
            &[
                "properties",
                "required",
                "additionalProperties",
                "minProperties",
            ],
        ),
        ("array", &["items", "prefixItems", "minItems"]),
        ("string", &["pattern", "format", "minLength", "maxLength"]),
        ("number", &["minimum", "maximum", "multipleOf"]),
    ];
    let mut words = WORDS.into_iter();
    let found = words.find(|(_, words)| words.iter().any(|word| schema.contains_key(*word)));
    found.map(|(name, _)| name)
}

/// Whether a branch has no members of its own.
fn is_shallow(schema: &Value) -> bool {
    !["properties", "items", "$ref", "oneOf", "anyOf", "allOf"]
        .iter()
        .any(|word| schema.get(word).is_some())
}

fn size(schema: &Map<String, Value>, word: &str) -> Option<usize> {
    let size = schema.get(word)?.as_u64()?;
    usize::try_from(size).ok()
}

#[cfg(test)]
mod tests;
