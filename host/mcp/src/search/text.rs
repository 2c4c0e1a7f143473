//! What of a tool's description is searched: the words of its name, title, description and
//! parameters, each counted by where it stands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::words::{Stems, words};

/// Where a word stands: name, title, description, parameters.
pub(super) const FIELDS: usize = 4;
const NAME: usize = 0;
const TITLE: usize = 1;
const DESCRIPTION: usize = 2;
const PARAMETERS: usize = 3;

/// Bytes of a title or a description that are looked at.
const MAX_TEXT_BYTES: usize = 4 << 10;
/// Different terms that are kept of one tool.
const MAX_TERMS: usize = 512;
/// Parameters of one tool that are looked at, those inside of others included.
const MAX_PARAMETERS: usize = 200;
/// Objects in objects that are looked into.
const MAX_DEPTH: usize = 5;

/// Before a word as it stands.
pub(super) const EXACT: char = '=';

/// A word as it stands, beside its stem: `quotes` is not quite `quote`.
pub(super) fn exact(word: &str) -> String {
    format!("{EXACT}{word}")
}

/// The counted words of one tool.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// How often a term stands in each field.
    pub(super) terms: BTreeMap<Box<str>, [u16; FIELDS]>,
    /// Words in each field.
    pub(super) lengths: [u32; FIELDS],
}

impl Text {
    pub(super) fn of(
        name: &str,
        title: Option<&str>,
        description: Option<&str>,
        input_schema: &Map<String, Value>,
        stems: &Stems,
    ) -> Self {
        let mut text = Self::default();
        text.add(NAME, name, stems);
        text.add(TITLE, title.unwrap_or_default(), stems);
        text.add(DESCRIPTION, description.unwrap_or_default(), stems);
        let mut left = MAX_PARAMETERS;
        text.add_parameters(input_schema, MAX_DEPTH, &mut left, stems);
        text
    }

    fn add(&mut self, field: usize, text: &str, stems: &Stems) {
        let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
        for word in words(text) {
            self.count(field, &stems.stem(&word));
            if field != PARAMETERS {
                self.count(field, &exact(&word));
            }
            self.lengths[field] += 1;
        }
    }

    fn count(&mut self, field: usize, term: &str) {
        if let Some(counts) = self.terms.get_mut(term) {
            counts[field] = counts[field].saturating_add(1);
        } else if self.terms.len() < MAX_TERMS {
            let mut counts = [0; FIELDS];
            counts[field] = 1;
            self.terms.insert(term.into(), counts);
        }
    }

    fn add_parameters(
        &mut self,
        schema: &Map<String, Value>,
        depth: usize,
        left: &mut usize,
        stems: &Stems,
    ) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if let Some(Value::Object(items)) = schema.get("items") {
            self.add_parameters(items, depth, left, stems);
        }
        let Some(Value::Object(parameters)) = schema.get("properties") else {
            return;
        };
        for (name, parameter) in parameters {
            let Some(fewer) = left.checked_sub(1) else {
                return;
            };
            *left = fewer;
            self.add(PARAMETERS, name, stems);
            let Value::Object(parameter) = parameter else {
                continue;
            };
            for member in ["title", "description"] {
                if let Some(Value::String(text)) = parameter.get(member) {
                    self.add(PARAMETERS, text, stems);
                }
            }
            self.add_parameters(parameter, depth, left, stems);
        }
    }
}
