//! Keys: what contents have at a path, as bytes in the order of the filters' comparisons, for indexes.
//!
//! A key says less than its value: texts are cut, numbers are doubles, arrays and objects are all the
//! same. Two values in an order never have keys in the other order. So the keys that a filter asks for
//! select all contents that match, and some that do not.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Filter, Node, Test};
use crate::{Contents, Pointer};

/// How much of a text its key has, in bytes.
pub const KEY_TEXT_BYTES: usize = 128;

/// Most single keys that a filter asks for; more become the range from the first to the last.
const MAX_POINTS: usize = 64;

const NULL: u8 = 0x10;
const FALSE: u8 = 0x20;
const TRUE: u8 = 0x30;
const NUMBER: u8 = 0x40;
const TEXT: u8 = 0x50;
const ARRAY: u8 = 0x60;
const OBJECT: u8 = 0x70;

/// Keys that a filter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Each of these, in their order.
    Points(Vec<Vec<u8>>),
    /// From one to another, both included.
    Range(Vec<u8>, Vec<u8>),
}

impl Keys {
    /// All keys.
    pub fn all() -> Self {
        Self::Range(Vec::new(), vec![u8::MAX])
    }

    fn points(values: &[Value]) -> Self {
        let mut points: Vec<_> = values.iter().map(key).collect();
        points.sort_unstable();
        points.dedup();
        match (points.first(), points.last()) {
            (Some(first), Some(last)) if points.len() > MAX_POINTS => {
                Self::Range(first.clone(), last.clone())
            }
            _ => Self::Points(points),
        }
    }

    /// What both ask for, or more.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Range(from, to), Self::Range(other_from, other_to)) => {
                Self::Range(from.max(other_from), to.min(other_to))
            }
            (Self::Points(one), Self::Points(other)) if other.len() < one.len() => {
                Self::Points(other)
            }
            (points @ Self::Points(_), _) | (_, points) => points,
        }
    }
}

impl Pointer {
    /// The keys of contents at several paths: none where a path leads nowhere, nor of contents that
    /// no filter matches.
    pub fn keys(paths: &[&Self], contents: &Contents) -> Vec<Option<Vec<u8>>> {
        let value: Option<Value> = serde_json::from_str(contents.as_str()).ok();
        let found = |path: &Self| value.as_ref()?.pointer(path.as_str()).map(key);
        paths.iter().map(|path| found(path)).collect()
    }
}

impl Filter {
    /// The keys at a path of which all contents that match have one; none if it also matches contents
    /// that have nothing there, as far as can be told.
    pub fn keys_at(&self, path: &Pointer) -> Option<Keys> {
        self.0.keys_at(path.as_str())
    }
}

impl Node {
    fn keys_at(&self, asked: &str) -> Option<Keys> {
        match self {
            Self::Comparison { path, test } if path == asked => test.keys(),
            Self::All(nodes) => nodes
                .iter()
                .filter_map(|node| node.keys_at(asked))
                .reduce(Keys::and),
            _ => None,
        }
    }
}

impl Test {
    fn keys(&self) -> Option<Keys> {
        match self {
            Self::Equal(value) => Some(Keys::Points(vec![key(value)])),
            Self::In(values) => Some(Keys::points(values)),
            Self::Ordered(orders, value) => {
                let kind = match value {
                    Value::Number(_) => NUMBER,
                    _ => TEXT,
                };
                Some(match orders.contains(&Ordering::Less) {
                    true => Keys::Range(vec![kind], key(value)),
                    false => Keys::Range(key(value), vec![kind + 1]),
                })
            }
            Self::Exists(true) => Some(Keys::all()),
            Self::Exists(false) | Self::Unequal(_) | Self::Contains(_) => None,
        }
    }
}

fn key(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![NULL],
        Value::Bool(false) => vec![FALSE],
        Value::Bool(true) => vec![TRUE],
        Value::Number(number) => {
            let mut key = vec![NUMBER];
            key.extend(in_order(number.as_f64().unwrap_or_default()).to_be_bytes());
            key
        }
        Value::String(text) => {
            let mut key = vec![TEXT];
            key.extend(text.bytes().take(KEY_TEXT_BYTES));
            key
        }
        Value::Array(_) => vec![ARRAY],
        Value::Object(_) => vec![OBJECT],
    }
}

