//! Filters as the text that they are read from.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Value, json};

use super::{Filter, Node, Test};

/// JSON that [`Filter::parse`] reads as the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value().fmt(f)
    }
}

impl Node {
    fn value(&self) -> Value {
        let all = |nodes: &[Self]| nodes.iter().map(Self::value).collect::<Value>();
        match self {
            Self::All(nodes) => json!({ "all": all(nodes) }),
            Self::Any(nodes) => json!({ "any": all(nodes) }),
            Self::Not(node) => json!({ "not": node.value() }),
            Self::Comparison { path, test } => {
                let (operator, value) = test.value();
                json!({ "path": path, operator: value })
            }
        }
    }
}

impl Test {
    fn value(&self) -> (&'static str, Value) {
        match self {
            Self::Equal(value) => ("eq", value.clone()),
            Self::Unequal(value) => ("ne", value.clone()),
            Self::Ordered(orders, value) => {
                let operator = match (orders.first(), orders.len()) {
                    (Some(Ordering::Less), 1) => "lt",
                    (Some(Ordering::Less), _) => "le",
                    (_, 1) => "gt",
                    _ => "ge",
                };
                (operator, value.clone())
            }
            Self::In(values) => ("in", values.clone().into()),
            Self::Contains(value) => ("contains", value.clone()),
            Self::Exists(wanted) => ("exists", (*wanted).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_printed_as_it_is_read() {
        for operator in ["eq", "ne", "lt", "le", "gt", "ge", "contains"] {
            let filter = json!({ "path": "/a", operator: 1.5 });
            let filter = Filter::from_value(filter).unwrap();
            assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
        let text =
            r#"{"any":[{"all":[{"in":[1,"b"],"path":"/a"}]},{"not":{"exists":true,"path":""}}]}"#;
        assert_eq!(Filter::parse(text).unwrap().to_string(), text);
    }
}
