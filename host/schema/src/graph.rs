//! A schema as a graph: which of its subschemas look at the same value, and which at a part of it.

use std::collections::HashMap;
use std::ptr;

use serde_json::{Map, Value};

/// Keywords with one subschema that looks at the same value.
const SAME_ONE: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords with a list of those.
const SAME_LIST: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords with a map of those.
const SAME_MAP: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keywords whose subschema looks at the members that no name was given for.
const MEMBERS: [&str; 3] = [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
];
/// Keywords whose subschema looks at items.
const ITEMS: [&str; 4] = ["items", "contains", "additionalItems", "unevaluatedItems"];
/// Keywords with a reference.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Most subschemas.
const MAX_NODES: usize = 20_000;

/// Which parts of a value a subschema looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part<'a> {
    /// The member of that name.
    Member(&'a str),
    /// Any member.
    AnyMember,
    /// The item of that index.
    Item(usize),
    /// Any item.
    AnyItem,
}

/// A subschema.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// How much it does with a value itself.
    pub(super) own: u64,
    /// It looks at its value once more to see what its subschemas have looked at.
    pub(super) twice: bool,
    /// Subschemas that look at the same value.
    pub(super) same: Vec<usize>,
    /// Subschemas that look at a part.
    pub(super) parts: Vec<(Part<'a>, usize)>,
}

/// All subschemas that are reachable from the root, which is the first.
///
/// # Errors
/// A reference that leads nowhere within the schema, or too many subschemas.
pub(super) fn nodes(root: &Value) -> Result<Vec<Node<'_>>, String> {
    let mut index = Index::default();
    index.add(root, root);
    let mut found = Found {
        order: vec![root],
        numbers: HashMap::from([(ptr::from_ref(root), 0)]),
    };
    let mut nodes = Vec::new();
    while let Some(schema) = found.order.get(nodes.len()) {
        let node = node(schema, &index, &mut found)?;
        nodes.push(node);
        if found.order.len() > MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} subschemas"));
        }
    }
    Ok(nodes)
}

/// Subschemas in the order in which they were found; a value's address is its identity.
struct Found<'a> {
    order: Vec<&'a Value>,
    numbers: HashMap<*const Value, usize>,
}

impl<'a> Found<'a> {
    fn number(&mut self, schema: &'a Value) -> usize {
        *self
            .numbers
            .entry(ptr::from_ref(schema))
            .or_insert_with(|| {
                self.order.push(schema);
                self.order.len() - 1
            })
    }
}

fn node<'a>(
    schema: &'a Value,
    index: &Index<'a>,
    found: &mut Found<'a>,
) -> Result<Node<'a>, String> {
    let mut node = Node {
        own: 1,
        twice: false,
        same: Vec::new(),
        parts: Vec::new(),
    };
    let Some(members) = schema.as_object() else {
        return Ok(node);
    };
    let list = |key: &str| {
        members
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let map = |key: &str| {
        members
            .get(key)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    };
    for value in members.values() {
        node.own += match value {
            Value::Array(items) => items.len() as u64,
            Value::Object(members) => members.len() as u64,
            _ => 1,
        };
    }
    node.twice = ["unevaluatedProperties", "unevaluatedItems"]
        .iter()
        .any(|key| members.contains_key(*key));
    node.same.extend(
        SAME_ONE
            .iter()
            .filter_map(|key| members.get(*key))
            .map(|s| found.number(s)),
    );
    node.same.extend(
        SAME_LIST
            .iter()
            .flat_map(|key| list(key))
            .map(|s| found.number(s)),
    );
    node.same.extend(
        SAME_MAP
            .iter()
            .flat_map(|key| map(key))
            .map(|(_, s)| found.number(s)),
    );
    for key in REFERENCES {
        if let Some(reference) = members.get(key).and_then(Value::as_str) {
            let targets = index.resolve(reference, schema)?;
            node.same
                .extend(targets.into_iter().map(|target| found.number(target)));
        }
    }
    node.parts
        .extend(map("properties").map(|(n, s)| (Part::Member(n), found.number(s))));
    let any = map("patternProperties").map(|(_, s)| s);
    let any = any.chain(MEMBERS.iter().filter_map(|key| members.get(*key)));
    node.parts
        .extend(any.map(|s| (Part::AnyMember, found.number(s))));
    node.parts.extend(
        list("prefixItems")
            .chain(list("items"))
            .enumerate()
            .map(|(n, s)| (Part::Item(n), found.number(s))),
    );
    let items = ITEMS
        .iter()
        .filter_map(|key| members.get(*key))
        .filter(|s| !s.is_array());
    node.parts
        .extend(items.map(|s| (Part::AnyItem, found.number(s))));
    Ok(node)
}

/// What references can name. A schema with an `$id` is a resource: references within it start there.
#[derive(Default)]
struct Index<'a> {
    resource_of: HashMap<*const Value, &'a Value>,
    ids: HashMap<&'a str, &'a Value>,
    anchors: HashMap<(*const Value, &'a str), &'a Value>,
    dynamic: HashMap<&'a str, Vec<&'a Value>>,
}

impl<'a> Index<'a> {
    fn add(&mut self, value: &'a Value, resource: &'a Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add(item, resource)),
            Value::Object(members) => self.add_object(value, members, resource),
            _ => {}
        }
    }

    fn add_object(
        &mut self,
        value: &'a Value,
        members: &'a Map<String, Value>,
        mut resource: &'a Value,
    ) {
        let text = |key: &str| members.get(key).and_then(Value::as_str);
        if let Some(id) = text("$id") {
            resource = value;
            self.ids.insert(id.trim_end_matches('#'), value);
        }
        self.resource_of.insert(ptr::from_ref(value), resource);
        for anchor in [text("$anchor"), text("$dynamicAnchor")]
            .into_iter()
            .flatten()
        {
            self.anchors
                .insert((ptr::from_ref(resource), anchor), value);
        }
        if let Some(anchor) = text("$dynamicAnchor") {
            self.dynamic.entry(anchor).or_default().push(value);
        }
        members
            .values()
            .for_each(|member| self.add(member, resource));
    }

    /// What a reference may lead to: one subschema, or several if it is dynamic.
    fn resolve(&self, reference: &str, from: &Value) -> Result<Vec<&'a Value>, String> {
        let shown = || reference.chars().take(120).collect::<String>();
        let outside = || {
            format!(
                "it refers to `{}`, which is not within it; nothing is fetched",
                shown()
            )
        };
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = if uri.is_empty() {
            self.resource_of.get(&ptr::from_ref(from)).copied()
        } else {
            self.ids.get(uri).copied()
        };
        let resource = resource.ok_or_else(outside)?;
        let fragment = percent_decoded(fragment).ok_or_else(outside)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return resource
                .pointer(&fragment)
                .map(|target| vec![target])
                .ok_or_else(outside);
        }
        let fixed = self
            .anchors
            .get(&(ptr::from_ref(resource), fragment.as_str()));
        let dynamic = self.dynamic.get(fragment.as_str()).into_iter().flatten();
        let targets: Vec<_> = fixed.into_iter().chain(dynamic).copied().collect();
        if targets.is_empty() {
            Err(outside())
        } else {
            Ok(targets)
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
