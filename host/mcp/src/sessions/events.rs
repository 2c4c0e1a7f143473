//! The ids of events in streams, by which a client that lost a stream goes on with it.
//!
//! rmcp counts events anew whenever a session comes into memory. So that an id of an earlier life is
//! not taken for one of this life, it names the life; and the request that the stream answers, whose
//! client is told when its answer is lost.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{Stream, StreamExt};
use rmcp::ErrorData;
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::ServerSseMessage;

use crate::shared::run_id;

/// Longer ids of requests, in JSON, are not named.
const MAX_REQUEST_BYTES: usize = 128;

/// The life of a session in memory: eight hex digits, other ones each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life(String);

/// Where a client wants to go on.
#[derive(Debug, PartialEq)]
pub(super) enum Resumed {
    /// After an event of this life, by rmcp's own id.
    Here(String),
    /// With the answer to a request of an earlier life, which is lost.
    Lost(RequestId),
    /// With what the server says by itself.
    Anew,
}

impl Life {
    pub(super) fn new() -> Self {
        Self(run_id())
    }

    /// Has the events of a stream bear ids of ours.
    pub(super) fn mark<S>(
        &self,
        events: S,
        request: Option<String>,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static + use<S>
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        let life = self.0.clone();
        events.map(move |mut event| {
            let request = request.as_deref().unwrap_or_default();
            event.event_id = event.event_id.map(|id| format!("{life}.{id}.{request}"));
            event
        })
    }

    pub(super) fn resumed(&self, id: &str) -> Resumed {
        let mut parts = id.splitn(3, '.');
        let (Some(life), Some(of_rmcp), Some(request)) = (parts.next(), parts.next(), parts.next())
        else {
            return Resumed::Anew;
        };
        if life == self.0 {
            return Resumed::Here(of_rmcp.to_owned());
        }
        named(request).map_or(Resumed::Anew, Resumed::Lost)
    }
}

/// The request that a message is, as the ids of its events name it.
pub(super) fn name(message: &ClientJsonRpcMessage) -> Option<String> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    let id = serde_json::to_vec(&request.id).ok()?;
    (id.len() <= MAX_REQUEST_BYTES).then(|| URL_SAFE_NO_PAD.encode(id))
}

fn named(name: &str) -> Option<RequestId> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(name).ok()?).ok()
}

/// What the client of a lost answer gets.
pub(super) fn lost(request: RequestId) -> ServerSseMessage {
    let error = ErrorData::internal_error(
        "the answer was lost when the server started again: the request may have had its effect; \
         send it once more if that does no harm",
        None,
    );
    ServerSseMessage::from_message(ServerJsonRpcMessage::error(error, Some(request)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(id: RequestId) -> ClientJsonRpcMessage {
        use rmcp::model::{ClientRequest, PingRequest};
        ClientJsonRpcMessage::request(ClientRequest::PingRequest(PingRequest::default()), id)
    }

    async fn marked(life: &Life, id: &str, request: Option<String>) -> String {
        let mut event = ServerSseMessage::default();
        event.event_id = Some(id.to_owned());
        let events: Vec<_> = life
            .mark(futures::stream::iter([event]), request)
            .collect()
            .await;
        events[0].event_id.clone().unwrap()
    }

    #[tokio::test]
    async fn an_event_of_this_life_is_found_and_one_of_another_is_not_confused_with_it() {
        let (now, before) = (Life("00000001".into()), Life("00000000".into()));
        let id = marked(&now, "7", None).await;
        assert_eq!(now.resumed(&id), Resumed::Here("7".into()));
        let id = marked(&before, "7", None).await;
        assert_eq!(now.resumed(&id), Resumed::Anew);
        for strange in ["0", "", "7/1", "....", "00000000.7.!"] {
            assert_eq!(now.resumed(strange), Resumed::Anew, "{strange}");
        }
    }

    #[tokio::test]
    async fn a_lost_answer_is_told_to_the_request_that_waits_for_it() {
        let (now, before) = (Life("00000001".into()), Life("00000000".into()));
        for request in [RequestId::Number(7), RequestId::String("a.b\n".into())] {
            let name = name(&ping(request.clone()));
            let id = marked(&before, "2/1", name.clone()).await;
            assert_eq!(now.resumed(&id), Resumed::Lost(request));
            let id = marked(&now, "2/1", name).await;
            assert_eq!(now.resumed(&id), Resumed::Here("2/1".into()));
        }
        let long = RequestId::String("x".repeat(200).into());
        assert_eq!(name(&ping(long)), None);
    }
}
