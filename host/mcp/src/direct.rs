//! Requests of the modern era that are answered with one message and need nothing else of rmcp's service.
//!
//! rmcp starts a service with its channels and tasks for each request, which costs more than most tools
//! do. What is plainly one of the two requests that agents make all the time, `tools/call` and
//! `tools/list`, with a body and headers that say the same, and whose client does not want to hear
//! anything before the answer, is therefore given to the [`Handler`] here. Everything else, and so
//! everything that is wrong with a request, is left to rmcp: [`Direct::answer`] gives it back as it came.

use std::time::Duration;

use axum::body::{self, Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use rmcp::model::{
    CallToolRequestParams, ErrorCode, JsonRpcError, JsonRpcResponse, JsonRpcVersion2_0,
    PaginatedRequestParams, ProtocolVersion, RequestId, RequestMetaObject, ServerResult,
};
use rmcp::service::{Peer, RequestContext, RoleServer, serve_directly};
use rmcp::{ErrorData, ServerHandler};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::handler::Handler;
use crate::principals::Principal;
use crate::sessions::MakeHandler;

/// Larger bodies are left to rmcp: by far most calls are smaller.
const MAX_BODY: usize = 64 << 10;

const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const PARAM: &str = "mcp-param-";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

const CALL: &str = "tools/call";
const LIST: &str = "tools/list";

/// Answers what it can of an endpoint's requests.
pub(crate) struct Direct {
    handler: Handler,
    /// Nobody: what is said to a client before its answer is not said here.
    peer: Peer<RoleServer>,
    /// Bytes of the largest body that is taken.
    max_body: usize,
    ending: CancellationToken,
}

/// A message, as far as it has to be looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    jsonrpc: JsonRpcVersion2_0,
    id: RequestId,
    method: &'a str,
    #[serde(borrow)]
    params: &'a RawValue,
}

/// What is asked.
enum Asked {
    Call(CallToolRequestParams),
    List(PaginatedRequestParams),
}

impl Direct {
    /// For bodies that have as many bytes as `allowed` at most. Needs a tokio runtime around it.
    pub(crate) fn new(make: &MakeHandler, allowed: usize, ending: CancellationToken) -> Self {
        let nobody = (tokio::io::empty(), tokio::io::sink());
        let peer = serve_directly(make(None), nobody, None).peer().clone();
        Self {
            handler: make(None),
            peer,
            max_body: allowed.min(MAX_BODY),
            ending,
        }
    }

