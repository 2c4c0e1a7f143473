//! Settings that the operator gave this extension. Needs the capability `config`.

use std::str::FromStr;

use crate::host::config as host;
use crate::{Error, Result};

/// One setting as text; none if it is not set.
///
/// # Errors
/// `permanent` if settings cannot be read; the message says why.
pub fn get(key: &str) -> Result<Option<String>> {
    host::get(key).map_err(|error| failed(key, error))
}

/// One setting as a value; none if it is not set.
///
/// # Errors
/// `permanent` if settings cannot be read or this one has no such form.
pub fn get_as<T>(key: &str) -> Result<Option<T>>
where
    T: FromStr<Err: std::fmt::Display>,
{
    get(key)?
        .map(|text| {
            text.parse().map_err(|error| {
                Error::permanent(format!("the setting `{key}` cannot be `{text}`: {error}"))
            })
        })
        .transpose()
}

/// All settings.
///
/// # Errors
/// `permanent` if settings cannot be read; the message says why.
pub fn all() -> Result<Vec<(String, String)>> {
    host::get_all().map_err(|error| failed("*", error))
}

fn failed(key: &str, error: host::Error) -> Error {
    let (host::Error::Upstream(reason) | host::Error::Io(reason)) = error;
    Error::permanent(format!("the setting `{key}` cannot be read: {reason}"))
}
