//! What went wrong, as a problem document (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use koi_registry::VersionError;
use koi_runtime::{CallError, GuestErrorKind, whole_seconds};
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde::Serialize;

/// What went wrong, for a person and for a program.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// The HTTP status.
    status: u16,
    /// The status in words.
    title: &'static str,
    /// What happened, to what, what to do.
    detail: String,
    /// Leads to the log, where the operator is to look.
    #[serde(rename = "correlationId", skip_serializing_if = "Option::is_none")]
    correlation: Option<String>,
    #[serde(skip)]
    allow: Option<&'static str>,
    /// Seconds after which another try may succeed, told with the status 503.
    #[serde(skip)]
    retry_after: u64,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            correlation: None,
            allow: None,
            retry_after: 1,
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path has other methods: `/openapi.json` describes them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// A tool that is not called with GET.
    pub(super) fn not_safe(tool: &str) -> Self {
        let detail = format!(
            "`{tool}` does not say that it only reads, and GET must change nothing: call it with POST"
        );
        Self {
            allow: Some("POST"),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        }
    }

    pub(super) fn unknown_tool(name: &str) -> Self {
        let name: String = name.chars().take(128).collect();
        let detail = format!("there is no tool `{name}`; `GET /tools` names those that there are");
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn unknown_resource() -> Self {
        let detail = "there is no resource at this id; `GET /resources/list` names those that there \
                      are";
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A version of an extension that is not there, or does not have what is asked for.
    pub(super) fn no_version(error: &VersionError) -> Self {
        let status = match error {
            VersionError::Malformed(_) => StatusCode::BAD_REQUEST,
            VersionError::Unknown { .. } | VersionError::Absent { .. } => StatusCode::NOT_FOUND,
        };
        Self::new(status, error.to_string())
    }

    /// Something that only the operator can do anything about.
    pub(super) fn internal(error: &dyn std::fmt::Display, correlation: &str) -> Self {
        tracing::error!(correlation, %error, "an HTTP request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).of(correlation)
    }

    /// How an extension's call failed.
    pub(super) fn of_call(error: &CallError, correlation: &str) -> Self {
        let status = match error {
            CallError::Guest(error) => match error.kind {
                GuestErrorKind::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
                GuestErrorKind::Denied => StatusCode::FORBIDDEN,
                GuestErrorKind::Transient => StatusCode::SERVICE_UNAVAILABLE,
                GuestErrorKind::Permanent | GuestErrorKind::Other(_) => StatusCode::BAD_GATEWAY,
            },
            CallError::Overloaded(_) | CallError::Unavailable { .. } | CallError::Superseded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            CallError::Limit { .. } => StatusCode::GATEWAY_TIMEOUT,
            CallError::Uncounted => StatusCode::NOT_IMPLEMENTED,
            CallError::Trap(_) => StatusCode::BAD_GATEWAY,
            CallError::NotExported(_) | CallError::Host(_) => {
                return Self::internal(error, correlation);
            }
        };
        let detail = match error {
            CallError::Guest(error) => error.message.clone(),
            error => error.to_string(),
        };
        if status.is_server_error() && !matches!(error, CallError::Unavailable { .. }) {
            tracing::warn!(correlation, %error, "a call of an HTTP client failed");
        }
        let problem = Self::new(status, detail).of(correlation);
        match error {
            CallError::Unavailable { retry_after, .. } => Self {
                retry_after: whole_seconds(*retry_after),
                ..problem
            },
            _ => problem,
        }
    }

    fn of(mut self, correlation: &str) -> Self {
        self.correlation = Some(correlation.to_owned());
        self
    }
}

/// What the code that is shared with MCP finds wrong.
impl From<ErrorData> for Problem {
    fn from(error: ErrorData) -> Self {
        let status = match error.code {
            ErrorCode::INVALID_PARAMS | ErrorCode::INVALID_REQUEST => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (allow, retry_after) = (self.allow, self.retry_after);
        let json = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, json, Json(self)).into_response();
        let headers = response.headers_mut();
        if let Some(allow) = allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        response
    }
}
