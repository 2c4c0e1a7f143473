//! Contact with known nodes: subscribes to what they provide and this node wants, and catches up
//! with what they have.
//!
//! One task a node at a time. It is tried again, with growing waits, as long as the node is known,
//! and soon when it is heard of (see [`crate::away`]).
//! Nothing here is remembered: at the next start every known node is contacted again, and what it has
//! not answered by then is proposed again.
//!
//! A partial node cannot be asked for anything, and hears of a proposal only when it polls this node. So
//! one that subscribes here is proposed to, and any other is let be.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use koi_pipeline::{correlation, forgetting, succeed};
use koi_rid::{Contents, Event, EventType, Rid, RidType};
use koi_store::Arrival;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, EdgeType, NODE_TYPE, NodeProfile};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backoff::Backoff;
use crate::catch_up::{ContactError, catch_up};
use crate::client::Client;
use crate::shared::Shared;
use crate::trust::Direction;

/// How long a proposal may be without an answer before it is made again; twice as long each further
/// time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// How often a proposal is made again.
const MAX_REPETITIONS: u32 = 4;

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// Propose what is missing, then catch up.
    Usual,
    /// Propose again even what stands: the node has lost it.
    Again,
}

/// What was proposed to a node.
struct Asked {
    edge: EdgeProfile,
    at: Instant,
    /// How often it was made again because there was no answer.
    repeated: u32,
}

