//! What a callable trait of this node's own does, as its value says. No code comes with a
//! personality, so that there are only a few things: text with gaps, arithmetic, and saying what it
//! is.

use koi_extension::prelude::*;
use serde_json::{Map, Value, json};

use crate::expression::Expression;
use crate::template::Template;

/// What a callable trait does.
#[derive(Debug, PartialEq)]
pub enum Behaviour {
    /// `{"kind": "template", "template": "Hello {who}"}`: the text, its gaps filled with arguments.
    Template(Template),
    /// `{"kind": "expression", "expression": "a * b + 1"}`: the number that the arguments make.
    Expression(Expression),
    /// Anything else: the value and the arguments as they are.
    Value(Value),
}

impl Behaviour {
    /// The behaviour of a trait with this value.
    ///
    /// # Errors
    /// `invalid-input` if the value is of a known kind, but what belongs to it is missing or
    /// malformed.
    pub fn of(value: &Value) -> Result<Self> {
        let text = |kind: &str| {
            value[kind].as_str().ok_or_else(|| {
                Error::invalid_input(format!(
                    "a value of the kind `{kind}` needs a text in the member `{kind}`"
                ))
            })
        };
        match value["kind"].as_str() {
            Some(kind @ "template") => Template::parse(text(kind)?).map(Self::Template),
            Some(kind @ "expression") => Expression::parse(text(kind)?).map(Self::Expression),
            _ => Ok(Self::Value(value.clone())),
        }
    }

    /// Calls the trait.
    ///
    /// # Errors
    /// `invalid-input` if arguments are missing, are of the wrong type or lead to no result.
    pub fn call(&self, arguments: &Map<String, Value>) -> Result<Value> {
        Ok(match self {
            Self::Template(template) => json!({ "result": template.fill(arguments)? }),
            Self::Expression(expression) => json!({ "result": expression.value(arguments)? }),
            Self::Value(value) => json!({ "value": value, "arguments": arguments }),
        })
    }

    /// The schema of the arguments, where the behaviour tells it.
    pub fn input_schema(&self) -> Option<Value> {
        let (names, schema) = match self {
            Self::Template(template) => (template.gaps(), json!({})),
            Self::Expression(expression) => (expression.names(), json!({ "type": "number" })),
            Self::Value(_) => return None,
        };
        let properties: Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), schema.clone()))
            .collect();
        Some(json!({ "type": "object", "properties": properties, "required": names }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(value: &Value, arguments: Value) -> Result<Value> {
        Behaviour::of(value)?.call(arguments.as_object().unwrap())
    }

    #[test]
    fn a_trait_fills_text_works_out_numbers_or_says_what_it_is() {
        for (value, arguments, result) in [
            (
                json!({ "kind": "template", "template": "Hello {who}" }),
                json!({ "who": "Bob" }),
                json!({ "result": "Hello Bob" }),
            ),
            (
                json!({ "kind": "expression", "expression": "a*b+1" }),
                json!({ "a": 4, "b": 2.5 }),
                json!({ "result": 11 }),
            ),
            (
                json!(["ai"]),
                json!({ "why": "?" }),
                json!({ "value": ["ai"], "arguments": { "why": "?" } }),
            ),
        ] {
            assert_eq!(call(&value, arguments).unwrap(), result);
        }
    }

    #[test]
    fn a_kind_without_what_belongs_to_it_is_invalid_input() {
        for value in [
            json!({ "kind": "template" }),
            json!({ "kind": "expression", "expression": 3 }),
            json!({ "kind": "template", "template": "{" }),
        ] {
            let error = Behaviour::of(&value).unwrap_err();
            assert_eq!(
                error.kind,
                koi_extension::ErrorKind::InvalidInput,
                "{value}"
            );
        }
    }

    #[test]
    fn gaps_and_names_are_the_arguments() {
        let schema = |value| Behaviour::of(&value).unwrap().input_schema();
        assert_eq!(
            schema(json!({ "kind": "expression", "expression": "b*a+a" })),
            Some(json!({
                "type": "object",
                "properties": { "a": { "type": "number" }, "b": { "type": "number" } },
                "required": ["a", "b"]
            }))
        );
        assert_eq!(
            schema(json!({ "kind": "template", "template": "{who}" })),
            Some(json!({ "type": "object", "properties": { "who": {} }, "required": ["who"] }))
        );
        assert_eq!(schema(json!("kind")), None);
    }
}
