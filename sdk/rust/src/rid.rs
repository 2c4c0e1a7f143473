//! RIDs, the names of knowledge.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result};

/// A RID: a type and a reference, such as `orn:glossary.term:bundle`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rid {
    text: String,
    /// Where the colon between type and reference stands.
    colon: usize,
}

impl Rid {
    /// The RID of a type (`orn:glossary.term`) and a reference (`bundle`).
    ///
    /// # Errors
    /// `invalid-input` if the two do not make a RID.
    pub fn new(rid_type: &str, reference: impl fmt::Display) -> Result<Self> {
        let rid = Self::parse(format!("{rid_type}:{reference}"))?;
        if rid.rid_type() == rid_type {
            Ok(rid)
        } else {
            Err(Error::invalid_input(format!(
                "`{rid_type}` is not a RID type"
            )))
        }
    }

    /// Takes a RID apart.
    ///
    /// # Errors
    /// `invalid-input` if it has no type or no reference.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let first = text.find(':').unwrap_or(0);
        let colon = match &text[..first] {
            "orn" | "urn" => text[first + 1..]
                .find(':')
                .filter(|at| *at > 0)
                .map(|at| first + 1 + at),
            "" => None,
            _ => Some(first),
        };
        match colon {
            Some(colon) if colon + 1 < text.len() => Ok(Self { text, colon }),
            _ => Err(Error::invalid_input(format!(
                "`{text}` is not a RID: it needs a type, a colon and a reference"
            ))),
        }
    }

    /// The whole RID.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type: `orn:glossary.term`.
    pub fn rid_type(&self) -> &str {
        &self.text[..self.colon]
    }

    /// What stands after the type: `bundle`.
    pub fn reference(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Rid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Rid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Rid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Rid {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rid".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a RID, such as `orn:data.dataset:sales`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rid_has_a_type_and_a_reference() {
        let rid = Rid::parse("orn:agent.personality:bob/1:2").unwrap();
        assert_eq!(
            (rid.rid_type(), rid.reference()),
            ("orn:agent.personality", "bob/1:2")
        );
        let rid = Rid::parse("https://example.com").unwrap();
        assert_eq!(
            (rid.rid_type(), rid.reference()),
            ("https", "//example.com")
        );
        assert_eq!(Rid::new("urn:isbn", 42).unwrap().as_str(), "urn:isbn:42");
    }

    #[test]
    fn what_lacks_a_part_is_no_rid() {
        for text in [
            "", ":", "orn", "orn:", "orn::x", "orn:a", "orn:a:", "https:", ":x",
        ] {
            assert!(Rid::parse(text).is_err(), "{text}");
        }
        assert!(Rid::new("orn", "a:b").is_err());
    }
}
