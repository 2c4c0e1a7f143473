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

use crate::backoff::Backoff;
use crate::client::Client;
use crate::contact::Contacts;
use crate::delivery::Delivery;
use crate::graph::{Graph, KnownNode};
use crate::network::KnownNetwork;
use crate::offer::Offer;
use crate::peers::Peers;
use crate::receive::Bodies;
use crate::recent::Recent;
use crate::serve::serve;
use crate::shared::{MAX_ANSWERS, MAX_STRANGERS, Shared};
use crate::{FirstContact, Identity, Role, contact, handlers, join, server};

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
    /// Where other nodes reach this one; see [`base_url`].
    pub base_url: String,
    /// Through which node it enters a network.
    pub first_contact: Option<FirstContact>,
    /// Which knowledge is not kept for good: the same as the pipeline's.
    pub lifetimes: Lifetimes,
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
    /// It has no server.
    #[error("{0} is a partial node, which nobody can be told by")]
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
}

impl Net {
    /// Reads what is known of the network from the store.
    pub fn open(parts: NetParts) -> BoxFuture<'static, Result<Self, NetError>> {
        Box::pin(async move {
            let me = parts.identity.rid().clone();
            let coordinator = OnceLock::new();
            if let Some(contact) = &parts.first_contact {
                let own_url = contact.url.trim_end_matches('/') == parts.base_url;
                if own_url || contact.rid.as_ref() == Some(&me) {
                    return Err(NetError::OwnContact);
                }
                if let Some(rid) = &contact.rid {
                    coordinator.get_or_init(|| rid.clone());
                }
            }
            let profile = parts.stores.bundles.read(&me).await?;
            let shared = Arc::new(Shared {
                graph: Graph::load(me, &parts.stores).await?,
                identity: parts.identity,
                role: parts.role,
                base_url: parts.base_url,
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
                reachable: Bell::default(),
                strangers: Semaphore::new(MAX_STRANGERS),
                bodies: Bodies::default(),
                answers: Semaphore::new(MAX_ANSWERS),
            });
            let client = Client::new(shared.clone())?;
            Ok(Self { shared, client })
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
        if !known.is_full() {
            return Err(ProposeError::Partial(node.clone()));
        }
        let wanted = contact::wanted(shared, &known.profile);
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

    /// Publishes this node's profile if it has changed, and begins to serve, deliver and make
    /// contact. Other nodes that are away are no error.
    pub fn start<'a>(
        &'a self,
        listener: TcpListener,
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
            let router = server::router(shared.clone());
            let serving = tokio::spawn(serve(listener, router, stopping.clone()));
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
            for (node, known) in shared.graph.nodes() {
                if KnownNode::is_full(&known) {
                    shared.contacts.ring(&node);
                }
            }
        }
        let provides: Vec<_> = offer.provides.iter().cloned().collect();
        let profile = NodeProfile {
            base_url: Some(shared.base_url.clone()),
            node_type: NodeType::Full,
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
    serving: JoinHandle<()>,
}

impl NetNode {
    /// Where other nodes reach this one.
    pub fn base_url(&self) -> &str {
        &self.net.shared.base_url
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
            // It is over either way.
            let _ = (&mut serving).await;
        };
        if tokio::time::timeout(patience, finished).await.is_err() {
            serving.abort();
        }
    }
}
