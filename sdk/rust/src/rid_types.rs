//! References of the RID types that the extension owns.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::rid_types::exports::koi::extension::rid_types::{Guest, ParsedReference};
use crate::{Error, Json, Result, Rid};

/// The reference of one RID type, taken apart: a struct whose members are its parts.
///
/// `parse` and `print` are each other's inverse on canonical references. `#[derive(Reference)]` makes it
/// [of a pattern](macro@crate::Reference); by hand it takes what a pattern cannot say.
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
    /// `invalid-input` if the parts print as nothing, or, of a derived one, as the reference of other parts.
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
            print: |parts| Ok(parts.to::<R>()?.rid()?.reference().to_owned()),
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

    #[derive(Debug, PartialEq, Serialize, Deserialize, koi_extension::Reference)]
    #[rid("orn:test.column:{table}/{column}#{version}!")]
    struct Column {
        table: String,
        column: String,
        version: u32,
    }

    fn column(table: &str, column: &str, version: u32) -> Column {
        let (table, column) = (table.into(), column.into());
        Column {
            table,
            column,
            version,
        }
    }

    #[test]
    fn a_derived_reference_has_the_form_of_its_pattern() {
        let rid = column("orders", "at#2", 3).rid();
        assert!(rid.is_err(), "at#2#3! is column `at` of version 2");
        let rid = column("orders", "at/2", 3).rid().unwrap();
        assert_eq!(rid.as_str(), "orn:test.column:orders/at/2#3!");
        assert_eq!(Column::try_from(&rid).unwrap(), column("orders", "at/2", 3));
        for reference in [
            "orders/at#3",
            "orders/at#x!",
            "orders/#3!",
            "/at#3!",
            "orders#3!",
        ] {
            let error = Column::parse(reference).unwrap_err();
            let expected = format!("`{reference}` is not table/column#version!");
            assert_eq!(error, Error::invalid_input(expected));
        }
        let other = Rid::parse("orn:test.table:orders/at#3!").unwrap();
        assert!(Column::try_from(&other).is_err());
    }

    #[test]
    fn parts_that_would_be_taken_apart_into_others_have_no_reference() {
        let references = References::new().with::<Column>();
        let print = references.entry(Column::RID_TYPE).unwrap().print;
        let parts = |value| Json::of(&column(value, "at", 1)).unwrap();
        assert_eq!(print(&parts("orders")).unwrap(), "orders/at#1!");
        for table in ["", "a/b"] {
            assert!(print(&parts(table)).is_err(), "{table}");
        }
    }

    #[test]
    fn a_malformed_reference_or_a_foreign_type_is_invalid_input() {
        for (rid_type, reference) in [(Versioned::RID_TYPE, "bob"), ("orn:test.other", "bob/1")] {
            let error = Fixture::parse_reference(rid_type.into(), reference.into()).unwrap_err();
            assert!(matches!(error.kind, wit::ErrorKind::InvalidInput));
        }
    }
}
