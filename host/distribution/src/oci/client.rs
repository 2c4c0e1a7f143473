//! What is the same for all registries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Url, redirect};
use zeroize::Zeroizing;

use super::OciError;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How long a registry may say nothing.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// Name and password at a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password or access token.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// How registries are dealt with. They are named by host, with the port where references have one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OciOptions {
    /// Those that are spoken to in clear though they are not on the loopback.
    pub insecure: BTreeSet<String>,
    /// What the node shows to whom, when asked to.
    pub credentials: BTreeMap<String, Credentials>,
}

/// Pulls from and pushes to registries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OciClient {
    pub(super) http: reqwest::Client,
    pub(super) options: OciOptions,
}

impl OciClient {
    /// A client. It connects to nothing yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(options: OciOptions) -> Result<Self, OciError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            // Followed by us, who know what a registry may lead to.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_FOR)
            .user_agent(concat!("koi-mcp/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| OciError::Unreachable {
                registry: "(any)".to_owned(),
                reason: reason(&error),
            })?;
        Ok(Self { http, options })
    }

    /// Where a registry's API begins.
    pub(super) fn base(&self, registry: &str) -> Option<Url> {
        let scheme = if self.in_clear(registry) {
            "http"
        } else {
            "https"
        };
        Url::parse(&format!("{scheme}://{registry}/")).ok()
    }

    /// Whether a registry, named by its host and port, is spoken to without TLS.
    fn in_clear(&self, registry: &str) -> bool {
        let host = match registry.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => registry,
        };
        self.options.insecure.contains(registry) || is_loopback(host)
    }

    /// Whether a URL that a registry named may be gone to.
    pub(super) fn may_go_to(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let registry = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        match url.scheme() {
            "https" => true,
            "http" => self.in_clear(&registry),
            _ => false,
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a network error comes from, without the URL, in which a registry may have put a token.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(_) if error.is_timeout() => "it says nothing".to_owned(),
        Some(_) => "the request failed".to_owned(),
        None => innermost.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_and_what_is_listed_is_spoken_to_in_clear() {
        let options = OciOptions {
            insecure: BTreeSet::from(["registry.lan:5000".to_owned()]),
            ..OciOptions::default()
        };
        let client = OciClient::new(options).unwrap();
        for (registry, scheme) in [
            ("127.0.0.1:5000", "http"),
            ("127.8.9.1", "http"),
            ("[::1]:5000", "http"),
            ("[::1]", "http"),
            ("localhost:5000", "http"),
            ("registry.lan:5000", "http"),
            ("registry.lan", "https"),
            ("registry.lan:5001", "https"),
            ("localhost.example.org", "https"),
            ("10.0.0.1:5000", "https"),
        ] {
            let base = client.base(registry).unwrap();
            assert_eq!(base.scheme(), scheme, "{registry}");
        }
        let goes = |url: &str| client.may_go_to(&Url::parse(url).unwrap());
        assert!(goes("https://elsewhere.example.org/blob"));
        assert!(goes("http://127.0.0.1:9/blob") && goes("http://registry.lan:5000/blob"));
        assert!(!goes("http://elsewhere.example.org/blob") && !goes("file:///etc/passwd"));
    }

    #[test]
    fn a_password_is_not_in_what_is_written_to_logs() {
        let credentials = Credentials {
            username: "alice".to_owned(),
            password: Zeroizing::new("hunter2".to_owned()),
        };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
