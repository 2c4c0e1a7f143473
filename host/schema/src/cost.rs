//! How much work a schema can make of a value, found before it is compiled.
//!
//! Two things make a small schema costly. Subschemas that look at the same value multiply along
//! references ([`Cost::each`]). And a schema that comes back to itself on a part of the value, more
//! than once for the same part, multiplies with each level of nesting ([`Cost::growth`]).

use std::collections::HashMap;

use serde_json::Value;

use super::graph::{self, Node, Part};
use super::{MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH};

/// Most work on one value, not counting its parts.
const MAX_EACH: u64 = 10_000;
/// Longest chain of subschemas that look at the same value.
const MAX_CHAIN: usize = 200;
/// Most ways in which a schema may come back to itself.
const MAX_RETURNS: usize = 2000;
/// Most work on a whole value: well under a second.
const MAX_WORK: u64 = 20_000_000;
/// Up to so much work, all violations of a value together are little.
const SMALL_WORK: u64 = 20_000;
/// Keywords of which the violations of all branches are one violation.
const BRANCHES: [&str; 3] = ["anyOf", "oneOf", "propertyNames"];

/// The bounds of a schema's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// On each part of a value.
    each: u64,
    /// By how much it multiplies with each level of nesting.
    growth: u64,
    branches: bool,
}

/// How much work a value makes, which is not too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work(u64);

impl Work {
    pub(super) fn is_small(self) -> bool {
        self.0 <= SMALL_WORK
    }
}

impl Cost {
    /// # Errors
    /// Which bound the schema goes beyond.
    pub(super) fn of(schema: &Value) -> Result<Self, String> {
        let bytes = serde_json::to_string(schema)
            .map_err(|error| error.to_string())?
            .len();
        if bytes > MAX_SCHEMA_BYTES {
            return Err(format!(
                "it has {bytes} bytes; {MAX_SCHEMA_BYTES} are taken at most"
            ));
        }
        let shape = Shape::of(schema);
        if shape.depth > MAX_SCHEMA_DEPTH {
            return Err(format!(
                "it is nested deeper than {MAX_SCHEMA_DEPTH} levels"
            ));
        }
        let nodes = graph::nodes(schema)?;
        let mut weights = vec![None; nodes.len()];
        let mut each = 0;
        for number in 0..nodes.len() {
            each = each.max(weight(number, &nodes, &mut weights, 0)?);
        }
        if each > MAX_EACH {
            return Err(
                "its references multiply: it would look at the same value too often".into(),
            );
        }
        Ok(Self {
            each,
            growth: growth(&nodes)?,
            branches: has_branches(schema),
        })
    }

    /// Whether one violation may consist of many.
    pub(super) fn has_branches(self) -> bool {
        self.branches
    }

    /// # Errors
    /// If checking the value could take too long.
    pub(super) fn check(self, value: &Value) -> Result<Work, String> {
        let shape = Shape::of(value);
        let levels = u32::try_from(shape.depth).unwrap_or(u32::MAX);
        let work = shape
            .size
            .saturating_mul(self.each)
            .saturating_mul(self.growth.saturating_pow(levels));
        if work > MAX_WORK {
            return Err(
                "it is too large or too deeply nested to be checked against its schema".into(),
            );
        }
        Ok(Work(work))
    }
}

/// How large a value is. Values have been parsed and are at most as deep as the parser goes, so
/// that recursion is safe.
#[derive(Default)]
struct Shape {
    depth: usize,
    /// Parts, a long text counting as several.
    size: u64,
}

impl Shape {
    fn of(value: &Value) -> Self {
        let mut shape = Self { depth: 0, size: 1 };
        let mut add = |part: &Value| {
            let part = Self::of(part);
            shape.depth = shape.depth.max(part.depth + 1);
            shape.size += part.size;
        };
        match value {
            Value::Array(items) => items.iter().for_each(&mut add),
            Value::Object(members) => members.values().for_each(&mut add),
            Value::String(text) => shape.size += text.len() as u64 / 64,
            _ => {}
        }
        shape
    }
}

fn has_branches(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(has_branches),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| BRANCHES.contains(&name.as_str()) || has_branches(member)),
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Weight {
    BeingFound,
    Found(u64),
}

