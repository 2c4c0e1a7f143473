//! A partial node's way to events: it asks for them.
//!
//! One task for each full node that an edge joins with this one, and for the first contact. What an
//! answer holds is in the inbox before the next question is asked, which tells a node of ours that the
//! answer came; what is given twice for that changes nothing. A node is asked at intervals, again at once
//! while it fills its answers, soon after it was told something, and with growing waits while it fails.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use koi_pipeline::correlation;
use koi_rid::{Event, Rid};
use koi_store::Arrival;
use rand::RngExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ask_error::AskError;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::handlers::other_end;
use crate::shared::Shared;

/// How many events are asked for at once: so many large ones still fit into an answer.
const LIMIT: u64 = 100;

/// When to ask a node that was told something. It processes that before it has anything to say to it.
const AFTER_TELLING: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(400),
    Duration::from_millis(1000),
];

/// What polls.
pub(crate) struct Polling {
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: Client,
    /// How long to wait between two questions to one node.
    pub(crate) every: Duration,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// A node that is polled.
struct Polled {
    /// It was told something.
    told: Arc<Notify>,
    stop: CancellationToken,
}

impl Polling {
    /// Polls whom this node has to do with, until it stops.
    pub(crate) async fn run(self) {
        let mut polled = HashMap::<Rid, Polled>::new();
        let mut changes = self.shared.graph.changes();
        let mut greeted = false;
        loop {
            let nodes = self.nodes(greeted);
            polled.retain(|node, task| {
                let goes_on = nodes.contains(node);
                if !goes_on {
                    task.stop.cancel();
                }
                goes_on
            });
            for node in nodes {
                polled
                    .entry(node)
                    .or_insert_with_key(|node| self.start(node));
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
                told = self.shared.told.next() => {
                    greeted |= told.iter().any(|node| self.shared.trusts(node));
                    for task in told.iter().filter_map(|node| polled.get(node)) {
                        task.told.notify_one();
                    }
                }
            }
        }
    }

    /// Those that may have something to say to this node. A first contact that is not known has to be
    /// greeted before: the greeting asks it to forget this node, with all that has come about.
    fn nodes(&self, greeted: bool) -> BTreeSet<Rid> {
        let shared = &self.shared;
        let edges = shared.graph.edges_of(shared.me());
        let others = edges.iter();
        let mut nodes: BTreeSet<Rid> = others
            .filter_map(|(_, edge)| other_end(edge, shared.me()))
            .collect();
        let first_contact = shared.coordinator.get().cloned();
        nodes.extend(first_contact.filter(|rid| greeted || shared.graph.node(rid).is_some()));
        nodes.retain(|node| shared.url_of(node).is_some());
        nodes
    }

    fn start(&self, node: &Rid) -> Polled {
        let told = Arc::new(Notify::new());
        let stop = self.stopping.child_token();
        let task = Task {
            shared: self.shared.clone(),
            client: self.client.clone(),
            node: node.clone(),
            every: self.every,
            told: told.clone(),
        };
        let stopped = stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = task.run() => {}
            }
        });
        Polled { told, stop }
    }
}

/// The polling of one node.
struct Task {
    shared: Arc<Shared>,
    client: Client,
    node: Rid,
    every: Duration,
    told: Arc<Notify>,
}

impl Task {
    async fn run(self) {
        let mut failing: Option<Backoff> = None;
        let mut soon = AFTER_TELLING.iter();
        loop {
            let answer = self.client.poll(&self.node, LIMIT).await;
            let wait = match answer {
                Ok(events) => {
                    if failing.take().is_some() {
                        tracing::info!(peer = %self.node, "polling works again");
                        // What waits to be told to it need not wait any longer.
                        self.shared.heard.ring(&self.node);
                    }
                    let full = events.len() as u64 >= LIMIT;
                    self.take(events).await;
                    if full {
                        continue;
                    }
                    let next = soon.next().copied();
                    next.map_or(self.every, |next| next.min(self.every))
                }
                Err(error) => {
                    self.report(&error, failing.is_some());
                    failing.get_or_insert_default().wait()
                }
            };
            tokio::select! {
                () = self.told.notified() => soon = AFTER_TELLING.iter(),
                () = tokio::time::sleep(varied(wait)) => {}
            }
        }
    }

    /// Takes events, however long it takes: the node may not have them any more.
    async fn take(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let correlation = correlation();
        tracing::debug!(peer = %self.node, events = events.len(), correlation, "events were polled");
        let arrivals: Vec<Arrival> = events
            .into_iter()
            .map(|event| Arrival {
                source: Some(self.node.clone()),
                correlation: correlation.clone(),
                ..Arrival::from(event)
            })
            .collect();
        let mut backoff = Backoff::default();
        while let Err(error) = self.shared.intake.accept(arrivals.clone()).await {
            tracing::warn!(peer = %self.node, %error, "events that were polled wait to be taken");
            tokio::time::sleep(backoff.wait()).await;
        }
    }

    /// One line for a person; the repetitions are for whoever searches.
    fn report(&self, error: &AskError, again: bool) {
        if again {
            tracing::debug!(peer = %self.node, %error, "a node was polled in vain again");
        } else {
            tracing::warn!(peer = %self.node, %error, "a node cannot be polled; it is tried again");
        }
    }
}

/// So that many nodes that began together do not ask together.
fn varied(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.8..=1.0))
}
