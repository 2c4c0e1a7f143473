//! Filters on the contents of bundles: which of them a query wants.
//!
//! A filter is JSON. A comparison names a path (a JSON pointer, RFC 6901) and one operator, as in
//! `{"path":"/owner","eq":"sales"}`; `{"all":[…]}`, `{"any":[…]}` and `{"not":…}` combine filters.
//! Reading one fails with a sentence that says what was expected; matching never fails.

mod keys;
mod print;

use std::cmp::Ordering;

use serde_json::{Map, Value};

pub use self::keys::{KEY_TEXT_BYTES, Keys};
use crate::Contents;

/// Longest filter, in bytes of its text.
pub const MAX_FILTER_BYTES: usize = 16 * 1024;

/// Most comparisons in one filter.
pub const MAX_COMPARISONS: usize = 64;

/// Deepest nesting of `all`, `any` and `not`.
pub const MAX_FILTER_DEPTH: usize = 8;

const OPERATORS: &str = "`eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `contains` or `exists`";

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the filter is malformed: {0}")]
pub struct FilterError(String);

/// What contents have to be like.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Comparison { path: String, test: Test },
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equal(Value),
    Unequal(Value),
    /// The order of what is found against the value, where they have one: two numbers or two texts.
    Ordered(&'static [Ordering], Value),
    In(Vec<Value>),
    Contains(Value),
    Exists(bool),
}

impl Filter {
    /// # Errors
    /// If it is no filter or a larger one than may be; the message says what was expected.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_FILTER_BYTES {
            return Err(FilterError(format!(
                "it has {} bytes, and at most {MAX_FILTER_BYTES} are read",
                text.len()
            )));
        }
        let value = serde_json::from_str(text).map_err(|error| FilterError(error.to_string()))?;
        Self::from_value(value)
    }

    /// # Errors
    /// As [`Filter::parse`], which is the one that bounds the length of its text.
    pub fn from_value(value: Value) -> Result<Self, FilterError> {
        let mut comparisons = 0;
        Node::read(value, 0, &mut comparisons)
            .map(Self)
            .map_err(FilterError)
    }

    /// Whether the contents are like that. A path that leads nowhere satisfies `ne` and
    /// `"exists": false` only.
    pub fn matches(&self, contents: &Contents) -> bool {
        // Contents are JSON, so that reading them does not fail.
        serde_json::from_str(contents.as_str()).is_ok_and(|value| self.0.matches(&value))
    }
}

impl Node {
    fn read(value: Value, depth: usize, comparisons: &mut usize) -> Result<Self, String> {
        let Value::Object(mut members) = value else {
            return Err(format!("expected an object, found {value}"));
        };
        if depth > MAX_FILTER_DEPTH {
            return Err(format!(
                "it is nested deeper than {MAX_FILTER_DEPTH} levels"
            ));
        }
        for (name, make) in [("all", Self::All as fn(_) -> _), ("any", Self::Any)] {
            if let Some(list) = members.remove(name) {
                alone(name, &members)?;
                let Value::Array(list) = list else {
                    return Err(format!("`{name}` has to be an array of filters"));
                };
                let read = |filter| Self::read(filter, depth + 1, comparisons);
                return list
                    .into_iter()
                    .map(read)
                    .collect::<Result<_, _>>()
                    .map(make);
            }
        }
        if let Some(filter) = members.remove("not") {
            alone("not", &members)?;
            let negated = Self::read(filter, depth + 1, comparisons)?;
            return Ok(Self::Not(Box::new(negated)));
        }
        *comparisons += 1;
        if *comparisons > MAX_COMPARISONS {
            return Err(format!("it has more than {MAX_COMPARISONS} comparisons"));
        }
        let Some(Value::String(path)) = members.remove("path") else {
            return Err("expected `all`, `any`, `not`, or `path` with a JSON pointer".to_owned());
        };
        if !path.is_empty() && !path.starts_with('/') {
            return Err(format!(
                "`{path}` is no JSON pointer: it has to begin with `/`, as in `/owner/name`"
            ));
        }
        let mut members = members.into_iter();
        let (Some((operator, value)), None) = (members.next(), members.next()) else {
            return Err(format!(
                "the comparison at `{path}` needs one operator: {OPERATORS}"
            ));
        };
        let test = Test::read(&operator, value)?;
        Ok(Self::Comparison { path, test })
    }