/// Bits that have the order of the numbers. Both zeros are one number.
fn in_order(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    match bits >> 63 {
        0 => bits | (1 << 63),
        _ => !bits,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Values that come close to each other.
    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let long = "x".repeat(KEY_TEXT_BYTES);
        prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|b| json!(b)),
            (-2_i64..3).prop_map(|n| json!(n)),
            (0_u64..4).prop_map(|n| json!(9_007_199_254_740_992 + n)),
            prop::sample::select(vec![-0.0, 0.5, -1.5, 1e300, 9_007_199_254_740_993.0])
                .prop_map(|n| json!(n)),
            Just(json!(i64::MIN)),
            Just(json!(u64::MAX)),
            "[aäz]{0,2}".prop_map(|text| json!(text)),
            "[aä]{0,1}".prop_map(move |end| json!(format!("{long}{end}"))),
            Just(json!([1])),
            Just(json!([1.0])),
            Just(json!({"b": 1})),
        ]
    }

    fn contents(at: &Value) -> Contents {
        Contents::parse(&json!({ "a": at }).to_string()).unwrap()
    }

    fn selects(keys: &Keys, key: &Vec<u8>) -> bool {
        match keys {
            Keys::Points(points) => points.contains(key),
            Keys::Range(from, to) => from <= key && key <= to,
        }
    }

    proptest! {
        #[test]
        fn what_matches_a_filter_has_a_key_that_it_asks_for(
            one in any_value(),
            other in any_value(),
            found in any_value(),
            operator in prop::sample::select(vec!["eq", "lt", "le", "gt", "ge", "in", "exists"]),
        ) {
            let value = match operator {
                "in" => json!([one, other]),
                "exists" => json!(true),
                _ => one,
            };
            let Ok(filter) = Filter::from_value(json!({"path": "/a", operator: value})) else {
                return Ok(());
            };
            let path = Pointer::parse("/a").unwrap();
            let keys = filter.keys_at(&path).unwrap();
            let key = Pointer::keys(&[&path], &contents(&found)).remove(0).unwrap();
            prop_assert!(!filter.matches(&contents(&found)) || selects(&keys, &key));
        }
    }

    #[test]
    fn keys_tell_apart_what_is_commonly_asked_for() {
        let path = Pointer::parse("/a").unwrap();
        let asks = |filter: Value, value: Value| {
            let keys = Filter::from_value(filter).unwrap().keys_at(&path).unwrap();
            selects(
                &keys,
                &Pointer::keys(&[&path], &contents(&value))
                    .remove(0)
                    .unwrap(),
            )
        };
        let between = json!({"all": [{"path": "/a", "gt": 1}, {"path": "/a", "lt": 5}, {"path": "/b", "eq": 1}]});
        assert!(asks(between.clone(), json!(2.5)));
        assert!(!asks(between.clone(), json!(5.5)));
        assert!(!asks(between.clone(), json!(0)));
        assert!(!asks(between, json!("2")));
        assert!(!asks(json!({"path": "/a", "gt": "b"}), json!("a")));
        assert!(!asks(json!({"path": "/a", "lt": "b"}), json!(7)));
        let many: Vec<u64> = (10..200).collect();
        assert!(!asks(json!({"path": "/a", "in": many}), json!(9)));
    }

    #[test]
    fn a_filter_that_matches_where_nothing_is_asks_for_no_keys() {
        let path = Pointer::parse("/a").unwrap();
        for filter in [
            json!({"path": "/a", "ne": 1}),
            json!({"path": "/a", "exists": false}),
            json!({"path": "/a", "contains": "x"}),
            json!({"path": "/b", "eq": 1}),
            json!({"not": {"path": "/a", "eq": 1}}),
            json!({"any": [{"path": "/a", "eq": 1}, {"path": "/b", "eq": 1}]}),
            json!({"all": []}),
        ] {
            let filter = Filter::from_value(filter).unwrap();
            assert_eq!(filter.keys_at(&path), None, "{filter}");
        }
    }
}