#[derive(Clone)]
pub(crate) struct Contacts {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    client: Client,
    /// The nodes that have a task, with what is to be done after the present try.
    running: Mutex<HashMap<Rid, Option<Purpose>>>,
    /// What was proposed last, to whom. A provider that approves less is not asked the same again.
    asked: Mutex<HashMap<Rid, Asked>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Contacts {
    pub(crate) fn new(
        shared: Arc<Shared>,
        client: Client,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let inner = Inner {
            shared,
            client,
            running: Mutex::default(),
            asked: Mutex::default(),
            stopping,
            tasks,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Contacts all known nodes, and then whichever the bells name, until the node stops.
    pub(crate) async fn run(self) {
        let shared = self.inner.shared.clone();
        for (node, _) in shared.graph.nodes() {
            let standing = shared.graph.edge(&node, shared.me());
            // The proposal may have gone with the other node's memory.
            let unanswered = standing.is_some_and(|(_, e)| e.status == EdgeStatus::Proposed);
            let purpose = match unanswered {
                true => Purpose::Again,
                false => Purpose::Usual,
            };
            self.start(&node, purpose);
        }
        loop {
            tokio::select! {
                () = self.inner.stopping.cancelled() => return,
                nodes = shared.contacts.next() => {
                    nodes.iter().for_each(|node| self.start(node, Purpose::Usual));
                }
                nodes = shared.forgotten_by.next() => {
                    nodes.iter().for_each(|node| self.start(node, Purpose::Again));
                }
            }
        }
    }

    fn start(&self, node: &Rid, purpose: Purpose) {
        let mut all = self.running();
        if let Some(next) = all.get_mut(node) {
            *next = Some(next.map_or(purpose, |next| next.max(purpose)));
            return;
        }
        all.insert(node.clone(), None);
        let (contacts, node) = (self.clone(), node.clone());
        self.inner.tasks.spawn(async move {
            let mut purpose = purpose;
            loop {
                tokio::select! {
                    () = contacts.inner.stopping.cancelled() => return,
                    () = contacts.persist(&node, purpose) => {}
                }
                let mut all = contacts.running();
                match all.get_mut(&node).and_then(Option::take) {
                    Some(next) => purpose = next,
                    None => {
                        all.remove(&node);
                        return;
                    }
                }
            }
        });
    }

    /// Tries until it works, or cannot work.
    async fn persist(&self, node: &Rid, mut purpose: Purpose) {
        let mut backoff = Backoff::default();
        loop {
            let error = match self.inner.contact(node, &mut purpose).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if let ContactError::Ask(error) = &error
                && !error.is_transient()
            {
                tracing::warn!(node = %node, %error, "could not catch up with a node");
                return;
            }
            let mut wait = backoff.wait();
            if let ContactError::Ask(error) = &error {
                wait = wait.max(error.asks_to_wait().unwrap_or_default());
            }
            tracing::debug!(node = %node, %error, "will catch up with a node later");
            self.inner.shared.away.rest(node, wait).await;
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Rid, Option<Purpose>>> {
        lock(&self.inner.running)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here can stop half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// Proposes, then catches up. Once the proposal is on its way, which is durable, only the usual is
    /// left to be done.
    async fn contact(&self, node: &Rid, purpose: &mut Purpose) -> Result<(), ContactError> {
        let shared = &self.shared;
        let me = shared.me();
        let Some(known) = shared.graph.node(node).filter(|_| node != me) else {
            return Ok(());
        };
        if !known.is_full() && (shared.is_partial() || shared.graph.edge(me, node).is_none()) {
            return Ok(());
        }
        let wanted = wanted(shared, node, &known.profile);
        let standing = shared.graph.edge(node, me);
        let unanswered = standing
            .as_ref()
            .is_some_and(|(_, edge)| edge.status == EdgeStatus::Proposed)
            && lock(&self.asked)
                .get(node)
                .is_none_or(|asked| asked.at.elapsed() >= ANSWERED_WITHIN);
        let edge = Ask {
            provider: node,
            me,
            edge_type: if shared.is_partial() {
                EdgeType::Poll
            } else {
                EdgeType::Webhook
            },
            wanted: &wanted,
            provided: &known.profile.provides.event,
            standing: standing.as_ref().map(|(_, edge)| &**edge),
            asked: lock(&self.asked).get(node).map(|asked| asked.edge.clone()),
            again: *purpose == Purpose::Again,
        };
        match (edge.wish(), standing) {
            (Wish::Propose(edge), standing) => {
                let rid = standing.map_or_else(|| edge.rid(), |(rid, _)| rid);
                match edge.to_contents() {
                    Ok(contents) => self.propose(rid, contents, unanswered).await?,
                    Err(error) => tracing::error!(%error, "an edge could not be proposed"),
                }
                self.expect_answer(node, edge, unanswered);
            }
            (Wish::Withdraw, Some((rid, _))) => {
                lock(&self.asked).remove(node);
                self.shared.intake.accept(vec![forgetting(rid)]).await?;
            }
            (Wish::Withdraw | Wish::Nothing, _) => {}
        }
        *purpose = Purpose::Usual;
        if wanted.is_empty() || !known.is_full() {
            return Ok(());
        }
        catch_up(shared, &self.client, node, &wanted).await
    }

    /// Remembers what was proposed, and has it proposed again if there is no answer in time.
    fn expect_answer(&self, node: &Rid, edge: EdgeProfile, unanswered: bool) {
        let repeated = {
            let mut all = lock(&self.asked);
            let before = all.get(node).filter(|_| unanswered);
            let repeated = before.map_or(0, |before| before.repeated + 1);
            let at = Instant::now();
            all.insert(node.clone(), Asked { edge, at, repeated });
            repeated
        };
        if repeated >= MAX_REPETITIONS {
            return;
        }
        let (shared, stopping) = (self.shared.clone(), self.stopping.clone());
        let node = node.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(ANSWERED_WITHIN * 2_u32.pow(repeated)) => {}
            }
            let standing = shared.graph.edge(&node, shared.me());
            if standing.is_some_and(|(_, edge)| edge.status == EdgeStatus::Proposed) {
                shared.forgotten_by.ring(&node);
            }
        });
    }

    /// A Python node that happens to fetch a proposal before it is told of it takes the one for old news
    /// and never answers, nor any that says the same. So one without an answer is taken back first.
    async fn propose(
        &self,
        rid: Rid,
        contents: Contents,
        unanswered: bool,
    ) -> Result<(), ContactError> {
        let taken_back = unanswered.then(|| forgetting(rid.clone()));
        let stored = self.shared.stores.bundles.read(&rid).await?;
        let stored = stored.map(|stored| stored.bundle.manifest);
        let bundle = succeed(stored.as_ref(), rid, contents);
        let arrival = Arrival {
            correlation: correlation(),
            ..Arrival::from(Event::of_bundle(EventType::New, bundle))
        };
        let arrivals = taken_back.into_iter().chain([arrival]);
        Ok(self.shared.intake.accept(arrivals.collect()).await?)
    }
}

/// What a node provides that this one wants to hear of, and may hear of from it.
pub(crate) fn wanted(shared: &Shared, node: &Rid, of: &NodeProfile) -> BTreeSet<RidType> {
    let interest = &shared.offer.load().interest;
    let permits = |rid_type: &RidType| {
        shared
            .trust
            .permits(node, Direction::From, rid_type.as_str())
    };
    let provided = of.provides.event.iter();
    provided
        .filter(|rid_type| interest.contains(rid_type) && permits(rid_type))
        .cloned()
        .collect()
}

/// What is to be decided about the edge from a provider to this node.
struct Ask<'a> {
    provider: &'a Rid,
    me: &'a Rid,
    edge_type: EdgeType,
    /// What this node wants of that which the other provides.
    wanted: &'a BTreeSet<RidType>,
    /// What the other provides.
    provided: &'a [RidType],
    standing: Option<&'a EdgeProfile>,
    /// What was proposed last.
    asked: Option<EdgeProfile>,
    /// Also if it stands already.
    again: bool,
}

/// What is to become of the edge.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    Propose(EdgeProfile),
    /// Nothing of what it is about is provided any more.
    Withdraw,
}

impl Ask<'_> {
    /// Nodes and edges that a standing edge has stay in it: a coordinator proposes those for itself
    /// whether or not the other node provides them.
    fn wish(self) -> Wish {
        let mut types = self.wanted.clone();
        let stood = self
            .standing
            .map_or(&[][..], |edge| edge.rid_types.as_slice());
        let kept = stood
            .iter()
            .filter(|t| t.as_str() == NODE_TYPE || t.as_str() == EDGE_TYPE);
        types.extend(kept.cloned());
        if types.is_empty() {
            let provided = stood.iter().any(|t| self.provided.contains(t));
            return match self.standing {
                Some(_) if !provided => Wish::Withdraw,
                _ => Wish::Nothing,
            };
        }
        let edge = EdgeProfile {
            source: self.provider.clone(),
            target: self.me.clone(),
            edge_type: self.edge_type,
            status: EdgeStatus::Proposed,
            rid_types: types.into_iter().collect(),
        };
        let Some(standing) = self.standing.filter(|_| !self.again) else {
            return Wish::Propose(edge);
        };
        let answered =
            standing.status == EdgeStatus::Approved && self.asked.as_ref() == Some(&edge);
        if answered || says_the_same(standing, &edge) {
            Wish::Nothing
        } else {
            Wish::Propose(edge)
        }
    }
}

