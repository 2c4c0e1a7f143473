//! The requests of a session that are being answered, by their ids.
//!
//! A client must not use an id twice, and rmcp trusts it to: it finds the stream of an answer by the
//! id of the request. Of two requests that have the same id at the same time one would get the
//! answer of the other, and the other would wait for ever. So the later one is refused.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{Stream, StreamExt};
use rmcp::ErrorData;
use rmcp::model::{JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::ServerSseMessage;

/// The ids of the requests that are being answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answering(Arc<Mutex<HashSet<RequestId>>>);

/// A request until its answer is on its stream. If its client has left the stream, until its
/// handler has dropped it too.
#[derive(Debug, Clone)]
pub(super) struct Unanswered(Arc<Request>);

#[derive(Debug)]
struct Request {
    id: RequestId,
    of: Answering,
    answered: AtomicBool,
}

impl Answering {
    /// No code panics while it holds the lock.
    fn ids(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None if a request with this id is being answered.
    pub(super) fn begin(&self, id: &RequestId) -> Option<Unanswered> {
        self.ids().insert(id.clone()).then(|| {
            Unanswered(Arc::new(Request {
                id: id.clone(),
                of: self.clone(),
                answered: AtomicBool::new(false),
            }))
        })
    }
}

impl Unanswered {
    /// Looks for the answer on the stream of the request. The id is free before the client has it.
    pub(super) fn watch<S>(
        self,
        events: S,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static + use<S>
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        events.inspect(move |event| {
            if let Some(JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) =
                event.message.as_deref()
            {
                self.0.answered();
            }
        })
    }
}

impl Request {
    /// Frees the id, once: it may be that of the next request afterwards.
    fn answered(&self) {
        if !self.answered.swap(true, Ordering::AcqRel) {
            self.of.ids().remove(&self.id);
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.answered();
    }
}

/// What the client of a second request with an id gets.
pub(super) fn refusal(id: RequestId) -> ServerSseMessage {
    let error = ErrorData::invalid_request(
        "a request with this id is still being answered in this session: give each request an id of \
         its own",
        None,
    );
    ServerSseMessage::from_message(ServerJsonRpcMessage::error(error, Some(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RequestId = RequestId::Number(7);

    fn answer() -> ServerSseMessage {
        refusal(ID)
    }

    #[tokio::test]
    async fn an_id_is_free_again_as_soon_as_the_answer_is_there() {
        let answering = Answering::default();
        let request = answering.begin(&ID).unwrap();
        let with_the_handler = request.clone();
        let priming = ServerSseMessage::default();
        let mut events = Box::pin(request.watch(futures::stream::iter([priming, answer()])));
        events.next().await.unwrap();
        assert!(answering.begin(&ID).is_none());
        events.next().await.unwrap();
        let next = answering.begin(&ID).unwrap();
        // What is left of the first does not free the id of the next.
        drop((events, with_the_handler));
        assert!(answering.begin(&ID).is_none());
        drop(next);
        assert!(answering.begin(&ID).is_some());
    }

    #[test]
    fn an_id_whose_client_has_gone_is_free_when_the_handler_is_done() {
        let answering = Answering::default();
        let request = answering.begin(&ID).unwrap();
        let with_the_handler = request.clone();
        drop(request.watch(futures::stream::iter([answer()])));
        assert!(answering.begin(&ID).is_none());
        assert!(answering.begin(&RequestId::Number(8)).is_some());
        drop(with_the_handler);
        assert!(answering.begin(&ID).is_some());
    }
}