    fn matches(&self, contents: &Value) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(contents)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(contents)),
            Self::Not(node) => !node.matches(contents),
            Self::Comparison { path, test } => test.matches(contents.pointer(path)),
        }
    }
}

/// A combination has no other members.
fn alone(name: &str, others: &Map<String, Value>) -> Result<(), String> {
    match others.keys().next() {
        Some(other) => Err(format!("`{name}` stands alone, without `{other}`")),
        None => Ok(()),
    }
}

impl Test {
    fn read(operator: &str, value: Value) -> Result<Self, String> {
        use Ordering::{Equal, Greater, Less};
        let ordered = |orders| match &value {
            Value::Number(_) | Value::String(_) => Ok(Self::Ordered(orders, value.clone())),
            _ => Err(format!("`{operator}` compares with a number or a text")),
        };
        match operator {
            "eq" => Ok(Self::Equal(value)),
            "ne" => Ok(Self::Unequal(value)),
            "lt" => ordered(&[Less]),
            "le" => ordered(&[Less, Equal]),
            "gt" => ordered(&[Greater]),
            "ge" => ordered(&[Greater, Equal]),
            "in" => match value {
                Value::Array(values) => Ok(Self::In(values)),
                _ => Err("`in` needs an array of values".to_owned()),
            },
            "contains" => Ok(Self::Contains(value)),
            "exists" => value
                .as_bool()
                .map(Self::Exists)
                .ok_or_else(|| "`exists` is true or false".to_owned()),
            other => Err(format!("`{other}` is no operator: there are {OPERATORS}")),
        }
    }

    fn matches(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            (Self::Exists(wanted), found) => found.is_some() == *wanted,
            (Self::Unequal(_), None) => true,
            (_, None) => false,
            (Self::Equal(value), Some(found)) => same(found, value),
            (Self::Unequal(value), Some(found)) => !same(found, value),
            (Self::Ordered(orders, value), Some(found)) => {
                order(found, value).is_some_and(|order| orders.contains(&order))
            }
            (Self::In(values), Some(found)) => values.iter().any(|value| same(found, value)),
            (Self::Contains(value), Some(found)) => match (found, value) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(items), value) => items.iter().any(|item| same(item, value)),
                _ => false,
            },
        }
    }
}

