//! Where a request goes, in the one spelling that is checked, resolved and connected to.

use bytes::Bytes;
use koi_runtime::ports::HttpError;
use reqwest::Url;

use crate::grant::Scheme;

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) method: String,
    pub(super) scheme: Scheme,
    /// A name in lower case and in its ASCII form, without a dot at its end, or an address as the
    /// URL standard writes it: `0x7f.1` is `127.0.0.1` here.
    pub(super) host: String,
    pub(super) port: u16,
    /// All of it.
    pub(super) url: Url,
}

impl Target {
    /// Of a request as a guest gives it.
    pub(super) fn of(request: &http::Request<Bytes>) -> Result<Self, HttpError> {
        let wrong = |what: &str| HttpError::Protocol(format!("the request is not sent: {what}"));
        let method = request.method().as_str().to_owned();
        if request.method() == http::Method::CONNECT {
            return Err(wrong("`CONNECT` is never allowed"));
        }
        let mut url = Url::parse(&request.uri().to_string())
            .map_err(|error| wrong(&format!("its URL makes no sense: {error}")))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(wrong("its scheme is neither `http` nor `https`")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "its URL has a user name in it; put it into the header `authorization`",
            ));
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host).to_owned();
        if host.is_empty() || url.set_host(Some(&host)).is_err() {
            return Err(wrong("its URL has no host"));
        }
        Ok(Self {
            method,
            scheme,
            // A name without its last dot may be an address.
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            url,
        })
    }

    /// The name to be resolved; none if the host is an address.
    pub(super) fn name(&self) -> Option<&str> {
        let named = crate::grant::address(&self.host).is_none();
        named.then_some(self.host.as_str())
    }
}
