//! Schemas beyond what JSON Schema can say.

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::schemas::exports::koi::extension::schemas::Guest;
use crate::{Error, Json, Result};

/// Checks contents and turns them from one schema into another.
pub trait Schemas {
    /// Checks contents that already satisfy the JSON Schema of this name. Called for the schemas
    /// that the description marks as [validated](crate::Schema::validated).
    ///
    /// # Errors
    /// `invalid-input` says what is wrong with the contents.
    fn validate(schema: &str, contents: &Json) -> Result<()> {
        let _ = (schema, contents);
        Ok(())
    }

    /// Turns contents of one schema into contents of another. Only called for the pairs that the
    /// description lists.
    ///
    /// # Errors
    /// `invalid-input` if these contents have no form in the other schema.
    fn transform(from: &str, to: &str, contents: &Json) -> Result<Json> {
        let _ = contents;
        Err(Error::permanent(format!(
            "there is no transform from `{from}` to `{to}`"
        )))
    }
}

impl<T: Schemas> Guest for T {
    fn validate(schema: String, contents: String) -> Result<(), wit::Error> {
        Ok(T::validate(&schema, &Json::trusted(contents))?)
    }

    fn transform(from: String, to: String, contents: String) -> Result<String, wit::Error> {
        Ok(T::transform(&from, &to, &Json::trusted(contents))?.into_string())
    }
}
