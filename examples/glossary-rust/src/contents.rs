//! What is published under a term's RID: two versions of its contents, and the way from the first to the second.

use std::collections::BTreeSet;

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Glossary;

/// The schema of version 1.
pub const V1: &str = "glossary.term.v1";
/// The schema of version 2.
pub const V2: &str = "glossary.term.v2";

/// A term with one meaning. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "glossary.term.v1")]
pub struct TermV1 {
    #[schemars(length(min = 1, max = 200))]
    pub term: String,
    #[schemars(length(min = 1, max = 2000))]
    pub meaning: String,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A term with its meanings. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "glossary.term.v2")]
pub struct TermV2 {
    #[schemars(length(min = 1, max = 200))]
    pub term: String,
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 2000)))]
    pub meanings: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Vec<String>",
        length(max = 32),
        inner(length(min = 1, max = 200))
    )]
    pub tags: Option<Vec<String>>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A term as it travels on the network: of either version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "glossary.term")]
pub enum Term {
    V2(TermV2),
    V1(TermV1),
}

impl TermV2 {
    /// A term with these and no other members.
    pub fn new(term: String, meanings: Vec<String>, tags: Vec<String>) -> Self {
        Self {
            term,
            meanings,
            tags: Some(tags),
            other: Map::new(),
        }
    }

    /// Its tags, if it has any.
    pub fn tags(&self) -> &[String] {
        self.tags.as_deref().unwrap_or_default()
    }
}

impl From<TermV1> for TermV2 {
    fn from(earlier: TermV1) -> Self {
        Self::new(earlier.term, vec![earlier.meaning], Vec::new())
    }
}

impl Term {
    /// The term, as people write it.
    pub fn term(&self) -> &str {
        match self {
            Self::V1(term) => &term.term,
            Self::V2(term) => &term.term,
        }
    }

    /// Its meanings, of version 1 the only one.
    pub fn meanings(&self) -> &[String] {
        match self {
            Self::V1(term) => std::slice::from_ref(&term.meaning),
            Self::V2(term) => &term.meanings,
        }
    }

    /// Its meanings, to be changed.
    pub fn meanings_mut(&mut self) -> &mut [String] {
        match self {
            Self::V1(term) => std::slice::from_mut(&mut term.meaning),
            Self::V2(term) => &mut term.meanings,
        }
    }
}

impl Schemas for Glossary {
    fn validate(_: &str, contents: &Json) -> Result<()> {
        let term: Term = contents.to()?;
        let mut earlier = BTreeSet::new();
        match term
            .meanings()
            .iter()
            .find(|meaning| !earlier.insert(*meaning))
        {
            Some(meaning) => Err(Error::invalid_input(format!(
                "the meaning `{meaning}` stands there twice"
            ))),
            None => Ok(()),
        }
    }

    fn transform(_: &str, _: &str, contents: &Json) -> Result<Json> {
        Json::of(&TermV2::from(contents.to::<TermV1>()?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn validate(contents: &Value) -> Result<()> {
        Glossary::validate("glossary.term", &Json::of(contents).unwrap())
    }

    #[test]
    fn no_meaning_stands_there_twice() {
        validate(&json!({ "term": "a", "meanings": ["x", "y"] })).unwrap();
        validate(&json!({ "term": "a", "meaning": "x", "more": [1, 1] })).unwrap();
        let error = validate(&json!({ "term": "a", "meanings": ["x", "y", "z", "y", "x"] }));
        let expected = Error::invalid_input("the meaning `y` stands there twice");
        assert_eq!(error, Err(expected));
    }

    #[test]
    fn version_1_becomes_version_2() {
        let earlier = Json::of(&json!({ "term": "T", "meaning": "M" })).unwrap();
        let later = Glossary::transform(V1, V2, &earlier).unwrap();
        assert_eq!(later.as_str(), r#"{"term":"T","meanings":["M"],"tags":[]}"#);
    }

    #[test]
    fn contents_are_written_back_with_all_their_members() {
        for contents in [
            json!({ "term": "T", "meaning": "M", "source": { "page": 3 } }),
            json!({ "term": "T", "meanings": ["M"], "source": 1 }),
            json!({ "term": "T", "meanings": ["M"], "tags": ["a"] }),
        ] {
            let term: Term = serde_json::from_value(contents.clone()).unwrap();
            assert_eq!(json!(term), contents);
        }
    }

    #[test]
    fn what_travels_is_of_either_version() {
        let schema = json!(Schema::of::<Term>());
        assert_eq!(schema["name"], "glossary.term");
        assert_eq!(json!(Schema::of::<TermV1>())["name"], V1);
        assert_eq!(json!(Schema::of::<TermV2>())["name"], V2);
        let either = schema["schema"]["anyOf"].as_array().unwrap();
        assert_eq!(either[0]["required"], json!(["term", "meanings"]));
        assert_eq!(either[1]["required"], json!(["term", "meaning"]));
    }
}
