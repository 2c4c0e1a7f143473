//! Fetches a page. A plain component, as it is written for other hosts: one function of its own, the
//! standard's HTTP, and nothing of koi-mcp.

// As the generator writes it: `cargo xtask bindings`.
#[rustfmt::skip]
#[allow(clippy::panic, clippy::unwrap_used, reason = "generated so, for debugging")]
#[allow(missing_docs, reason = "what is generated is documented in the WIT")]
mod bindings;

use bindings::Guest;
use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};
use bindings::wasi::io::streams::StreamError;

/// So much of a page is read at a time.
const CHUNK_BYTES: u64 = 64 << 10;

struct Component;

impl Guest for Component {
    fn fetch(url: String) -> Result<String, String> {
        let response = send(&request(&url)?)?;
        match response.status() {
            200..300 => text(&response),
            status => Err(format!("`{url}` answered with status {status}")),
        }
    }
}

fn request(url: &str) -> Result<Sending, String> {
    let malformed = || format!("`{url}` is no URL of http or https");
    let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(malformed()),
    };
    let path = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    Ok(Sending {
        scheme,
        authority: authority.to_owned(),
        path: match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        },
    })
}

/// A request that is to be sent.
struct Sending {
    scheme: Scheme,
    authority: String,
    path: String,
}

fn send(sending: &Sending) -> Result<IncomingResponse, String> {
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_scheme(Some(&sending.scheme)).is_ok()
        && request.set_authority(Some(&sending.authority)).is_ok()
        && request.set_path_with_query(Some(&sending.path)).is_ok();
    if !set {
        return Err("the URL is malformed".to_owned());
    }
    let future = handle(request, None).map_err(|error| format!("not sent: {error:?}"))?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(error))) => Err(format!("no response: {error:?}")),
        _ => Err("no response".to_owned()),
    }
}

fn text(response: &IncomingResponse) -> Result<String, String> {
    let unread = || "the response cannot be read".to_owned();
    let body = response.consume().map_err(|()| unread())?;
    let stream = body.stream().map_err(|()| unread())?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(unread()),
        }
    }
    String::from_utf8(bytes).map_err(|_| "the response is no text".to_owned())
}

bindings::export!(Component with_types_in bindings);