    /// The answer to a POST whose body is there in time, or the request as it came.
    pub(crate) async fn answer(
        &self,
        request: Request,
        within: Duration,
    ) -> Result<Response, Request> {
        let Some(method) = method(request.headers(), self.max_body) else {
            return Err(request);
        };
        let (parts, body) = request.into_parts();
        let body = match tokio::time::timeout(within, body::to_bytes(body, self.max_body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => {
                let what = format!("the body of the request cannot be read: {error}");
                return Ok((StatusCode::BAD_REQUEST, what).into_response());
            }
            Err(_) => return Ok(late()),
        };
        match self.asked(&parts, method, &body) {
            Some((id, meta, asked)) => Ok(self.respond(&parts, id, meta, asked).await),
            None => Err(Request::from_parts(parts, Body::from(body))),
        }
    }

    /// What a body asks, if it is what its headers say and can be answered here.
    fn asked(
        &self,
        parts: &Parts,
        method: &str,
        body: &Bytes,
    ) -> Option<(RequestId, RequestMetaObject, Asked)> {
        let message: Message<'_> = serde_json::from_slice(body).ok()?;
        let Message {
            jsonrpc: JsonRpcVersion2_0,
            id,
            ..
        } = message;
        if message.method != method {
            return None;
        }
        let params = message.params.get();
        let (meta, asked) = match method {
            CALL => {
                let mut call: CallToolRequestParams = serde_json::from_str(params).ok()?;
                // What goes on is looked at closely, and seldom.
                let goes_on = call.request_state.is_some() || call.input_responses.is_some();
                let name = only(&parts.headers, NAME)?;
                if goes_on || call.name != name || self.handler.wants_parameters_in_headers(name) {
                    return None;
                }
                (call.meta.take()?, Asked::Call(call))
            }
            LIST => {
                let mut list: PaginatedRequestParams = serde_json::from_str(params).ok()?;
                (list.meta.take()?, Asked::List(list))
            }
            _ => return None,
        };
        let hears = meta.get_progress_token().is_some() || meta.log_level().is_some();
        let modern = ProtocolVersion::V_2026_07_28;
        let is_modern = meta.protocol_version().as_ref() == Some(&modern);
        (!hears && is_modern && meta.missing_required_keys(&modern).is_empty())
            .then_some((id, meta, asked))
    }

    async fn respond(
        &self,
        parts: &Parts,
        id: RequestId,
        meta: RequestMetaObject,
        asked: Asked,
    ) -> Response {
        let mut context = RequestContext::new(id.clone(), self.peer.clone());
        context.meta = meta;
        context.ct = self.ending.clone();
        if let Some(principal) = parts.extensions.get::<Principal>() {
            context.extensions.insert(principal.clone());
        }
        match asked {
            Asked::Call(call) => {
                let answered = self.handler.call_tool(call, context).await;
                if answered.is_err() && self.ending.is_cancelled() {
                    let what = "the server ended before the call did";
                    return (StatusCode::INTERNAL_SERVER_ERROR, what).into_response();
                }
                message(id, answered.map(ServerResult::from))
            }
            Asked::List(list) => match self.handler.listed_tools(list.cursor.as_deref()) {
                Some(listed) => message(id, Ok(listed)),
                None => {
                    let listed = self.handler.list_tools(Some(list), context).await;
                    message(id, listed)
                }
            },
        }
    }
}

/// That a body did not come in time.
pub(crate) fn late() -> Response {
    let what = "the body of the request did not arrive in time";
    (StatusCode::REQUEST_TIMEOUT, what).into_response()
}

/// The method of a request whose headers are plain and complete, and announce no larger body.
fn method(headers: &HeaderMap, max_body: usize) -> Option<&'static str> {
    let length: usize = only(headers, header::CONTENT_LENGTH.as_str())?
        .parse()
        .ok()?;
    let accepted = only(headers, header::ACCEPT.as_str())?;
    let accepts = |kind| accepted.split(',').any(|accepted| accepted.trim() == kind);
    let is_plain = length <= max_body
        && only(headers, header::CONTENT_TYPE.as_str())? == JSON
        && accepts(JSON)
        && accepts(EVENTS)
        && only(headers, PROTOCOL_VERSION)? == ProtocolVersion::V_2026_07_28.as_str()
        && !headers.keys().any(|name| name.as_str().starts_with(PARAM));
    let method = only(headers, METHOD).filter(|_| is_plain)?;
    [CALL, LIST].into_iter().find(|known| *known == method)
}

/// A header that is there once, as text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        None => value.to_str().ok(),
        Some(_) => None,
    }
}

/// A JSON-RPC message with the status that MCP 2026-07-28 gives it.
fn message(id: RequestId, result: Result<impl Serialize, ErrorData>) -> Response {
    let (status, text) = match result {
        Ok(result) => {
            let response = JsonRpcResponse {
                jsonrpc: JsonRpcVersion2_0,
                id,
                result,
            };
            (StatusCode::OK, serde_json::to_vec(&response))
        }
        Err(error) => {
            let status = match error.code {
                ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
                | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
                | ErrorCode::HEADER_MISMATCH => StatusCode::BAD_REQUEST,
                ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
                _ => StatusCode::OK,
            };
            let error = JsonRpcError::new(Some(id), error);
            (status, serde_json::to_vec(&error))
        }
    };
    match text {
        Ok(text) => (status, [(header::CONTENT_TYPE, JSON)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer has no JSON text");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
