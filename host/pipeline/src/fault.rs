//! Why an object could not be processed.

use koi_runtime::CallError;
use koi_store::StoreError;

use crate::{FetchError, HandlerError};

/// Whether another try may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    Transient,
    Permanent,
}

/// A failure in one phase.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) persistence: Persistence,
    /// A short code, for programs: the dead letter's `kind`.
    pub(crate) code: String,
    /// The extension that failed or refused; none if the host did.
    pub(crate) extension: Option<String>,
    /// One sentence for a person.
    pub(crate) reason: String,
}

impl Fault {
    /// The host does not accept the object.
    pub(crate) fn refused(code: &str, reason: impl Into<String>) -> Self {
        Self {
            persistence: Persistence::Permanent,
            code: code.to_owned(),
            extension: None,
            reason: reason.into(),
        }
    }

    /// The host itself failed; only the object at hand suffers from it.
    pub(crate) fn panic() -> Self {
        Self::refused("panic", "the host failed; its log says more")
    }

    /// Something outside of the object failed.
    pub(crate) fn transient(code: &str, reason: impl Into<String>) -> Self {
        Self {
            persistence: Persistence::Transient,
            ..Self::refused(code, reason)
        }
    }

    /// A call into an extension failed.
    pub(crate) fn call(extension: &str, error: &CallError) -> Self {
        let code = match error {
            CallError::Guest(guest) => guest.kind.as_str(),
            CallError::Limit { .. } | CallError::Uncounted => "limit",
            CallError::Trap(_) => "trap",
            CallError::NotExported(_) => "not-exported",
            CallError::Overloaded(_) => "overloaded",
            CallError::Unavailable { .. } => "unavailable",
            CallError::Superseded => "superseded",
            CallError::Host(_) => "host",
        };
        Self {
            persistence: if error.is_transient() {
                Persistence::Transient
            } else {
                Persistence::Permanent
            },
            code: code.to_owned(),
            extension: Some(extension.to_owned()),
            reason: error.to_string(),
        }
    }

    /// An extension's rule or answer makes the object unacceptable.
    pub(crate) fn by_extension(extension: &str, code: &str, reason: impl Into<String>) -> Self {
        Self {
            extension: Some(extension.to_owned()),
            ..Self::refused(code, reason)
        }
    }

    /// A host handler failed.
    pub(crate) fn handler(name: &str, error: HandlerError) -> Self {
        match error {
            HandlerError::Transient(reason) => {
                Self::transient("transient", format!("{name}: {reason}"))
            }
            HandlerError::Refused(reason) => Self::refused("refused", format!("{name}: {reason}")),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::transient("store", error.to_string())
    }
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Transient(reason) => Self::transient("fetch", reason),
            FetchError::Permanent(reason) => Self::refused("fetch", reason),
        }
    }
}
