//! Text with gaps: `Hello {who}`. A brace that is meant stands twice.

use std::collections::BTreeSet;

use koi_extension::{Error, Result};
use serde_json::{Map, Value};

/// Most bytes of a template.
const MAX_TEMPLATE_BYTES: usize = 16 << 10;
/// Most bytes of a filled template.
const MAX_TEXT_BYTES: usize = 256 << 10;

/// A text with gaps.
#[derive(Debug, PartialEq)]
pub struct Template(Vec<Part>);

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Gap(String),
}

impl Template {
    /// Takes a template apart.
    ///
    /// # Errors
    /// `invalid-input` if it is too long, or a brace has no other one.
    pub fn parse(template: &str) -> Result<Self> {
        if template.len() > MAX_TEMPLATE_BYTES {
            return Err(Error::invalid_input(format!(
                "the template is longer than {MAX_TEMPLATE_BYTES} bytes"
            )));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(brace) = rest.find(['{', '}']) {
            text.push_str(&rest[..brace]);
            rest = &rest[brace..];
            if let Some(after) = rest.strip_prefix("{{") {
                text.push('{');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("}}") {
                text.push('}');
                rest = after;
            } else {
                let (name, after) = gap(rest)?;
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Gap(name.to_owned()));
                rest = after;
            }
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        Ok(Self(parts))
    }

    /// The text with its gaps filled: texts as they are, other arguments as JSON.
    ///
    /// # Errors
    /// `invalid-input` if an argument is missing or the text gets too long.
    pub fn fill(&self, arguments: &Map<String, Value>) -> Result<String> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Gap(name) => match arguments.get(name) {
                    Some(Value::String(text)) => filled.push_str(text),
                    Some(other) => filled.push_str(&other.to_string()),
                    None => {
                        return Err(Error::invalid_input(format!(
                            "the argument `{name}` is missing"
                        )));
                    }
                },
            }
            if filled.len() > MAX_TEXT_BYTES {
                return Err(Error::invalid_input(format!(
                    "the arguments make a text of more than {MAX_TEXT_BYTES} bytes"
                )));
            }
        }
        Ok(filled)
    }

    /// The names of the gaps.
    pub fn gaps(&self) -> BTreeSet<&str> {
        let gaps = self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Gap(name) => Some(name.as_str()),
        });
        gaps.collect()
    }
}

/// The name in the gap at the beginning, and what comes after it.
fn gap(text: &str) -> Result<(&str, &str)> {
    text.strip_prefix('{')
        .and_then(|text| text.split_once('}'))
        .filter(|(name, _)| !name.trim().is_empty() && !name.contains('{'))
        .map(|(name, after)| (name.trim(), after))
        .ok_or_else(|| {
            Error::invalid_input(
                "a brace of the template stands alone: a gap is `{name}`, a brace itself `{{` or \
                 `}}`",
            )
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: &str, arguments: Value) -> Result<String> {
        Template::parse(template)?.fill(arguments.as_object().unwrap())
    }

    #[test]
    fn gaps_are_filled_and_doubled_braces_stay() {
        let arguments = json!({ "who": "Bob {x}", "n": 2, "list": [1, "a"] });
        assert_eq!(
            fill("{{{who}}} has { n } of {list}é", arguments).unwrap(),
            r#"{Bob {x}} has 2 of [1,"a"]é"#
        );
        assert_eq!(fill("", json!({})).unwrap(), "");
    }

    #[test]
    fn lonely_braces_missing_arguments_and_endless_text_are_refused() {
        for template in ["{", "}", "a}b", "{a", "{}", "{ }", "{a{b}}", "{missing}"] {
            assert!(fill(template, json!({ "a": 1 })).is_err(), "{template}");
        }
        assert!(fill(&"x".repeat(MAX_TEMPLATE_BYTES + 1), json!({})).is_err());
        assert!(
            fill(
                &"{a}".repeat(100),
                json!({ "a": "x".repeat(MAX_TEXT_BYTES / 50) })
            )
            .is_err()
        );
    }
}
