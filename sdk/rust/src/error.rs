//! Failures as values, as the contract knows them.

use std::fmt;

use crate::bindings::imports::koi::extension::types as wit;

/// What the functions of an extension and of its host answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is; it decides what the host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another try may succeed. A handler's object is given again, with back-off.
    Transient,
    /// Another try with the same input fails again. A handler's object goes to the dead letters.
    Permanent,
    /// The input does not hold what the called function asks for.
    InvalidInput,
    /// The operator has not granted what this needs.
    Denied,
    /// A kind from a later revision of the contract; treat it like [`ErrorKind::Permanent`].
    Other(String),
}

/// A failure: its kind, and one sentence for a person that says what happened, to what, and what to
/// do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// One sentence for a person.
    pub message: String,
}

impl Error {
    /// A failure that another try may not meet.
    pub fn transient(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Transient,
            message: message.into(),
        }
    }

    /// A failure that every other try meets too.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Permanent,
            message: message.into(),
        }
    }

    /// The input is not what the function asks for.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::InvalidInput,
            message: message.into(),
        }
    }

    /// Something that the caller is not allowed to do.
    pub fn denied(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Denied,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        let kind = match error.kind {
            wit::ErrorKind::Transient => ErrorKind::Transient,
            wit::ErrorKind::Permanent => ErrorKind::Permanent,
            wit::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
            wit::ErrorKind::Denied => ErrorKind::Denied,
            wit::ErrorKind::Other(code) => ErrorKind::Other(code),
        };
        Self {
            kind,
            message: error.message,
        }
    }
}

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Transient => wit::ErrorKind::Transient,
            ErrorKind::Permanent => wit::ErrorKind::Permanent,
            ErrorKind::InvalidInput => wit::ErrorKind::InvalidInput,
            ErrorKind::Denied => wit::ErrorKind::Denied,
            ErrorKind::Other(code) => wit::ErrorKind::Other(code),
        };
        Self {
            kind,
            message: error.message,
        }
    }
}
