//! JSON as the text that crosses the border.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// A JSON document as text, in the member order and number spelling with which it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Takes text that is known to be JSON: the host only passes such.
    pub(crate) fn trusted(text: String) -> Self {
        Self(text)
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// `permanent` if the value has no JSON form, such as a map whose keys are not text.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        serde_json::to_string(value)
            .map(Self)
            .map_err(|error| Error::permanent(format!("a value has no JSON form: {error}")))
    }

    /// Takes text as JSON.
    ///
    /// # Errors
    /// `invalid-input` if it is none.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(Error::invalid_input(format!(
                "the text is not JSON: {error}"
            ))),
        }
    }

    /// The document as a value.
    ///
    /// # Errors
    /// `invalid-input` if it does not have the form of `T`.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.0).map_err(|error| {
            Error::invalid_input(format!("not the expected {}: {error}", short_name::<T>()))
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A type's name without its path, for messages.
fn short_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    if name.contains('<') {
        "form"
    } else {
        name.rsplit("::").next().unwrap_or(name)
    }
}