/// Equality of JSON, in which `1` and `1.0` are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => order(one, other) == Some(Ordering::Equal),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|o| same(value, o)))
        }
        _ => one == other,
    }
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(a), Value::Number(b)) => {
            let exact = |number: &serde_json::Number| {
                number
                    .as_i64()
                    .map(i128::from)
                    .or_else(|| number.as_u64().map(i128::from))
            };
            match (exact(a), exact(b)) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn matches(filter: Value, contents: Value) -> bool {
        Filter::from_value(filter)
            .unwrap()
            .matches(&Contents::parse(&contents.to_string()).unwrap())
    }

    fn refused(text: &str) -> String {
        Filter::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_comparison_looks_at_what_its_path_leads_to() {
        let contents =
            json!({"owner": {"name": "sales"}, "rows": 7, "tags": ["a", 1.0], "none": null});
        let yes = [
            json!({"path": "/owner/name", "eq": "sales"}),
            json!({"path": "/owner", "eq": {"name": "sales"}}),
            json!({"path": "/rows", "eq": 7.0}),
            json!({"path": "/rows", "ge": 7}),
            json!({"path": "/rows", "lt": 7.5}),
            json!({"path": "/rows", "in": [1, 7]}),
            json!({"path": "/owner/name", "gt": "sa"}),
            json!({"path": "/owner/name", "contains": "ale"}),
            json!({"path": "/tags", "contains": 1}),
            json!({"path": "/tags/0", "eq": "a"}),
            json!({"path": "/none", "eq": null}),
            json!({"path": "/none", "exists": true}),
            json!({"path": "/missing", "exists": false}),
            json!({"path": "/missing", "ne": "x"}),
        ];
        let no = [
            json!({"path": "/owner/name", "eq": "Sales"}),
            json!({"path": "/rows", "gt": 7}),
            json!({"path": "/rows", "gt": "6"}),
            json!({"path": "/rows", "ne": 7.0}),
            json!({"path": "/missing", "eq": null}),
            json!({"path": "/missing", "lt": 1}),
            json!({"path": "/tags", "contains": "b"}),
            json!({"path": "/owner", "contains": "name"}),
        ];
        for filter in yes {
            assert!(matches(filter.clone(), contents.clone()), "{filter}");
        }
        for filter in no {
            assert!(!matches(filter.clone(), contents.clone()), "{filter}");
        }
    }

    #[test]
    fn filters_combine() {
        let one = json!({"path": "/n", "eq": 1});
        let two = json!({"path": "/n", "eq": 2});
        let contents = json!({"n": 1});
        assert!(matches(json!({"any": [two, one]}), contents.clone()));
        assert!(!matches(json!({"all": [two, one]}), contents.clone()));
        assert!(matches(json!({"not": two}), contents.clone()));
        assert!(matches(json!({"all": []}), contents.clone()));
        assert!(!matches(json!({"any": []}), contents));
    }

    #[test]
    fn integers_beyond_the_precision_of_a_double_are_told_apart() {
        let contents = json!({"n": 9_007_199_254_740_993_u64});
        assert!(!matches(
            json!({"path": "/n", "eq": 9_007_199_254_740_992_u64}),
            contents.clone()
        ));
        assert!(matches(
            json!({"path": "/n", "gt": 9_007_199_254_740_992_u64}),
            contents
        ));
    }

    #[test]
    fn what_is_no_filter_is_refused_with_what_was_expected() {
        assert!(refused("[]").contains("expected an object"));
        assert!(refused("{}").contains("`path`"));
        assert!(refused(r#"{"path":"owner","eq":1}"#).contains("begin with `/`"));
        assert!(refused(r#"{"path":"/a"}"#).contains("one operator"));
        assert!(refused(r#"{"path":"/a","eq":1,"ne":2}"#).contains("one operator"));
        assert!(refused(r#"{"path":"/a","like":1}"#).contains("`like` is no operator"));
        assert!(refused(r#"{"path":"/a","lt":[]}"#).contains("number or a text"));
        assert!(refused(r#"{"any":[],"not":{}}"#).contains("stands alone"));
        assert!(refused(&" ".repeat(MAX_FILTER_BYTES + 1)).contains("bytes"));
        let deep = format!(
            "{}{}{}",
            r#"{"not":"#.repeat(10),
            r#"{"path":"","exists":true}"#,
            "}".repeat(10)
        );
        assert!(refused(&deep).contains("deeper"));
        let many = vec![r#"{"path":"","exists":true}"#; MAX_COMPARISONS + 1].join(",");
        assert!(refused(&format!(r#"{{"any":[{many}]}}"#)).contains("comparisons"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = Filter::parse(&text);
        }

        #[test]
        fn a_value_equals_itself_and_is_not_unequal(n in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let contents = json!({"n": n});
            let (eq, ne) = (json!({"path": "/n", "eq": n}), json!({"path": "/n", "ne": n}));
            prop_assert!(matches(eq, contents.clone()));
            prop_assert!(!matches(ne, contents));
        }
    }
}
