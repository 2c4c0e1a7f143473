//! Who may use the admin API: a program of this machine that can read the data folder.
//!
//! A browser may not, even with a page served from the loopback: a request with an `Origin` is
//! refused, and so is one whose `Host` is not the loopback (DNS rebinding).

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::problem::Problem;

/// The token that requests have to carry.
#[derive(Clone)]
pub(super) struct Token(pub std::sync::Arc<str>);

/// Passes a request on or answers it with the reason why not.
pub(super) async fn check(State(token): State<Token>, request: Request, next: Next) -> Response {
    match refusal(request.headers(), &token.0) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(headers: &HeaderMap, token: &str) -> Option<Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(header::ORIGIN) {
        return Some(Problem::new(
            StatusCode::FORBIDDEN,
            "the admin API does not serve web pages",
        ));
    }
    if !text(header::HOST).is_some_and(is_loopback) {
        return Some(Problem::new(
            StatusCode::FORBIDDEN,
            "the Host header is not the loopback: use the admin_url that the node printed",
        ));
    }
    let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into()) {
        return None;
    }
    Some(Problem::new(
        StatusCode::UNAUTHORIZED,
        "the bearer token is missing or wrong: it stands in admin.token in the node's data folder",
    ))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    let is_loopback = |address: IpAddr| address.is_loopback();
    name == "localhost" || address.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(header::HeaderName, &str)]) -> Option<u16> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        refusal(&headers, "secret").map(|problem| problem.status)
    }

    #[test]
    fn only_the_token_opens_the_door() {
        let host = (header::HOST, "127.0.0.1:1");
        assert_eq!(
            status(&[host.clone(), (header::AUTHORIZATION, "Bearer secret")]),
            None
        );
        assert_eq!(
            status(&[host.clone(), (header::AUTHORIZATION, "Bearer secres")]),
            Some(401)
        );
        assert_eq!(
            status(&[host.clone(), (header::AUTHORIZATION, "secret")]),
            Some(401)
        );
        assert_eq!(status(&[host]), Some(401));
    }

    #[test]
    fn a_web_page_is_refused_even_with_the_token() {
        let authorization = (header::AUTHORIZATION, "Bearer secret");
        let host = (header::HOST, "127.0.0.1:1");
        let origin = (header::ORIGIN, "http://127.0.0.1:1");
        assert_eq!(status(&[host, authorization.clone(), origin]), Some(403));
        assert_eq!(
            status(&[(header::HOST, "evil.example:1"), authorization.clone()]),
            Some(403)
        );
        assert_eq!(status(&[authorization]), Some(403));
    }

    #[test]
    fn hosts_of_the_loopback_are_known_with_and_without_port() {
        for host in [
            "localhost",
            "localhost:1",
            "127.0.0.1:65535",
            "127.0.0.2:7000",
            "[::1]:1",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.evil.example", "127.0.0.1.evil:1", "", "[::1]x:1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
