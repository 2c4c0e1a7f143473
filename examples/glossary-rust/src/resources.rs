//! Vocabularies as resources.

use std::collections::BTreeMap;
use std::fmt::Write;

use koi_extension::no_resource;
use koi_extension::prelude::*;

use crate::contents::Term;
use crate::reference::TermReference;
use crate::{Glossary, TERM};

const VOCABULARIES: &str = "glossary:vocabularies";
const VOCABULARY: &str = "glossary:vocabulary/";

impl Resources for Glossary {
    fn list_resources() -> Result<ResourceList> {
        let vocabularies = Resource::new(VOCABULARIES, "vocabularies")
            .description("The vocabularies, with how many terms each has")
            .mime_type("application/json");
        let vocabulary = ResourceTemplate::new(format!("{VOCABULARY}{{vocabulary}}"), "vocabulary")
            .description("All terms of a vocabulary")
            .mime_type("text/markdown");
        Ok(ResourceList {
            resources: vec![vocabularies],
            templates: vec![vocabulary],
        })
    }

    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>> {
        let contents = match uri.strip_prefix(VOCABULARY) {
            Some(vocabulary) => ResourceContents::text(uri, "text/markdown", listed(vocabulary)?),
            None if uri == VOCABULARIES => ResourceContents::json(uri, &counted()?)?,
            None => return Err(no_resource(uri)),
        };
        Ok(vec![contents])
    }
}

/// How many terms each vocabulary has.
fn counted() -> Result<BTreeMap<String, u64>> {
    let mut vocabularies = BTreeMap::new();
    for bundle in knowledge::all(TERM) {
        let vocabulary = TermReference::try_from(&bundle?.rid)?.vocabulary;
        *vocabularies.entry(vocabulary.to_string()).or_default() += 1;
    }
    Ok(vocabularies)
}

/// The terms of a vocabulary as Markdown.
fn listed(vocabulary: &str) -> Result<String> {
    let mut terms = String::new();
    // In the order of their RIDs, which is that of their names.
    for bundle in knowledge::all(TERM) {
        let bundle = bundle?;
        if TermReference::try_from(&bundle.rid)?.vocabulary.as_str() == vocabulary {
            let term: Term = bundle.contents_as()?;
            let (term, meanings) = (term.term(), term.meanings().join("; "));
            // Writing to a text cannot fail.
            let _ = write!(terms, "\n**{term}**: {meanings}\n");
        }
    }
    match terms.is_empty() {
        true => Err(Error::invalid_input(format!(
            "there is no vocabulary `{vocabulary}`"
        ))),
        false => Ok(format!("# {vocabulary}\n{terms}")),
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::json;

    use super::*;

    fn text(uri: &str) -> Result<ResourceContents> {
        let mut contents = Glossary::read_resource(uri)?;
        assert_eq!(contents.len(), 1);
        Ok(contents.remove(0))
    }

    #[test]
    fn vocabularies_are_counted_and_their_terms_listed() {
        let node = Node::fresh();
        let empty = ResourceContents::text(VOCABULARIES, "application/json", "{}");
        assert_eq!(text(VOCABULARIES), Ok(empty));
        for (reference, contents) in [
            ("sales/lead", json!({ "term": "Lead", "meaning": "L" })),
            ("koi/node", json!({ "term": "Node", "meaning": "N" })),
            (
                "koi/event",
                json!({ "term": "Event", "meanings": ["A", "B"] }),
            ),
        ] {
            node.store(&Rid::new(TERM, reference).unwrap(), &contents);
        }
        let two = r#"{"koi":2,"sales":1}"#;
        let expected = ResourceContents::text(VOCABULARIES, "application/json", two);
        assert_eq!(text(VOCABULARIES), Ok(expected));
        let uri = "glossary:vocabulary/koi";
        let terms = "# koi\n\n**Event**: A; B\n\n**Node**: N\n";
        let expected = ResourceContents::text(uri, "text/markdown", terms);
        assert_eq!(text(uri), Ok(expected));
    }

    #[test]
    fn where_there_is_nothing_one_is_told_so() {
        Node::fresh();
        let error = text("glossary:vocabulary/koi");
        let expected = Error::invalid_input("there is no vocabulary `koi`");
        assert_eq!(error, Err(expected));
        assert_eq!(text("glossary:x"), Err(no_resource("glossary:x")));
    }
}
