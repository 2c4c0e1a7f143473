//! The routes of the admin API, one a line, and what is around all of them.
//!
//! Each stands in the description too (`openapi`): a test compares the two.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Uri;
use axum::routing::{MethodFilter as M, MethodRouter, on};
use axum::{Router, middleware};

use super::guard::{Token, check};
use super::problem::{self, Problem};
use super::{
    AdminParts, MAX_COMPONENT, archive, audit, bridge, grants, jobs, knowledge, metrics, network,
    openapi, pulls, recordings, revisions, routes, secrets, versions, watch,
};

/// Who answers which requests.
pub(super) struct Route {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a test compares it with the description")
    )]
    pub(super) method: M,
    pub(super) path: &'static str,
    answer: MethodRouter<AdminParts>,
}

fn route<T: 'static>(method: M, path: &'static str, handler: impl Handler<T, AdminParts>) -> Route {
    Route {
        method,
        path,
        answer: on(method, handler),
    }
}

/// All routes, in the order of their paths.
pub(super) fn all() -> Vec<Route> {
    vec![
        route(M::GET, "/v1/audit", audit::list),
        route(M::POST, "/v1/backups", archive::backup),
        route(M::GET, "/v1/bundles", routes::read),
        route(M::POST, "/v1/bundles", routes::publish),
        route(M::DELETE, "/v1/bundles", routes::forget),
        route(M::GET, "/v1/bundles/query", knowledge::query),
        route(M::GET, "/v1/dead-letters", routes::dead_letters),
        route(M::POST, "/v1/dead-letters/{id}", routes::retry),
        route(M::GET, "/v1/drop-folder", routes::drop_folder),
        route(M::GET, "/v1/events", watch::watch),
        route(M::GET, "/v1/export", archive::export),
        route(M::GET, "/v1/extensions", routes::extensions),
        route(M::POST, "/v1/extensions", routes::install),
        route(M::POST, "/v1/extensions/diff", revisions::diff_component),
        route(M::DELETE, "/v1/extensions/{name}", routes::remove),
        route(M::POST, "/v1/extensions/{name}/approve", revisions::approve),
        route(M::GET, "/v1/extensions/{name}/diff", revisions::diff),
        route(M::GET, "/v1/extensions/{name}/grants", grants::show),
        route(M::PATCH, "/v1/extensions/{name}/grants", grants::change),
        route(M::GET, "/v1/extensions/{name}/health", versions::health),
        route(M::GET, "/v1/extensions/{name}/learned", grants::learned),
        route(M::PUT, "/v1/extensions/{name}/learned", grants::learn),
        route(M::POST, "/v1/extensions/{name}/reject", revisions::reject),
        route(M::POST, "/v1/extensions/{name}/revert", revisions::revert),
        route(M::GET, "/v1/extensions/{name}/revisions", revisions::list),
        route(
            M::GET,
            "/v1/extensions/{name}/revisions/{revision}",
            revisions::inspect,
        ),
        route(
            M::PUT,
            "/v1/extensions/{name}/revisions/{revision}/deprecated",
            revisions::deprecate,
        ),
        route(
            M::PUT,
            "/v1/extensions/{name}/revisions/{revision}/pin",
            revisions::pin,
        ),
        route(
            M::DELETE,
            "/v1/extensions/{name}/revisions/{revision}/pin",
            revisions::unpin,
        ),
        route(
            M::PUT,
            "/v1/extensions/{name}/revisions/{revision}/role",
            versions::put,
        ),
        route(
            M::DELETE,
            "/v1/extensions/{name}/revisions/{revision}/role",
            versions::retire,
        ),
        route(M::GET, "/v1/extensions/{name}/swap", revisions::last_swap),
        route(M::GET, "/v1/extensions/{name}/wrote", knowledge::wrote),
        route(
            M::DELETE,
            "/v1/extensions/{name}/wrote",
            knowledge::forget_written,
        ),
        route(M::POST, "/v1/fetch", network::fetch),
        route(M::GET, "/v1/instances", routes::instances),
        route(M::GET, "/v1/jobs", jobs::list),
        route(M::GET, "/v1/jobs/{extension}/{job}", jobs::history),
        route(M::POST, "/v1/jobs/{extension}/{job}", jobs::run),
        route(M::POST, "/v1/mcp", bridge::accept),
        route(M::GET, "/v1/metrics", metrics::show),
        route(M::GET, "/v1/network/edges", network::edges),
        route(M::GET, "/v1/network/nodes", network::nodes),
        route(M::DELETE, "/v1/network/nodes", network::forget),
        route(M::POST, "/v1/network/proposals", network::propose),
        route(M::GET, "/v1/node", routes::node),
        route(M::GET, "/v1/openapi.json", openapi::show),
        route(M::POST, "/v1/pulls", pulls::pull),
        route(M::POST, "/v1/recordings", recordings::record),
        route(M::POST, "/v1/replays", recordings::replay),
        route(M::GET, "/v1/secrets", secrets::list),
        route(M::PUT, "/v1/secrets/{name}", secrets::set),
        route(M::DELETE, "/v1/secrets/{name}", secrets::remove),
        route(M::POST, "/v1/tools/{name}", routes::call),
    ]
}

/// The admin API, guarded by the token. Whatever is refused, also by the guard and before a handler is
/// found, is a problem document.
pub fn router(parts: AdminParts, token: &str) -> Router {
    let routes = all().into_iter();
    let routes = routes.fold(Router::new(), |router, route| {
        router.route(route.path, route.answer)
    });
    routes
        .fallback(unknown)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_COMPONENT))
        .layer(middleware::map_response(problem::document))
        .layer(middleware::from_fn_with_state(
            Token(Arc::from(token)),
            check,
        ))
        .with_state(parts)
}

async fn unknown(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(128).collect();
    Problem::not_found(format!(
        "there is no {path}: `GET /v1/openapi.json` describes what there is"
    ))
}
