//! MCP over WebSocket: each text message is one JSON-RPC message, in whichever protocol era the
//! client likes.
//!
//! The subprotocol `mcp` has to be asked for. Messages of [`COMPRESSED_FROM`] bytes and more are
//! compressed, if the client knows how. A client that does not answer pings, or does not read, is cut
//! off; meanwhile it keeps nobody else waiting. What is no JSON-RPC message is answered as such.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::{Sink, SinkExt, Stream, StreamExt};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use rmcp::ServiceExt;
use rmcp::model::{ClientJsonRpcMessage, ErrorData, ServerJsonRpcMessage};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, PollSender};
use tokio_util::task::task_tracker::TaskTrackerToken;
use yawc::frame::OpCode;
use yawc::{Frame, HttpStream, Options, WebSocket};

use crate::handler::Handler;
use crate::places::Place;
use crate::principals::Principal;

const SUBPROTOCOL: &str = "mcp";
/// From how many bytes on a message is compressed.
const COMPRESSED_FROM: usize = 1024;
/// Messages that wait to be sent.
const WAITING: usize = 16;
/// How long a client may take to read a message, and to let go of the connection.
const SEND_WITHIN: Duration = Duration::from_secs(30);
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// How long the parts of one message may take to arrive.
const MESSAGE_WITHIN: Duration = Duration::from_secs(60);
/// What buffers of an idle connection take.
const BUFFER: usize = 4 << 10;

/// What a connection needs to be served.
pub(crate) struct Connection {
    pub(crate) handler: Handler,
    pub(crate) principal: Option<Principal>,
    /// Most bytes of a message.
    pub(crate) max_message: usize,
    /// The client is asked so often whether it is still there.
    pub(crate) ping_every: Duration,
    /// There is no more input from then on, and what came before is answered.
    pub(crate) closing: CancellationToken,
    /// Ends it at once.
    pub(crate) ending: CancellationToken,
    /// Held while it is served.
    pub(crate) held: (Place, TaskTrackerToken),
}

/// The request asks for a WebSocket.
pub(crate) fn is_upgrade(request: &Request) -> bool {
    request.method() == Method::GET
        && names(request, &header::UPGRADE, "websocket")
        && names(request, &header::CONNECTION, "upgrade")
}

/// A header that is a list has this member.
fn names(request: &Request, header: &HeaderName, member: &str) -> bool {
    let all = request.headers().get_all(header);
    all.iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|each| each.trim().eq_ignore_ascii_case(member))
}

/// Answers the request, and serves the connection if the client spoke as it should.
pub(crate) fn accept(mut request: Request, connection: Connection) -> Response {
    if !names(&request, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        let what = "ask for the subprotocol `mcp`: `Sec-WebSocket-Protocol: mcp`";
        return (StatusCode::BAD_REQUEST, what).into_response();
    }
    // Its limits are exclusive.
    let most = connection.max_message.saturating_add(1);
    let options = Options::default()
        .with_limits(most, most)
        .with_fragment_timeout(MESSAGE_WITHIN)
        .with_read_buffer_capacity(BUFFER)
        .with_write_buffer_capacity(BUFFER)
        .with_compression_threshold(COMPRESSED_FROM)
        // Else each side would keep the tables of the last message for the next one.
        .server_no_context_takeover()
        .client_no_context_takeover();
    match WebSocket::upgrade_with_options(&mut request, options) {
        Ok((response, upgraded)) => {
            tokio::spawn(async move {
                match upgraded.await {
                    Ok(socket) => serve(socket, connection).await,
                    Err(error) => {
                        tracing::debug!(%error, "a client left before its WebSocket began")
                    }
                }
            });
            let mut response = response.map(|_| Body::empty());
            let subprotocol = HeaderValue::from_static(SUBPROTOCOL);
            let headers = response.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
            response
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn serve(socket: WebSocket<HttpStream>, connection: Connection) {
    let Connection {
        handler,
        principal,
        max_message: _,
        ping_every,
        closing,
        ending,
        held: _held,
    } = connection;
    let (to_client, from_client) = socket.split();
    let (outgoing, waiting) = mpsc::channel(WAITING);
    let heard = Arc::new(AtomicBool::new(true));
    let ended = ending.child_token();
    let incoming = messages(from_client, principal, outgoing.clone(), heard.clone())
        .take_until(closing.cancelled_owned())
        .take_until(ended.clone().cancelled_owned());
    let writing = async {
        write(to_client, waiting, ping_every, &heard).await;
        ended.cancel();
    };
    let serving = async {
        let transport = (PollSender::new(outgoing), Box::pin(incoming));
        match handler.serve_with_ct(transport, ended.clone()).await {
            Ok(running) => drop(running.waiting().await),
            Err(error) => {
                tracing::debug!(%error, "a WebSocket client did not begin a conversation")
            }
        }
    };
    tokio::join!(writing, serving);
}

/// What the client says, as long as it says what it may.
fn messages(
    frames: impl Stream<Item = Frame> + Send + Unpin + 'static,
    principal: Option<Principal>,
    answers: mpsc::Sender<ServerJsonRpcMessage>,
    heard: Arc<AtomicBool>,
) -> impl Stream<Item = ClientJsonRpcMessage> + Send + 'static {
    let state = (frames, principal, answers, heard);
    futures::stream::unfold(state, |mut state| async move {
        let (frames, principal, answers, heard) = &mut state;
        loop {
            let frame = frames.next().await?;
            heard.store(true, Ordering::Relaxed);
            let parsed = match frame.opcode() {
                OpCode::Close => return None,
                OpCode::Text => serde_json::from_slice::<ClientJsonRpcMessage>(frame.payload())
                    .map_err(|error| format!("not a JSON-RPC message: {error}")),
                OpCode::Binary => Err("MCP messages are text, not binary".to_owned()),
                _ => continue,
            };
            match parsed {
                Ok(mut message) => {
                    if let Some(principal) = principal {
                        message.insert_extension(principal.clone());
                    }
                    return Some((message, state));
                }
                Err(problem) => {
                    let error = ErrorData::parse_error(problem, None);
                    let answer = ServerJsonRpcMessage::error(error, None);
                    answers.send(answer).await.ok()?;
                }
            }
        }
    })
}

/// Sends what waits, until there will be no more or the client has gone.
async fn write(
    mut to_client: impl Sink<Frame, Error = yawc::WebSocketError> + Unpin,
    mut waiting: mpsc::Receiver<ServerJsonRpcMessage>,
    ping_every: Duration,
    heard: &AtomicBool,
) {
    let mut ping = tokio::time::interval(ping_every);
    ping.reset();
    loop {
        let frame = tokio::select! {
            message = waiting.recv() => {
                let Some(message) = message else { break };
                match serde_json::to_vec(&message) {
                    Ok(text) => Frame::text(text),
                    Err(error) => {
                        tracing::error!(%error, "a message could not be written");
                        break;
                    }
                }
            }
            _ = ping.tick() => {
                if !heard.swap(false, Ordering::Relaxed) {
                    tracing::debug!("a WebSocket client has not answered and is cut off");
                    return;
                }
                Frame::ping(&b""[..])
            }
        };
        match tokio::time::timeout(SEND_WITHIN, to_client.send(frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                tracing::debug!("a WebSocket client does not read and is cut off");
                return;
            }
        }
    }
    let bye = Frame::close(yawc::close::CloseCode::Normal, []);
    let closing = async {
        to_client.send(bye).await?;
        to_client.close().await
    };
    let _ = tokio::time::timeout(CLOSE_WITHIN, closing).await;
}
