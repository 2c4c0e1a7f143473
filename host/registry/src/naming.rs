//! What a component is installed as.
//!
//! An extension says its own name. A plain component can only have one that was put into it, or that of
//! the package whose interfaces it exports; without either it is called after where it came from. What its
//! operator says goes before all of that.

use serde_json::{Map, Value};

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// How a component is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Naming {
    /// As it says itself.
    #[default]
    Own,
    /// As it says itself; one that says nothing, after the file or repository that it came from, such as
    /// `dir/get-time.wasm` or `host/get-time:1.0@sha256:…`.
    After(String),
    /// So. One that says another name by its contract is refused.
    Given(String),
}

/// Why a component cannot be called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingError {
    /// It has a name of its own.
    #[error("the extension calls itself `{own}`, and not `{given}`: leave `--name` out")]
    Other {
        /// Its own name.
        own: String,
        /// The one that was given.
        given: String,
    },
    /// Nothing says its name.
    #[error(
        "the component says no name of itself: say what to call it (`install` takes `--name NAME`)"
    )]
    None,
}

impl Naming {
    /// # Errors
    /// If an extension that calls itself `own` is to be called otherwise.
    pub(crate) fn check(&self, own: &str) -> Result<(), NamingError> {
        match self {
            Self::Given(given) if given != own => Err(NamingError::Other {
                own: own.to_owned(),
                given: given.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The description of a plain component, with its name put in.
    ///
    /// # Errors
    /// If nothing says its name.
    pub(crate) fn put_into(&self, description: &str) -> Result<String, NamingError> {
        let mut description: Map<String, Value> =
            serde_json::from_str(description).unwrap_or_default();
        let own = || sanitised(description.get("name")?.as_str()?);
        let name = match self {
            Self::Given(name) => Some(name.clone()),
            Self::After(source) => own().or_else(|| sanitised(stem(source))),
            Self::Own => own(),
        };
        let name = name.ok_or(NamingError::None)?;
        description.insert("name".to_owned(), Value::from(name));
        Ok(Value::Object(description).to_string())
    }
}

/// What a file or a repository is called: without folders, tag, digest and the end of a component's file.
fn stem(source: &str) -> &str {
    let source = source.split('@').next().unwrap_or_default();
    let last = source.rsplit('/').next().unwrap_or_default();
    let name = last.split(':').next().unwrap_or_default();
    name.strip_suffix(".wasm").unwrap_or(name)
}

/// A text as a name; none if nothing of it can be in one.
fn sanitised(text: &str) -> Option<String> {
    let mut name = String::new();
    for char in text.chars().map(|char| char.to_ascii_lowercase()) {
        match char {
            'a'..='z' => name.push(char),
            '0'..='9' if !name.is_empty() => name.push(char),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == MAX_NAME_BYTES {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(naming: &Naming, own: &str) -> Result<String, NamingError> {
        let named: Value = serde_json::from_str(&naming.put_into(own)?).unwrap();
        Ok(named["name"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_component_without_a_name_is_called_after_its_file_or_repository() {
        let after = |source: &str| named(&Naming::After(source.to_owned()), "{}").unwrap();
        assert_eq!(
            after("target/wasm32-wasip2/release/get_time.wasm"),
            "get-time"
        );
        assert_eq!(after("1. Fetch (new).wasm"), "fetch-new");
        assert_eq!(
            after("ghcr.io/time-makers/time-server:1.0@sha256:00"),
            "time-server"
        );
        assert_eq!(after("localhost:5000/time-server"), "time-server");
        let nothing = named(&Naming::After("8.wasm".to_owned()), "{}");
        assert_eq!(nothing, Err(NamingError::None));
    }

    #[test]
    fn its_own_name_goes_before_that_and_the_operators_before_all() {
        let own = r#"{"name": "Adder"}"#;
        let named = |naming: Naming| named(&naming, own).unwrap();
        assert_eq!(named(Naming::Own), "adder");
        assert_eq!(named(Naming::After("x.wasm".to_owned())), "adder");
        assert_eq!(named(Naming::Given("sums".to_owned())), "sums");
    }

    #[test]
    fn an_extension_is_only_called_as_it_calls_itself() {
        let given = Naming::Given("a".to_owned());
        assert_eq!(given.check("a"), Ok(()));
        assert!(
            given
                .check("b")
                .unwrap_err()
                .to_string()
                .contains("`--name`")
        );
        assert_eq!(Naming::After("a.wasm".to_owned()).check("b"), Ok(()));
    }
}
