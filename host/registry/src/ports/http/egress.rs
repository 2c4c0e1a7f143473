//! The way out of the node for all extensions: names are resolved, requests sent, responses taken in
//! up to a bound. What may be sent where was checked before.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use koi_runtime::ports::HttpError;
use tokio::sync::Semaphore;

use super::clients::Clients;
use super::resolver::{Resolver, SystemResolver};
use super::target::Target;

/// Bytes of a response's body.
const MAX_RESPONSE_BYTES: usize = 16 << 20;

/// Exchanges of all extensions at a time; further ones wait.
const MAX_EXCHANGES: usize = 64;

/// Headers about the connection, which is the host's affair: a request says where its body ends, and
/// to whom it goes, once.
const OF_THE_CONNECTION: [HeaderName; 13] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The way out.
pub(crate) struct Egress {
    resolver: Arc<dyn Resolver>,
    clients: Clients,
    exchanges: Semaphore,
}

impl Egress {
    /// With the machine's own resolver.
    pub(crate) fn new() -> Self {
        Self::resolving(Arc::new(SystemResolver))
    }

    pub(super) fn resolving(resolver: Arc<dyn Resolver>) -> Self {
        Self {
            resolver,
            clients: Clients::default(),
            exchanges: Semaphore::new(MAX_EXCHANGES),
        }
    }

    /// The addresses of a target's host; at least one.
    pub(super) async fn resolve(&self, target: &Target) -> Result<Vec<IpAddr>, HttpError> {
        let Some(name) = target.name() else {
            return Ok(crate::grant::address(&target.host).into_iter().collect());
        };
        match self.resolver.resolve(name).await {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) => Err(HttpError::Name(format!("`{name}` has no address"))),
            Err(error) => Err(HttpError::Name(format!(
                "`{name}` could not be resolved: {error}"
            ))),
        }
    }

    /// Sends a request to one of the addresses and takes its response in.
    pub(super) async fn send(
        &self,
        target: &Target,
        addresses: &[IpAddr],
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let _turn = self.exchanges.acquire().await;
        let client = self
            .clients
            .get(target, addresses)
            .await
            .map_err(|error| HttpError::Connection(format!("TLS is not set up: {error}")))?;
        let (parts, body) = request.into_parts();
        let mut outgoing = reqwest::Request::new(parts.method, target.url.clone());
        *outgoing.headers_mut() = without_connection(parts.headers);
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        let answered = client.execute(outgoing).await;
        let mut response = answered.map_err(|error| failure(&target.host, error))?;
        if response.status().is_informational() {
            return Err(HttpError::Protocol(format!(
                "`{}` wants to speak something other than HTTP",
                target.host
            )));
        }
        let body = whole(&mut response, &target.host).await?;
        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in &OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

/// All of a response's body.
async fn whole(response: &mut reqwest::Response, host: &str) -> Result<Bytes, HttpError> {
    let too_large = || {
        HttpError::TooLarge(format!(
            "the response of `{host}` is larger than {MAX_RESPONSE_BYTES} bytes"
        ))
    };
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_RESPONSE_BYTES as u64 {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failure(host, error))?
    {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A failure without the URL, in which a secret may stand.
fn failure(host: &str, error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let told = format!("`{host}`: {}", chain(&error));
    if error.is_timeout() {
        HttpError::TimedOut(told)
    } else if error.is_connect() {
        HttpError::Connection(told)
    } else {
        HttpError::Protocol(told)
    }
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
