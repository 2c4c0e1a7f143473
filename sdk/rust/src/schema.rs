//! JSON Schemas of types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use serde::Serialize;
use serde_json::Value;

/// A named schema of contents, as the description lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schema {
    pub(crate) name: String,
    schema: Value,
    validates: bool,
}

impl Schema {
    /// The schema of a type. Its name is the type's in lower case with hyphens: `DatasetMetadata`
    /// becomes `dataset-metadata`; `#[schemars(rename = "…")]` changes it: `glossary.term.v1`.
    pub fn of<T: JsonSchema>() -> Self {
        Self::new(kebab_case(&T::schema_name()), schema_of::<T>())
    }

    /// A schema with a name, as JSON Schema 2020-12.
    pub fn new(name: impl Into<String>, schema: Value) -> Self {
        Self {
            name: name.into(),
            schema,
            validates: false,
        }
    }

    /// The extension's [`Schemas`](crate::Schemas) check contents further.
    pub fn validated(mut self) -> Self {
        self.validates = true;
        self
    }
}

/// The JSON Schema of a type, without references wherever that can be: some clients of language
/// models do not follow them.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    without_widths(&mut schema);
    schema.to_value()
}

/// Takes away the formats of numbers (`uint32`, `double`): JSON Schema has none, and some clients of language models
/// refuse formats that they do not know. Bounds say the same.
fn without_widths(schema: &mut schemars::Schema) {
    let is_number = |name: &Value| name == "integer" || name == "number";
    let number = schema.get("type").is_some_and(|name| match name {
        Value::Array(names) => names.iter().any(is_number),
        name => is_number(name),
    });
    if number {
        schema.remove("format");
    }
    transform_subschemas(&mut without_widths, schema);
}

fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && after_lower {
                kebab.push('-');
            }
            kebab.push(c.to_ascii_lowercase());
        } else if ".:/".contains(c) {
            kebab.push(c);
        } else if !kebab.is_empty() && !kebab.ends_with('-') {
            kebab.push('-');
        }
        after_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_named_after_its_type() {
        assert_eq!(kebab_case("DatasetMetadata"), "dataset-metadata");
        assert_eq!(kebab_case("term_v2"), "term-v2");
        assert_eq!(kebab_case("RID"), "rid");
        assert_eq!(kebab_case("glossary.term.v1"), "glossary.term.v1");
    }
}
