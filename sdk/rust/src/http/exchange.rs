//! A request and its response over `wasi:http`.

use super::{Request, Response};
use crate::bindings::http::wasi::http::outgoing_handler::handle;
use crate::bindings::http::wasi::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme,
};
use crate::bindings::http::wasi::io::streams::StreamError;
use crate::{Error, Result};

/// Most bytes that a stream takes at once.
const CHUNK: usize = 4096;

pub(super) fn exchange(request: &Request) -> Result<Response> {
    let outgoing = outgoing(request)?;
    let body = outgoing.body().map_err(|()| lost(request))?;
    let options = RequestOptions::new();
    if let Some(time_out) = request.time_out {
        let nanoseconds = u64::try_from(time_out.as_nanos()).unwrap_or(u64::MAX);
        options
            .set_first_byte_timeout(Some(nanoseconds))
            .map_err(|()| lost(request))?;
    }
    let failed = |code: ErrorCode| failed(request, &code);
    // The body is taken in while it is written, so the exchange begins before.
    let answer = handle(outgoing, Some(options)).map_err(failed)?;
    write(body, &request.body)
        .map_err(|_| lost(request))
        .or_else(|error| {
            // Why nobody took it is what the answer says.
            match answer.get() {
                Some(Ok(Err(code))) => Err(failed(code)),
                _ => Err(error),
            }
        })?;
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => taken(request, &response),
        Some(Ok(Err(code))) => Err(failed(code)),
        Some(Err(())) | None => Err(lost(request)),
    }
}

fn outgoing(request: &Request) -> Result<OutgoingRequest> {
    let wrong = |what: &str| {
        let Request { method, url, .. } = request;
        Error::invalid_input(format!("`{method} {url}` cannot be sent: {what}"))
    };
    let (scheme, rest) = request
        .url
        .split_once("://")
        .ok_or_else(|| wrong("its URL has no scheme"))?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let path = match path.strip_prefix('?') {
        Some(query) => format!("/?{query}"),
        None => path.to_owned(),
    };
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields
            .append(name, value)
            .map_err(|_| wrong(&format!("its header `{name}` is not allowed")))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| wrong("its method makes no sense"))?;
    outgoing
        .set_scheme(Some(&scheme))
        .map_err(|()| wrong("its scheme makes no sense"))?;
    outgoing
        .set_authority(Some(authority))
        .map_err(|()| wrong("its host makes no sense"))?;
    outgoing
        .set_path_with_query(Some(&path))
        .map_err(|()| wrong("its path makes no sense"))?;
    Ok(outgoing)
}

fn method(method: &str) -> Method {
    match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Writes all of a body and ends it.
fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), StreamError> {
    let stream = body.write().map_err(|()| StreamError::Closed)?;
    for chunk in bytes.chunks(CHUNK) {
        stream.blocking_write_and_flush(chunk)?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|_| StreamError::Closed)
}

fn taken(request: &Request, response: &IncomingResponse) -> Result<Response> {
    let incoming = response.consume().map_err(|()| lost(request))?;
    let stream = incoming.stream().map_err(|()| lost(request))?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(1 << 20) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(lost(request)),
        }
    }
    Ok(Response {
        status: response.status(),
        headers: response.headers().entries(),
        body,
    })
}

fn lost(request: &Request) -> Error {
    let Request { method, url, .. } = request;
    Error::transient(format!("the exchange `{method} {url}` broke off"))
}

fn failed(request: &Request, code: &ErrorCode) -> Error {
    let Request { method, url, .. } = request;
    let (message, passes) = match code {
        ErrorCode::HttpRequestDenied => return request.denied(),
        ErrorCode::DnsError(error) => {
            let reason = error.rcode.as_deref().unwrap_or("its host was not found");
            (reason.to_owned(), true)
        }
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => {
            ("its host cannot be reached".to_owned(), true)
        }
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionTimeout => {
            ("no answer came in time".to_owned(), true)
        }
        ErrorCode::ConnectionLimitReached => {
            ("too many answers have not been read yet".to_owned(), true)
        }
        ErrorCode::HttpRequestBodySize(_) => {
            ("it is larger than the call may send".to_owned(), false)
        }
        ErrorCode::HttpResponseBodySize(_) => ("the answer is too large".to_owned(), false),
        other => (format!("{other:?}"), false),
    };
    let message = format!("`{method} {url}` came to nothing: {message}");
    if passes {
        Error::transient(message)
    } else {
        Error::permanent(message)
    }
}
