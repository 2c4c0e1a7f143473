//! Errors of the admin API as problem documents (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use koi_runtime::{CallError, whole_seconds};
use serde::{Deserialize, Serialize};

/// What went wrong, for a person and for a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What happened, to what, what to do.
    pub detail: String,
    /// Seconds after which another try may succeed.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl std::fmt::Display) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: detail.to_string(),
            retry_after: None,
        }
    }

    pub(super) fn bad_request(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A request that is well formed and yet refused.
    pub(super) fn refused(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// How an extension's call failed.
    pub(super) fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Unavailable { retry_after, .. } => Self {
                retry_after: Some(whole_seconds(*retry_after)),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
            },
            error => Self::refused(error),
        }
    }

    pub(super) fn internal(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let json = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, json, Json(self)).into_response();
        if let Some(seconds) = retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
