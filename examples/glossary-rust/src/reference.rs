//! References of terms: `koi/event`.

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Glossary;
use crate::name::Name;

/// Which term of which vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Reference)]
#[rid("orn:glossary.term:{vocabulary}/{name}")]
pub struct TermReference {
    pub vocabulary: Name,
    pub name: Name,
}

impl TermReference {
    /// The reference of a term, both as people write them.
    ///
    /// # Errors
    /// `invalid-input` if one of them cannot be a name.
    pub fn to_term(vocabulary: &str, term: &str) -> Result<Self> {
        Ok(Self {
            vocabulary: Name::of(vocabulary)?,
            name: Name::of(term)?,
        })
    }

    /// What to say if nothing is stored under it.
    pub fn missing(&self) -> Error {
        let Self { vocabulary, name } = self;
        Error::invalid_input(format!("there is no `{name}` in `{vocabulary}`"))
    }
}

impl RidTypes for Glossary {
    fn references() -> References {
        References::new().with::<TermReference>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_vocabulary_and_a_name() {
        let event = TermReference::to_term("KOI", "Event").unwrap();
        let rid = event.rid().unwrap();
        assert_eq!(rid.as_str(), "orn:glossary.term:koi/event");
        assert_eq!(TermReference::try_from(&rid).unwrap(), event);
        let parts = Json::of(&event).unwrap();
        assert_eq!(parts.as_str(), r#"{"vocabulary":"koi","name":"event"}"#);
    }

    #[test]
    fn anything_else_is_refused() {
        for reference in ["koi", "Koi/event", "koi/event/1", "koi/a--b", "koi/", "/a"] {
            let error = TermReference::parse(reference).unwrap_err();
            let expected = format!("`{reference}` is not vocabulary/name");
            assert_eq!(error, Error::invalid_input(expected));
        }
        let parts = Json::parse(r#"{"vocabulary":"koi","name":"a/b"}"#).unwrap();
        assert!(parts.to::<TermReference>().is_err());
    }
}
