//! The network side as a whole: how it is put together, started and stopped.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use futures::future::BoxFuture;
use koi_pipeline::{
    Bell, Fetch, HostHandler, Intake, IntakeError, Lifetimes, Pipeline, correlation, succeed,
};
use koi_registry::Registry;
use koi_rid::{ContentsError, Event, EventType, Rid, RidType};
use koi_runtime::ports::Network;
use koi_store::{Arrival, StoreError, Stores};
use koi_wire::{EdgeProfile, NodeProfile, NodeType, Provides};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::away::Away;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::contact::Contacts;
use crate::delivery::Delivery;
use crate::graph::Graph;
use crate::limits::Accounts;
use crate::network::KnownNetwork;
use crate::offer::Offer;
use crate::peers::Peers;
use crate::poll::Polling;
use crate::receive::Bodies;
use crate::recent::Recent;
use crate::replay::Replays;
use crate::serve::serve;
use crate::shared::{MAX_ANSWERS, MAX_STRANGERS, Shared};
use crate::tls::{Authorities, TlsServer};
use crate::{
    FirstContact, Identity, Kind, PeerLimits, Role, Trust, contact, handlers, join, server,
};

/// Where a node that listens on an address has its endpoints.
pub fn base_url(address: SocketAddr) -> String {
    format!("http://{address}{}", server::PREFIX)
}

/// What the network side is made of.
pub struct NetParts {
    /// Who this node is.
    pub identity: Identity,
    /// Where everything is kept.
    pub stores: Stores,
    /// The entrance of the pipeline.
    pub intake: Intake,
    /// What this node is for.
    pub role: Role,
    /// Whether it has a server, and where.
    pub kind: Kind,
    /// Through which node it enters a network.
    pub first_contact: Option<FirstContact>,
    /// How it meets other nodes.
    pub border: Border,
    /// Which knowledge is not kept for good: the same as the pipeline's.
    pub lifetimes: Lifetimes,
}

/// With whom a node deals, how much each may take of it, and how connections are secured.
#[derive(Debug, Clone)]
pub struct Border {
    /// Whom and what the operator allows and denies.
    pub trust: Trust,
    /// What one other node may take.
    pub limits: PeerLimits,
    /// For how long a broadcast that was taken is known again; not at all if that is nothing.
    pub replay_window: Duration,
    /// What the server shows of itself; it speaks plain HTTP without.
    pub tls: Option<TlsServer>,
    /// Whose certificates the client believes; the system's authorities' without.
    pub authorities: Option<Authorities>,
}

impl Default for Border {
    /// Everybody is dealt with, a broadcast is known again for ten minutes, nothing is secured.
    fn default() -> Self {
        Self {
            trust: Trust::default(),
            limits: PeerLimits::default(),
            replay_window: Duration::from_secs(600),
            tls: None,
            authorities: None,
        }
    }
}

/// Why the network side could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// This node's own profile could not be written.
    #[error("this node's profile could not be written: {0}")]
    Profile(#[from] ContentsError),
    /// This node's own profile could not be published.
    #[error("this node's profile could not be published: {0}")]
    Intake(#[from] IntakeError),
    /// The first contact is this node itself.
    #[error("the first contact is this node itself: name another one, or none")]
    OwnContact,
    /// The first contact is a node with which this one must not deal.
    #[error("the first contact, {0}, is denied: allow it, or name another one")]
    DeniedContact(Rid),
    /// Newcomers could not reach it.
    #[error("a coordinator needs a server that newcomers reach: a partial node cannot be one")]
    PartialCoordinator,
}

/// Why there is nothing to propose to a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// It is not known.
    #[error("no node {0} is known; `koi-mcp network nodes` lists those that are")]
    Unknown(Rid),
    /// It is this node.
    #[error("this node proposes nothing to itself")]
    Own,
    /// It is denied.
    #[error("this node does not deal with {0}, see koi.trust in its configuration")]
    Denied(Rid),
    /// It has no server, and does not poll this node.
    #[error(
        "{0} is a partial node that does not subscribe to this one, and so cannot be told anything"
    )]
    Partial(Rid),
    /// No extension may read or handle what it provides.
    #[error("{node} provides nothing that this node wants; it provides: {provided}")]
    NothingWanted {
        /// The node.
        node: Rid,
        /// Its RID types.
        provided: String,
    },
}

/// The network side before it serves. Clones are the same one.
#[derive(Clone)]
pub struct Net {
    shared: Arc<Shared>,
    client: Client,
    tls: Option<TlsServer>,
}