/// The work of a subschema on one value: its own and that of all that look at the same value.
fn weight(
    number: usize,
    nodes: &[Node<'_>],
    weights: &mut [Option<Weight>],
    chain: usize,
) -> Result<u64, String> {
    match weights[number] {
        Some(Weight::Found(weight)) => return Ok(weight),
        Some(Weight::BeingFound) => {
            return Err(
                "it refers to itself without going into the value, which never ends".into(),
            );
        }
        None if chain > MAX_CHAIN => {
            return Err(format!(
                "it has a chain of more than {MAX_CHAIN} references"
            ));
        }
        None => {}
    }
    weights[number] = Some(Weight::BeingFound);
    let node = &nodes[number];
    let mut below: u64 = 0;
    for same in &node.same {
        below = below.saturating_add(weight(*same, nodes, weights, chain + 1)?);
    }
    let times = if node.twice { 2 } else { 1 };
    let weight = below.saturating_mul(times).saturating_add(node.own);
    weights[number] = Some(Weight::Found(weight));
    Ok(weight)
}

/// How often at most one subschema comes back to where it came from on the same part of a value; 1
/// if the work grows with the size of the value only.
fn growth(nodes: &[Node<'_>]) -> Result<u64, String> {
    let component = components(nodes);
    let returns = |from: usize| {
        let component = &component;
        nodes[from]
            .parts
            .iter()
            .filter(move |(_, to)| component[from] == component[*to])
    };
    if (0..nodes.len())
        .map(|number| returns(number).count())
        .sum::<usize>()
        > MAX_RETURNS
    {
        return Err(format!(
            "it comes back to itself in more than {MAX_RETURNS} ways"
        ));
    }
    let mut growth = 1;
    let mut memo: HashMap<usize, HashMap<Part<'_>, u64>> = HashMap::new();
    // Subschemas on the same value form no circle (`weight` has seen to it), so that those deeper
    // in it can be done first.
    for number in deepest_first(nodes) {
        let mut counts: HashMap<Part<'_>, u64> = HashMap::new();
        for (part, _) in returns(number) {
            *counts.entry(*part).or_default() += 1;
        }
        let times = if nodes[number].twice { 2 } else { 1 };
        for same in nodes[number]
            .same
            .iter()
            .filter(|same| component[**same] == component[number])
        {
            for (part, count) in memo.get(same).into_iter().flatten() {
                let sum = counts.entry(*part).or_default();
                *sum = sum.saturating_add(count.saturating_mul(times));
            }
        }
        growth = growth.max(most(&counts));
        memo.insert(number, counts);
    }
    Ok(growth)
}

fn most(counts: &HashMap<Part<'_>, u64>) -> u64 {
    let any = |part| counts.get(&part).copied().unwrap_or(0);
    let (member, item) = (any(Part::AnyMember), any(Part::AnyItem));
    counts
        .iter()
        .map(|(part, count)| match part {
            Part::Member(_) => count.saturating_add(member),
            Part::Item(_) => count.saturating_add(item),
            Part::AnyMember | Part::AnyItem => *count,
        })
        .max()
        .unwrap_or(1)
        .max(1)
}

/// All numbers, each after those that look at the same value for it.
fn deepest_first(nodes: &[Node<'_>]) -> Vec<usize> {
    let next = |number: usize, at: usize| nodes[number].same.get(at).copied();
    post_order(nodes.len(), next)
}

/// For each subschema the circle that it is in: two are in the same if each leads to the other.
/// (Kosaraju: forwards for an order, then backwards in that order.)
fn components(nodes: &[Node<'_>]) -> Vec<usize> {
    let mut back = vec![Vec::new(); nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        for to in node.same.iter().chain(node.parts.iter().map(|(_, to)| to)) {
            back[*to].push(number);
        }
    }
    let order = post_order(nodes.len(), |number, at| {
        let node = &nodes[number];
        let part = |at: usize| node.parts.get(at).map(|(_, to)| *to);
        node.same
            .get(at)
            .copied()
            .or_else(|| part(at.checked_sub(node.same.len())?))
    });
    let mut component = vec![usize::MAX; nodes.len()];
    for root in order.into_iter().rev() {
        let mut open = vec![root];
        while let Some(number) = open.pop() {
            if component[number] == usize::MAX {
                component[number] = root;
                open.extend(&back[number]);
            }
        }
    }
    component
}

/// Depth first without recursion, since chains may be long. `next` gives the successors of a
/// number one by one.
fn post_order(count: usize, next: impl Fn(usize, usize) -> Option<usize>) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    for root in 0..count {
        let mut path = Vec::new();
        if !std::mem::replace(&mut seen[root], true) {
            path.push((root, 0));
        }
        while let Some((number, at)) = path.last_mut() {
            let found = next(*number, *at);
            *at += 1;
            match found {
                Some(to) if !std::mem::replace(&mut seen[to], true) => path.push((to, 0)),
                Some(_) => {}
                None => {
                    order.push(*number);
                    path.pop();
                }
            }
        }
    }
    order
}
