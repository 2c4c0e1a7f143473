//! References of the RID types that the extension owns.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::rid_types::exports::koi::extension::rid_types::{Guest, ParsedReference};
use crate::{Error, Json, Result, Rid};

/// The reference of one RID type, taken apart: a struct whose members are its parts.
///
/// `parse` and `print` are each other's inverse on canonical references.
pub trait Reference: Serialize + DeserializeOwned {
    /// The RID type that it belongs to: `orn:data.dataset`.
    const RID_TYPE: &'static str;

    /// Takes a reference apart.
    ///
    /// # Errors
    /// `invalid-input` if it is malformed.
    fn parse(reference: &str) -> Result<Self>;

    /// The canonical reference of the parts.
    fn print(&self) -> String;

    /// The RID of the parts.
    ///
    /// # Errors
    /// `invalid-input` if the parts print as nothing.
    fn rid(&self) -> Result<Rid> {
        Rid::new(Self::RID_TYPE, self.print())
    }

    /// The parts of a RID.
    ///
    /// # Errors
    /// `invalid-input` if it is of another type or its reference is malformed.
    fn of(rid: &Rid) -> Result<Self> {
        if rid.rid_type() == Self::RID_TYPE {
            Self::parse(rid.reference())
        } else {
            Err(Error::invalid_input(format!(
                "{rid} is not of type {}",
                Self::RID_TYPE
            )))
        }
    }
}

/// Parses and prints references; called in the RID phase for the RID types that the description
/// marks as [parsed](crate::RidType::parsed).
pub trait RidTypes {
    /// The references that the extension knows.
    fn references() -> References;
}

/// A set of [`Reference`] types, one for each RID type.
#[derive(Default)]
pub struct References(Vec<Entry>);

struct Entry {
    rid_type: &'static str,
    parse: fn(&str) -> Result<ParsedReference>,
    print: fn(&Json) -> Result<String>,
}

impl References {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the references of one RID type.
    pub fn with<R: Reference>(mut self) -> Self {
        self.0.push(Entry {
            rid_type: R::RID_TYPE,
            parse: |reference| {
                let parts = R::parse(reference)?;
                Ok(ParsedReference {
                    canonical: parts.print(),
                    parts: Json::of(&parts)?.into_string(),
                })
            },
            print: |parts| Ok(parts.to::<R>()?.print()),
        });
        self
    }

    fn entry(&self, rid_type: &str) -> Result<&Entry> {
        self.0
            .iter()
            .find(|entry| entry.rid_type == rid_type)
            .ok_or_else(|| {
                Error::invalid_input(format!(
                    "this extension does not know references of `{rid_type}`"
                ))
            })
    }
}

impl<T: RidTypes> Guest for T {
    fn parse_reference(rid_type: String, reference: String) -> Result<ParsedReference, wit::Error> {
        let references = T::references();
        Ok((references.entry(&rid_type)?.parse)(&reference)?)
    }

    fn print_reference(rid_type: String, parts: String) -> Result<String, wit::Error> {
        let references = T::references();
        Ok((references.entry(&rid_type)?.print)(&Json::trusted(parts))?)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Versioned {
        name: String,
        version: String,
    }

    impl Reference for Versioned {
        const RID_TYPE: &'static str = "orn:test.versioned";

        fn parse(reference: &str) -> Result<Self> {
            let (name, version) = reference
                .split_once('/')
                .ok_or_else(|| Error::invalid_input("a reference is <name>/<version>"))?;
            Ok(Self {
                name: name.to_lowercase(),
                version: version.into(),
            })
        }

        fn print(&self) -> String {
            format!("{}/{}", self.name, self.version)
        }
    }

    struct Fixture;

    impl RidTypes for Fixture {
        fn references() -> References {
            References::new().with::<Versioned>()
        }
    }

    #[test]
    fn a_reference_is_taken_apart_and_put_together() {
        let parsed = Fixture::parse_reference(Versioned::RID_TYPE.into(), "Bob/1".into()).unwrap();
        assert_eq!(parsed.canonical, "bob/1");
        assert_eq!(parsed.parts, r#"{"name":"bob","version":"1"}"#);
        let printed = Fixture::print_reference(Versioned::RID_TYPE.into(), parsed.parts);
        assert_eq!(printed.unwrap(), "bob/1");
    }

    #[test]
    fn a_malformed_reference_or_a_foreign_type_is_invalid_input() {
        for (rid_type, reference) in [(Versioned::RID_TYPE, "bob"), ("orn:test.other", "bob/1")] {
            let error = Fixture::parse_reference(rid_type.into(), reference.into()).unwrap_err();
            assert!(matches!(error.kind, wit::ErrorKind::InvalidInput));
        }
    }
}
