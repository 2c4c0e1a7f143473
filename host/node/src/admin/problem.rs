//! Errors of the admin API as problem documents (RFC 9457).

use axum::Json;
use axum::body::to_bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use koi_runtime::{CallError, whole_seconds};
use serde::{Deserialize, Serialize};

use super::MAX_COMPONENT;

const PROBLEM: &str = "application/problem+json";

/// Most bytes of what a refusal says that is passed on.
const MAX_TOLD: usize = 16 << 10;

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

    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path has other methods: `GET /v1/openapi.json` describes them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
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
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM)], Json(self)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

/// Makes a problem document of what is refused before a handler has it: a body, a query or a path that
/// does not fit, in the words that say what does not.
pub(super) async fn document(response: Response) -> Response {
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    let form = response.headers().get(header::CONTENT_TYPE);
    if !is_refusal || form.is_some_and(|form| form == PROBLEM) {
        return response;
    }
    let problem = if status == StatusCode::PAYLOAD_TOO_LARGE {
        let most = MAX_COMPONENT >> 20;
        let detail = format!("the body is larger than {most} MiB, the most that is taken");
        Problem::new(status, detail)
    } else {
        let told = to_bytes(response.into_body(), MAX_TOLD).await;
        let told = told.unwrap_or_default();
        Problem::new(status, String::from_utf8_lossy(&told))
    };
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn documented(response: Response) -> (Response, Value) {
        let (parts, body) = document(response).await.into_parts();
        let body = to_bytes(body, MAX_TOLD).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        (Response::from_parts(parts, body.into()), json)
    }

    #[tokio::test]
    async fn what_is_refused_in_plain_words_becomes_a_problem_document_with_these() {
        let plain = (StatusCode::BAD_REQUEST, "missing field `rid`").into_response();
        let (response, problem) = documented(plain).await;
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM);
        assert_eq!(
            problem,
            json!({"status": 400, "title": "Bad Request", "detail": "missing field `rid`"})
        );
    }

    #[tokio::test]
    async fn problem_documents_and_answers_stay_as_they_are() {
        let (_, problem) = documented(Problem::refused("no").into_response()).await;
        assert_eq!(problem["detail"], "no");
        let (response, answer) = documented(Json(json!({"a": 1})).into_response()).await;
        assert_eq!(
            (response.status(), answer),
            (StatusCode::OK, json!({"a": 1}))
        );
    }
}