fn says_the_same(standing: &EdgeProfile, edge: &EdgeProfile) -> bool {
    let types = |edge: &EdgeProfile| edge.rid_types.iter().cloned().collect::<BTreeSet<_>>();
    standing.edge_type == edge.edge_type && types(standing) == types(edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> BTreeSet<RidType> {
        names
            .iter()
            .map(|name| RidType::parse(name).unwrap())
            .collect()
    }

    fn node(name: &str) -> Rid {
        Rid::parse(&format!("{NODE_TYPE}:{name}+00")).unwrap()
    }

    /// What a full node wishes that wants all that is provided.
    fn wish(
        provided: &[&str],
        standing: Option<&EdgeProfile>,
        asked: Option<&EdgeProfile>,
    ) -> Wish {
        let ask = Ask {
            provider: &node("provider"),
            me: &node("me"),
            edge_type: EdgeType::Webhook,
            wanted: &types(provided),
            provided: &Vec::from_iter(types(provided)),
            standing,
            asked: asked.cloned(),
            again: false,
        };
        ask.wish()
    }

    fn edge(status: EdgeStatus, names: &[&str]) -> EdgeProfile {
        EdgeProfile {
            source: node("provider"),
            target: node("me"),
            edge_type: EdgeType::Webhook,
            status,
            rid_types: Vec::from_iter(types(names)),
        }
    }

    #[test]
    fn a_first_proposal_asks_for_what_is_wanted() {
        let expected = edge(EdgeStatus::Proposed, &["orn:test.note"]);
        assert_eq!(
            wish(&["orn:test.note"], None, None),
            Wish::Propose(expected)
        );
        assert_eq!(wish(&[], None, None), Wish::Nothing);
    }

    #[test]
    fn what_stands_is_not_proposed_again() {
        let mut standing = edge(EdgeStatus::Approved, &["orn:test.a", "orn:test.b"]);
        standing.rid_types.reverse();
        let provided = ["orn:test.a", "orn:test.b"];
        assert_eq!(wish(&provided, Some(&standing), None), Wish::Nothing);
    }

    #[test]
    fn other_wishes_are_proposed_and_keep_nodes_and_edges() {
        let standing = edge(EdgeStatus::Approved, &[NODE_TYPE, "orn:test.a"]);
        let expected = edge(EdgeStatus::Proposed, &[NODE_TYPE, "orn:test.b"]);
        let wish = wish(&["orn:test.b"], Some(&standing), None);
        assert_eq!(wish, Wish::Propose(expected));
    }

    #[test]
    fn an_edge_for_what_is_no_longer_provided_is_narrowed_and_at_last_withdrawn() {
        let standing = edge(EdgeStatus::Approved, &["orn:test.a", "orn:test.b"]);
        let expected = edge(EdgeStatus::Proposed, &["orn:test.a"]);
        let narrower = wish(&["orn:test.a"], Some(&standing), None);
        assert_eq!(narrower, Wish::Propose(expected));
        assert_eq!(wish(&[], Some(&standing), None), Wish::Withdraw);
        let coordinators = edge(EdgeStatus::Approved, &[NODE_TYPE, EDGE_TYPE]);
        assert_eq!(wish(&[], Some(&coordinators), None), Wish::Nothing);
    }

    #[test]
    fn a_provider_that_approves_less_is_not_asked_the_same_again() {
        let provided = ["orn:test.a", "orn:test.b"];
        let asked = edge(EdgeStatus::Proposed, &provided);
        let less = edge(EdgeStatus::Approved, &["orn:test.a"]);
        assert_eq!(wish(&provided, Some(&less), Some(&asked)), Wish::Nothing);
        assert_eq!(wish(&provided, Some(&less), None), Wish::Propose(asked));
    }

    #[test]
    fn a_node_that_has_become_partial_asks_to_poll() {
        let standing = edge(EdgeStatus::Approved, &["orn:test.a"]);
        let ask = Ask {
            provider: &node("provider"),
            me: &node("me"),
            edge_type: EdgeType::Poll,
            wanted: &types(&["orn:test.a"]),
            provided: &[],
            standing: Some(&standing),
            asked: None,
            again: false,
        };
        assert!(matches!(ask.wish(), Wish::Propose(edge) if edge.edge_type == EdgeType::Poll));
    }
}
