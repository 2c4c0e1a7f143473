//! Entering a network through the first contact, for as long as it takes.
//!
//! The node runs without it meanwhile. A first contact that answers newcomers (a coordinator) sends
//! its profile and a proposal; of any other the profile is fetched. One that is known at another
//! address than the configured one may have moved, and is asked there who it is.

use std::sync::Arc;
use std::time::Duration;

use koi_pipeline::correlation;
use koi_rid::{Event, EventType, Rid};
use koi_wire::is_node;
use tokio_util::sync::CancellationToken;

use crate::FirstContact;
use crate::ask_error::AskError;
use crate::backoff::Backoff;
use crate::catch_up::listed;
use crate::client::Client;
use crate::graph::KnownNode;
use crate::shared::Shared;

/// How long a first contact has to introduce itself before it is asked for its profile. A Python
/// coordinator collects events for a second.
const INTRODUCES_WITHIN: Duration = Duration::from_secs(3);

/// How long the profile may take through the pipeline.
const STORED_WITHIN: Duration = Duration::from_secs(20);

pub(crate) async fn join(
    shared: Arc<Shared>,
    client: Client,
    contact: FirstContact,
    stopping: CancellationToken,
) {
    let mut backoff = Backoff::default();
    let mut reported = false;
    loop {
        let error = tokio::select! {
            () = stopping.cancelled() => return,
            result = attempt(&shared, &client, &contact) => match result {
                Ok(rid) => {
                    tracing::info!(first_contact = %rid, "this node has joined the network");
                    return;
                }
                Err(error) => error,
            },
        };
        // One line for a person; the repetitions are for whoever searches.
        if reported {
            tracing::debug!(url = contact.url, %error, "the first contact was tried again");
        } else {
            tracing::warn!(
                url = contact.url,
                %error,
                "the first contact has not let this node in; it keeps trying"
            );
            reported = true;
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(backoff.wait()) => {}
        }
    }
}

async fn attempt(
    shared: &Shared,
    client: &Client,
    contact: &FirstContact,
) -> Result<Rid, AskError> {
    let rid = match shared.coordinator.get() {
        Some(rid) => rid.clone(),
        None => {
            let rid = discover(shared, client, contact).await?;
            shared.coordinator.get_or_init(|| rid).clone()
        }
    };
    if !shared.trust.admits(&rid) {
        let what =
            format!("this node does not deal with {rid}, see koi.trust in its configuration");
        return Err(AskError::Own(what));
    }
    let before = shared.graph.node(&rid);
    match &before {
        Some(known) if is_at(known, contact) => return Ok(rid),
        Some(_) => {}
        None => {
            let events = vec![
                Event::of_rid(EventType::Forget, shared.me().clone()),
                client.introduction()?,
            ];
            client.broadcast(&rid, &contact.url, events).await?;
            let introduced = tokio::time::timeout(INTRODUCES_WITHIN, shared.graph.known(&rid));
            if introduced.await.is_ok() {
                return Ok(rid);
            }
        }
    }
    let before = before.as_ref().map(|known| &known.profile);
    let bundle = client.profile_at(&rid, &contact.url).await?;
    if before.is_some() && before == KnownNode::of(&bundle).as_ref().map(|now| &now.profile) {
        // It goes by another address than the one at which it was found.
        return Ok(rid);
    }
    let arrival = listed(bundle, &rid, &correlation());
    let accepted = shared.intake.accept(vec![arrival]).await;
    accepted.map_err(|error| AskError::Own(error.to_string()))?;
    let stored = shared
        .graph
        .until(&rid, |known| before != Some(&known.profile));
    tokio::time::timeout(STORED_WITHIN, stored)
        .await
        .map_err(|_| {
            AskError::BadAnswer("its profile was not accepted; see the dead letters".to_owned())
        })?;
    Ok(rid)
}

/// Whether a node says that it is where it was looked for.
fn is_at(known: &KnownNode, contact: &FirstContact) -> bool {
    let url = |text: &str| text.trim_end_matches('/').to_owned();
    known.base_url().map(url) == Some(url(&contact.url))
}

/// Asks a URL whose it is: an envelope for somebody else is refused by telling for whom it should
/// have been. The reference does not tell.
async fn discover(
    shared: &Shared,
    client: &Client,
    contact: &FirstContact,
) -> Result<Rid, AskError> {
    let events = vec![client.introduction()?];
    match client.broadcast(shared.me(), &contact.url, events).await {
        Err(AskError::Refused {
            node: Some(node), ..
        }) if is_node(&node) && node != *shared.me() => Ok(node),
        Err(AskError::Refused { .. }) | Ok(()) => Err(AskError::BadAnswer(
            "it does not tell its RID: give it with --first-contact-rid".to_owned(),
        )),
        Err(error) => Err(error),
    }
}
