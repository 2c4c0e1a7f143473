//! Plain HTTP routes over the same extensions, for programs that do not speak MCP: lists of tools and
//! resources, reads, queries and calls, as `rest/openapi.json` describes them.
//!
//! They show what the endpoint `/mcp` shows, check the same arguments by the same schemas and are
//! bounded as it is. Whatever fails is a problem document (RFC 9457) under a status that says whose
//! turn it is. A call ends when its client goes.

mod call;
mod lists;
mod problem;
mod query;

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use self::problem::Problem;
use crate::guard::Guard;
use crate::server::McpOptions;
use crate::shared::Shared;

/// What the routes work with.
#[derive(Clone)]
struct Rest {
    shared: Arc<Shared>,
    /// Most bytes of a request's body.
    max_body: usize,
}

/// The description of the routes, an OpenAPI 3.1 document.
static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value =
        serde_json::from_str(include_str!("rest/openapi.json")).unwrap_or_default();
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document
});

pub(crate) fn router(shared: Arc<Shared>, guard: Arc<Guard>, options: &McpOptions) -> Router {
    let state = Rest {
        shared,
        max_body: options.max_body,
    };
    let surroundings = (guard, state.clone());
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/resources/list", get(lists::resources))
        .route("/resources/query/{rid_type}", get(query::query))
        .route("/resources/read/{*id}", get(lists::read))
        .route("/tools", get(lists::tools))
        .route("/tools/list", get(lists::tools_in_short))
        .route("/tools/call/{name}", get(call::get).post(call::post))
        .route("/tools/{name}", axum::routing::post(call::post))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(surroundings, around))
        .with_state(state)
}

/// Who is not to be served is not, and each request is counted until it is answered.
async fn around(
    State((guard, rest)): State<(Arc<Guard>, Rest)>,
    request: Request,
    next: Next,
) -> Response {
    if let Err(refused) = guard.check(&request) {
        return Problem::new(refused.status, refused.what).into_response();
    }
    let _running = rest.shared.requests.token();
    next.run(request).await
}

async fn openapi() -> Json<&'static Value> {
    Json(&OPENAPI)
}

/// JSON text as an answer.
fn json_text(text: String) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, Body::from(text)).into_response()
}
