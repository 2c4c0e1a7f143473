//! Who is let in, at whatever path: those who ask for a host that is served, and of web pages those of
//! allowed origins. Everybody else is refused before anything else is looked at.
//!
//! A page can have a browser send a GET to anywhere without an `Origin`, and need not see the answer
//! for harm to be done. Browsers say so in `Sec-Fetch-Site`, and such a request is refused too.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::server::McpOptions;

const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const LOOPBACK_ORIGINS: [&str; 3] = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A host as it is compared: in small letters, an IPv6 address without brackets.
#[derive(Debug, PartialEq, Eq)]
struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    fn new(name: &str, port: Option<u16>) -> Self {
        Self {
            name: name.trim_matches(['[', ']']).to_ascii_lowercase(),
            port,
        }
    }

    fn of(authority: &Authority) -> Self {
        Self::new(authority.host(), authority.port_u16())
    }
}

/// An origin that is let in; any port where there is none.
#[derive(Debug)]
struct Origin {
    scheme: String,
    host: Host,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let uri: Uri = text.strip_suffix(":*").unwrap_or(text).parse().ok()?;
        Some(Self {
            scheme: uri.scheme_str()?.to_ascii_lowercase(),
            host: Host::of(uri.authority()?),
        })
    }

    /// Whether this one lets another in.
    fn admits(&self, other: &Self) -> bool {
        let default = match other.scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = other.host.port.or(default);
        self.scheme == other.scheme
            && self.host.name == other.host.name
            && (self.host.port.is_none() || self.host.port == port)
    }
}

/// Why a request is not served.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) what: &'static str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, self.what).into_response()
    }
}

/// The hosts and origins that are served.
pub(crate) struct Guard {
    hosts: Vec<Host>,
    origins: Vec<Origin>,
}

impl Guard {
    pub(crate) fn new(options: &McpOptions) -> Self {
        let host = |text: &str| match text.trim().parse::<Authority>() {
            Ok(authority) => Host::of(&authority),
            // An IPv6 address without brackets.
            Err(_) => Host::new(text.trim(), None),
        };
        let allowed = options.allowed_hosts.iter().map(String::as_str);
        let origins = options.allowed_origins.iter().map(String::as_str);
        Self {
            hosts: LOOPBACK_HOSTS
                .into_iter()
                .chain(allowed)
                .map(host)
                .collect(),
            origins: LOOPBACK_ORIGINS
                .into_iter()
                .chain(origins)
                .filter_map(Origin::parse)
                .collect(),
        }
    }

    /// # Errors
    /// If the request is not to be served.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Refused> {
        let refused = |what| {
            let status = StatusCode::FORBIDDEN;
            Err(Refused { status, what })
        };
        let Some(host) = host_of(request) else {
            return Err(Refused {
                status: StatusCode::BAD_REQUEST,
                what: "the `Host` header is missing or malformed",
            });
        };
        let served = self.hosts.iter().any(|served| {
            served.name == host.name && (served.port.is_none() || served.port == host.port)
        });
        if !served {
            return refused(
                "this `Host` is not served: the operator allows it in `mcp.allowed_hosts`",
            );
        }
        let headers = request.headers();
        match headers.get(header::ORIGIN) {
            Some(origin) => {
                let origin = origin.to_str().ok().and_then(Origin::parse);
                let admits = |of: &Origin| self.origins.iter().any(|served| served.admits(of));
                match origin.is_some_and(|origin| admits(&origin)) {
                    true => Ok(()),
                    false => refused(
                        "this `Origin` is not served: the operator allows it in \
                         `mcp.allowed_origins`",
                    ),
                }
            }
            None if is_from_elsewhere(headers) => {
                refused("a page of another site had this request sent, which is not served")
            }
            None => Ok(()),
        }
    }
}

fn host_of(request: &Request) -> Option<Host> {
    match request.headers().get(header::HOST) {
        Some(host) => Some(Host::of(&host.to_str().ok()?.parse().ok()?)),
        None => request.uri().authority().map(Host::of),
    }
}

fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get(FETCH_SITE)
        .is_some_and(|site| site == "cross-site" || site == "same-site")
}
