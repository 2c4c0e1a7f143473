//! Questions as requests to a client of the legacy era: all at the same time, on the stream of the
//! request that caused them. A request that nobody waits for any more is withdrawn.

use futures::future::try_join_all;
use koi_runtime::ports::PortError;
use rmcp::model::{CancelledNotificationParam, RequestId, ServerRequest};
use rmcp::service::{Peer, PeerRequestOptions, RoleServer, ServiceError};
use serde_json::Value;

use crate::questions::{Answers, Questions};

/// Asks, and gathers the answers. Has to run in the task of the request that caused it: that is how
/// rmcp knows on which stream the client hears.
///
/// # Errors
/// What the client answered instead; the other questions are withdrawn.
pub(crate) async fn ask(
    peer: &Peer<RoleServer>,
    questions: &Questions,
) -> Result<Answers, PortError> {
    let asked = questions.requests().map(|(key, request)| async move {
        let answer = request_of(peer, request)
            .await
            .map_err(|error| refused(key, error))?;
        Ok((key.to_owned(), answer))
    });
    let given: Answers = try_join_all(asked).await?.into_iter().collect();
    let mut answers = Answers::new();
    let fits = questions.take(given, &mut answers);
    fits.map_err(|misfit| PortError::Permanent(misfit.to_string()))?;
    Ok(answers)
}

async fn request_of(
    peer: &Peer<RoleServer>,
    request: ServerRequest,
) -> Result<Value, ServiceError> {
    let options = PeerRequestOptions::no_options();
    let handle = peer.send_cancellable_request(request, options).await?;
    let mut waits = Waits {
        peer,
        id: Some(handle.id.clone()),
    };
    let result = handle.await_response().await;
    waits.id = None;
    serde_json::to_value(result?).map_err(|_| ServiceError::UnexpectedResponse)
}

fn refused(key: &str, error: ServiceError) -> PortError {
    match error {
        ServiceError::McpError(error) => PortError::Permanent(format!(
            "the client answered `{key}` with an error: {}",
            error.message
        )),
        error => PortError::Transient(format!("the client did not answer `{key}`: {error}")),
    }
}

/// A request that waits for its answer; withdrawn if it is dropped before.
struct Waits<'a> {
    peer: &'a Peer<RoleServer>,
    id: Option<RequestId>,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let peer = self.peer.clone();
        runtime.spawn(async move {
            let reason = Some("the call that asked has ended".to_owned());
            let withdrawn = CancelledNotificationParam::new(Some(id), reason);
            let _ = peer.notify_cancelled(withdrawn).await;
        });
    }
}