impl Net {
    /// Reads what is known of the network from the store.
    pub fn open(parts: NetParts) -> BoxFuture<'static, Result<Self, NetError>> {
        Box::pin(async move {
            let me = parts.identity.rid().clone();
            let coordinator = OnceLock::new();
            let own_url = match &parts.kind {
                Kind::Full { base_url } => Some(base_url.as_str()),
                Kind::Partial { .. } if parts.role == Role::Coordinator => {
                    return Err(NetError::PartialCoordinator);
                }
                Kind::Partial { .. } => None,
            };
            if let Some(contact) = &parts.first_contact {
                if own_url == Some(contact.url.trim_end_matches('/'))
                    || contact.rid.as_ref() == Some(&me)
                {
                    return Err(NetError::OwnContact);
                }
                if let Some(rid) = &contact.rid {
                    if !parts.border.trust.admits(rid) {
                        return Err(NetError::DeniedContact(rid.clone()));
                    }
                    coordinator.get_or_init(|| rid.clone());
                }
            }
            let profile = parts.stores.bundles.read(&me).await?;
            let shared = Arc::new(Shared {
                graph: Graph::load(me, &parts.stores).await?,
                identity: parts.identity,
                role: parts.role,
                kind: parts.kind,
                first_contact: parts.first_contact,
                coordinator,
                stores: parts.stores,
                intake: parts.intake,
                lifetimes: parts.lifetimes,
                peers: Peers::default(),
                recent: Recent::default(),
                offer: ArcSwap::from_pointee(Offer::default()),
                profile: ArcSwapOption::from(profile.map(|stored| Arc::new(stored.bundle))),
                contacts: Bell::default(),
                forgotten_by: Bell::default(),
                heard: Bell::default(),
                told: Bell::default(),
                away: Away::default(),
                reachable: Bell::default(),
                strangers: Semaphore::new(MAX_STRANGERS),
                bodies: Bodies::up_to(parts.border.limits.body),
                trust: parts.border.trust,
                accounts: Accounts::new(parts.border.limits),
                replays: Replays::new(parts.border.replay_window),
                answers: Semaphore::new(MAX_ANSWERS),
            });
            let client = Client::new(shared.clone(), parts.border.authorities)?;
            let tls = parts.border.tls;
            Ok(Self {
                shared,
                client,
                tls,
            })
        })
    }

    /// This node.
    pub fn rid(&self) -> &Rid {
        self.shared.me()
    }

    /// How the pipeline asks other nodes.
    pub fn fetch(&self) -> Arc<dyn Fetch> {
        Arc::new(self.client.clone())
    }

    /// The network as guests see it.
    pub fn network(&self) -> Arc<dyn Network> {
        Arc::new(KnownNetwork(self.shared.clone()))
    }

    /// The nodes that are known, this one too, in the order of their RIDs.
    pub fn nodes(&self) -> Vec<(Rid, NodeProfile)> {
        self.shared.graph.profiles()
    }

    /// The edges that are known, in the order of their RIDs.
    pub fn edges(&self) -> Vec<(Rid, EdgeProfile)> {
        self.shared.graph.edges()
    }

    /// Proposes to a node again, in the background, to be told of what it provides and this node wants,
    /// also if it has said no or yes before. Gives what that is.
    pub fn propose(&self, node: &Rid) -> Result<BTreeSet<RidType>, ProposeError> {
        let shared = &self.shared;
        if node == shared.me() {
            return Err(ProposeError::Own);
        }
        let known = shared.graph.node(node);
        let known = known.ok_or_else(|| ProposeError::Unknown(node.clone()))?;
        if !shared.trust.admits(node) {
            return Err(ProposeError::Denied(node.clone()));
        }
        // One that subscribes here polls, and so hears of it.
        if !known.is_full() && shared.graph.edge(shared.me(), node).is_none() {
            return Err(ProposeError::Partial(node.clone()));
        }
        let wanted = contact::wanted(shared, node, &known.profile);
        if wanted.is_empty() {
            let provided = known.profile.provides.event.iter();
            let provided: Vec<&str> = provided.map(RidType::as_str).collect();
            return Err(ProposeError::NothingWanted {
                node: node.clone(),
                provided: match provided.is_empty() {
                    true => "nothing".to_owned(),
                    false => provided.join(", "),
                },
            });
        }
        shared.forgotten_by.ring(node);
        Ok(wanted)
    }

    /// The pipeline's handlers for nodes and edges, and for who is told of what. From now on this node
    /// offers what the registry has.
    pub fn host_handlers(&self, registry: &Registry) -> Vec<Arc<dyn HostHandler>> {
        let offer = Offer::of(self.shared.role, &registry.snapshot());
        self.shared.offer.store(Arc::new(offer));
        handlers::all(&self.shared)
    }

    /// Publishes this node's profile if it has changed, and begins to serve, or, as a partial node, to
    /// poll, to deliver and to make contact. Other nodes that are away are no error. The listener is
    /// that of a full node's server.
    pub fn start<'a>(
        &'a self,
        listener: Option<TcpListener>,
        registry: &'a Registry,
        pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<NetNode, NetError>> {
        Box::pin(async move {
            let shared = &self.shared;
            let mut generations = registry.changes();
            generations.mark_unchanged();
            self.renew(registry).await?;
            let stopping = CancellationToken::new();
            let tasks = TaskTracker::new();
            let delivery = Delivery::new(
                shared.clone(),
                self.client.clone(),
                stopping.clone(),
                tasks.clone(),
            );
            tasks.spawn(delivery.run(pipeline.deliveries()));
            let contacts = Contacts::new(
                shared.clone(),
                self.client.clone(),
                stopping.clone(),
                tasks.clone(),
            );
            tasks.spawn(contacts.run());
            if let Some(contact) = shared.first_contact.clone() {
                let (shared, client) = (shared.clone(), self.client.clone());
                tasks.spawn(join::join(shared, client, contact, stopping.clone()));
            }
            let (net, registry, stop) = (self.clone(), registry.clone(), stopping.clone());
            tasks.spawn(async move {
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        changed = generations.changed() => if changed.is_err() { return },
                    }
                    let mut backoff = Backoff::default();
                    while let Err(error) = net.renew(&registry).await {
                        tracing::error!(%error, "other nodes are not told what this one provides");
                        tokio::select! {
                            () = stop.cancelled() => return,
                            () = tokio::time::sleep(backoff.wait()) => {}
                        }
                    }
                }
            });
            if let Kind::Partial { poll_every } = shared.kind {
                let polling = Polling {
                    shared: shared.clone(),
                    client: self.client.clone(),
                    every: poll_every,
                    stopping: stopping.clone(),
                    tasks: tasks.clone(),
                };
                tasks.spawn(polling.run());
            }
            let serving = listener.map(|listener| {
                let router = server::router(shared.clone());
                tokio::spawn(serve(listener, self.tls.clone(), router, stopping.clone()))
            });
            Ok(NetNode {
                net: self.clone(),
                stopping,
                tasks,
                serving,
            })
        })
    }

    /// Brings what this node offers, and its profile, up to date with its extensions.
    async fn renew(&self, registry: &Registry) -> Result<(), NetError> {
        let shared = &self.shared;
        let offer = Arc::new(Offer::of(shared.role, &registry.snapshot()));
        let before = shared.offer.swap(offer.clone());
        if before.interest != offer.interest {
            for (node, _) in shared.graph.nodes() {
                shared.contacts.ring(&node);
            }
        }
        let provides: Vec<_> = offer.provides.iter().cloned().collect();
        let profile = NodeProfile {
            base_url: shared.base_url().map(str::to_owned),
            node_type: match shared.is_partial() {
                true => NodeType::Partial,
                false => NodeType::Full,
            },
            provides: Provides {
                event: provides.clone(),
                state: provides,
            },
            public_key: Some(shared.identity.public_key().to_owned()),
        };
        let contents = profile.to_contents()?;
        let stored = shared.own_bundle();
        if stored
            .as_ref()
            .is_none_or(|stored| stored.contents.hash() != contents.hash())
        {
            let manifest = stored.as_ref().map(|stored| &stored.manifest);
            let bundle = succeed(manifest, shared.me().clone(), contents);
            // Before it is on its way: whoever subscribes meanwhile is sent this one.
            shared.profile.store(Some(Arc::new(bundle.clone())));
            let arrival = Arrival {
                correlation: correlation(),
                ..Arrival::from(Event::of_bundle(EventType::Update, bundle))
            };
            if let Err(error) = shared.intake.publish(vec![arrival]).await {
                shared.profile.store(stored);
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// A node that serves.
pub struct NetNode {
    net: Net,
    stopping: CancellationToken,
    tasks: TaskTracker,
    serving: Option<JoinHandle<()>>,
}

impl NetNode {
    /// Where other nodes reach this one; none if it is a partial node.
    pub fn base_url(&self) -> Option<&str> {
        self.net.shared.base_url()
    }

    /// This node.
    pub fn rid(&self) -> &Rid {
        self.net.rid()
    }

    /// Stops: requests that are being answered are finished, for as long as `patience`. What is not
    /// delivered waits in the outbox for the next start.
    pub async fn shutdown(self, patience: Duration) {
        self.stopping.cancel();
        self.tasks.close();
        let mut serving = self.serving;
        let finished = async {
            self.tasks.wait().await;
            if let Some(serving) = &mut serving {
                // It is over either way.
                let _ = serving.await;
            }
        };
        let late = tokio::time::timeout(patience, finished).await.is_err();
        if let Some(serving) = serving.filter(|_| late) {
            serving.abort();
        }
    }
}
