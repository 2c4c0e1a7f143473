//! The interface that every extension has.

use serde::Serialize;

use crate::bindings::extension::exports::koi::extension::extension::Guest;
use crate::bindings::imports::koi::extension::types as wit;
use crate::{Description, Json, Result};

/// An extension. Only [`describe`](Extension::describe) is required.
pub trait Extension {
    /// What the extension is, provides and asks for. Called with nothing granted and more than
    /// once; has to answer the same each time.
    fn describe() -> Description;

    /// Called once for each activated revision, with the grants in force. Nothing that it leaves in
    /// memory is there in later calls.
    ///
    /// # Errors
    /// Any error keeps the revision from being activated.
    fn start() -> Result<()> {
        Ok(())
    }

    /// Called once when a revision that was started is deactivated.
    fn stop() {}

    /// How the extension is doing.
    ///
    /// # Errors
    /// Any error counts as [`Status::Failing`].
    fn health() -> Result<Health> {
        Ok(Health {
            status: Status::Ok,
            message: None,
        })
    }
}

/// How an extension is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// In one word.
    pub status: Status,
    /// Why, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An extension's condition in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// All is well.
    Ok,
    /// It works, but not all of it.
    Degraded,
    /// It does not work.
    Failing,
}

impl<T: Extension> Guest for T {
    fn describe() -> Result<String, wit::Error> {
        Ok(Json::of(&T::describe())?.into_string())
    }

    fn start() -> Result<(), wit::Error> {
        Ok(T::start()?)
    }

    fn stop() {
        T::stop();
    }

    fn health() -> Result<String, wit::Error> {
        Ok(Json::of(&T::health()?)?.into_string())
    }
}
