//! Terms on their way into the node and on to others.

use koi_extension::prelude::*;

use crate::Glossary;
use crate::contents::Term;
use crate::name::Name;
use crate::reference::TermReference;

impl Handlers for Glossary {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        match object.phase {
            Phase::Rid => stays_private(&object),
            Phase::Bundle => trimmed(&object),
            Phase::Network => drafts_stay(&object),
            _ => Ok(Outcome::Unchanged),
        }
    }
}

fn stays_private(object: &KnowledgeObject) -> Result<Outcome> {
    let reference = TermReference::try_from(&object.rid)?;
    Ok(match reference.vocabulary.as_str() {
        "private" => Outcome::stop("the vocabulary `private` stays where it is"),
        _ => Outcome::Unchanged,
    })
}

fn trimmed(object: &KnowledgeObject) -> Result<Outcome> {
    let mut term: Term = object.contents_as()?;
    if Name::of(term.term())? != TermReference::try_from(&object.rid)?.name {
        let (rid, term) = (&object.rid, term.term());
        let message = format!("{rid} names another term than `{term}`");
        return Err(Error::permanent(message));
    }
    let mut changed = false;
    for meaning in term.meanings_mut() {
        let trimmed = meaning.trim_matches(' ');
        if trimmed.len() < meaning.len() {
            *meaning = trimmed.to_owned();
            changed = true;
        }
    }
    match changed {
        true => Ok(Replacement::contents(&term)?.into()),
        false => Ok(Outcome::Unchanged),
    }
}

fn drafts_stay(object: &KnowledgeObject) -> Result<Outcome> {
    // Of what was forgotten there are no contents.
    let Some(contents) = &object.contents else {
        return Ok(Outcome::Unchanged);
    };
    Ok(match contents.to::<Term>()? {
        Term::V2(term) if term.tags().iter().any(|tag| tag == "draft") => {
            Replacement::network_targets([]).into()
        }
        _ => Outcome::Unchanged,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn handle(phase: Phase, rid: &str, contents: &Value) -> Result<Outcome> {
        let mut object = KnowledgeObject::new(Rid::parse(rid).unwrap(), phase);
        object.contents = Some(Json::of(contents).unwrap());
        object.network_targets = vec![Rid::parse("orn:koi-net.node:other+1").unwrap()];
        Glossary::handle(object)
    }

    #[test]
    fn the_private_vocabulary_stays_where_it_is() {
        let handle = |rid| handle(Phase::Rid, rid, &json!({})).unwrap();
        assert_eq!(handle("orn:glossary.term:koi/a"), Outcome::Unchanged);
        let stopped = Outcome::stop("the vocabulary `private` stays where it is");
        assert_eq!(handle("orn:glossary.term:private/a"), stopped);
    }

    #[test]
    fn a_rid_names_the_term_of_its_contents() {
        let handle = |term: &str| {
            let contents = json!({ "term": term, "meaning": "M" });
            handle(Phase::Bundle, "orn:glossary.term:koi/my-event", &contents)
        };
        assert_eq!(handle("My Event"), Ok(Outcome::Unchanged));
        let other = "orn:glossary.term:koi/my-event names another term than `Event`";
        assert_eq!(handle("Event"), Err(Error::permanent(other)));
        assert_eq!(handle("Ä"), Err(Name::of("Ä").unwrap_err()));
    }

    #[test]
    fn meanings_lose_the_spaces_around_them() {
        for (contents, expected) in [
            (
                json!({ "term": "a", "meaning": " M ", "n": 1 }),
                json!({ "term": "a", "meaning": "M", "n": 1 }),
            ),
            (
                json!({ "term": "a", "meanings": ["x", "y  "] }),
                json!({ "term": "a", "meanings": ["x", "y"] }),
            ),
        ] {
            let outcome = handle(Phase::Bundle, "orn:glossary.term:koi/a", &contents);
            let Ok(Outcome::Replace(replacement)) = outcome else {
                panic!("{outcome:?}");
            };
            let replaced: Value = replacement.contents.unwrap().to().unwrap();
            assert_eq!(replaced, expected);
        }
        let tabs = json!({ "term": "a", "meaning": "\tM\n" });
        let outcome = handle(Phase::Bundle, "orn:glossary.term:koi/a", &tabs);
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }

    #[test]
    fn nobody_is_told_of_drafts() {
        let handle = |contents| handle(Phase::Network, "orn:glossary.term:koi/a", &contents);
        let draft = json!({ "term": "a", "meanings": ["x"], "tags": ["new", "draft"] });
        let nobody = Replacement::network_targets([]).into();
        assert_eq!(handle(draft), Ok(nobody));
        for other in [
            json!({ "term": "a", "meanings": ["x"], "tags": ["drafts"] }),
            json!({ "term": "a", "meanings": ["x"] }),
            json!({ "term": "a", "meaning": "x", "tags": ["draft"] }),
        ] {
            assert_eq!(handle(other), Ok(Outcome::Unchanged));
        }
    }

    #[test]
    fn what_is_forgotten_has_no_contents_to_look_at() {
        let rid = Rid::parse("orn:glossary.term:koi/a").unwrap();
        let outcome = Glossary::handle(KnowledgeObject::new(rid, Phase::Network));
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}
