//! Why a manifest, bundle or event was refused.

use crate::{ContentsError, RidError, TimestampError, UnknownEventType, json::JsonError};

/// A JSON value that is not the manifest, bundle or event it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The text is no JSON, or JSON beyond the limits.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The value is not of the JSON kind that the model needs.
    #[error("{what} has to be {expected}")]
    Kind {
        /// The value, as `model.member`.
        what: &'static str,
        /// What it should have been.
        expected: &'static str,
    },
    /// A required member is absent.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A RID or RID type that does not parse.
    #[error(transparent)]
    Rid(#[from] RidError),
    /// A timestamp that does not parse.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// Contents that were refused.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// An event type other than NEW, UPDATE and FORGET.
    #[error(transparent)]
    EventType(#[from] UnknownEventType),
    /// An event about one RID that carries the manifest of another.
    #[error("the event is about {event} but its manifest about {manifest}")]
    RidMismatch {
        /// The RID of the event.
        event: String,
        /// The RID of its manifest.
        manifest: String,
    },
    /// Something is longer or more numerous than is accepted.
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        limit: usize,
    },
}
