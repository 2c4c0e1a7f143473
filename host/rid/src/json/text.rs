//! A JSON value kept as the text that arrived.

use std::sync::Arc;

use super::document::Form;
use super::{Document, FloatStyle, JsonError, Value};

/// The text of one valid JSON value. Clones share it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text {
    text: Arc<str>,
    form: Form,
}

impl Text {
    /// Validates a text. Space around the value is not kept.
    pub fn parse(text: &str) -> Result<Text, JsonError> {
        Ok(Text::from_value(Document::parse(text)?.root()))
    }

    /// Copies a value out of a document.
    pub fn from_value(value: Value<'_, '_>) -> Text {
        Text {
            text: value.text().into(),
            form: value.node().form,
        }
    }

    /// The text as it arrived.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends the canonical text: a plain copy where the text already is canonical.
    pub fn write_canonical(&self, style: FloatStyle, out: &mut String) {
        if self.form.is_canonical(style) {
            return out.push_str(&self.text);
        }
        // The text was validated when it was made, so the error cannot be.
        if let Ok(document) = Document::parse(&self.text) {
            document.root().write_canonical(style, out);
        }
    }

    pub(crate) fn is_beyond_double(&self) -> bool {
        self.form.is_beyond_double()
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
