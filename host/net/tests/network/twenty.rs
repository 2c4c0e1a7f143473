//! Twenty nodes, a network that falls in two, and that all agree once it is whole again.
//!
//! What agreeing means: KOI-net has one owner of each piece of knowledge, the node that publishes it,
//! and keeps no history. So while the network is cut each note is changed on its owner's side alone, and
//! afterwards every node has, of each note, what its owner said last: the same contents, or nothing.
//! Knowledge takes every way: six nodes provide notes, all subscribe to all six, and each of the six
//! tells on what it has heard from the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::future::join_all;
use koi_net::Role;
use koi_rid::{Contents, RidType};
use koi_store::{BundleQuery, MAX_PAGE, StoredBundle};
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, NODE_TYPE};
use serde_json::json;
use tokio::net::TcpListener;

use super::support::switch::{Side, Switch};
use super::support::{Node, Plan, folder, identity};

const NODES: usize = 20;
/// The first half is in the east.
const HALF: usize = NODES / 2;
const COORDINATOR: usize = 0;
/// Three on each side, the coordinator one of them.
const PROVIDERS: [usize; 6] = [COORDINATOR, 1, 2, HALF, HALF + 1, HALF + 2];
/// Those that are started again while the network is cut: one that provides, and one that does not.
const RESTARTED: [usize; 2] = [1, NODES - 1];

const PATIENCE: Duration = Duration::from_secs(60);

fn side(index: usize) -> Side {
    match index < HALF {
        true => Side::East,
        false => Side::West,
    }
}

async fn start(switch: &Switch, index: usize, through: Option<&Node>) -> Node {
    let role = match index {
        COORDINATOR => Role::Coordinator,
        _ if PROVIDERS.contains(&index) => Role::Producer,
        _ => Role::Consumer,
    };
    let name = format!("{:?}-{index}", side(index)).to_lowercase();
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let me = identity(folder.path(), &name).rid().clone();
    let mut plan = Plan::new(name, role);
    plan.announced = Some(switch.gate(&me, side(index), address).await);
    if let Some(coordinator) = through {
        plan = plan.through(coordinator);
    }
    Node::start(plan, folder, listener).await
}

/// Notes as they should be: titles by RID.
#[derive(Clone, Default, PartialEq)]
struct Notes(BTreeMap<String, String>);

impl Notes {
    fn note(owner: usize, number: usize) -> String {
        format!("orn:test.note:{owner}-{number}")
    }

    /// The owner publishes a note, new or not.
    async fn publish(&mut self, nodes: &[Node], owner: usize, number: usize, title: &str) {
        let note = Self::note(owner, number);
        nodes[owner].publish(&note, title).await;
        self.0.insert(note, title.to_owned());
    }

    /// The owner has a note forgotten.
    async fn forget(&mut self, nodes: &[Node], owner: usize, number: usize) {
        let note = Self::note(owner, number);
        nodes[owner].forget(&note).await;
        self.0.remove(&note);
    }

    /// What the owners on one side do, with notes of a hundred of numbers.
    async fn go_on(&mut self, nodes: &[Node], on: Side, hundred: usize) {
        for owner in PROVIDERS {
            if side(owner) == on {
                self.publish(nodes, owner, hundred, "new").await;
                // One that is there already.
                self.publish(nodes, owner, 1, &format!("of {hundred}"))
                    .await;
                self.forget(nodes, owner, hundred - 100).await;
            }
        }
    }

    /// RIDs and hashes.
    fn expected(&self) -> BTreeSet<(String, String)> {
        let notes = self.0.iter().map(|(note, title)| {
            let contents = Contents::from_serialize(&json!({ "title": title })).unwrap();
            (note.clone(), contents.hash())
        });
        notes.collect()
    }

    /// Waits until all these nodes have them.
    async fn reach(&self, what: &str, nodes: &[Node]) {
        let expected = self.expected();
        for node in nodes {
            node.until(what, async |node| {
                all(node, "orn:test.note").await == expected
            })
            .await;
        }
    }
}

async fn stored(node: &Node, rid_type: &str) -> Vec<StoredBundle> {
    let query = BundleQuery {
        rid_types: vec![RidType::parse(rid_type).unwrap()],
        limit: MAX_PAGE,
        ..BundleQuery::default()
    };
    let page = node.stores.bundles.list(&query).await.unwrap();
    assert!(page.next.is_none(), "all of {rid_type} is on one page");
    page.items
}

/// What a node has of a type: RIDs and hashes.
async fn all(node: &Node, rid_type: &str) -> BTreeSet<(String, String)> {
    let stored = stored(node, rid_type).await.into_iter();
    let manifests = stored.map(|stored| stored.bundle.manifest);
    manifests
        .map(|one| (one.rid.as_str().to_owned(), one.sha256_hash))
        .collect()
}

/// A node's own edges: whether each is approved, and for what.
async fn own_edges(node: &Node) -> BTreeMap<String, (bool, BTreeSet<RidType>)> {
    let stored = stored(node, EDGE_TYPE).await.into_iter();
    let edges = stored.map(|one| EdgeProfile::parse(&one.bundle.contents).unwrap());
    let own = edges.filter(|edge| edge.source == *node.rid() || edge.target == *node.rid());
    own.map(|edge| {
        let approved = edge.status == EdgeStatus::Approved;
        let rid_types = edge.rid_types.iter().cloned().collect();
        (edge.rid().as_str().to_owned(), (approved, rid_types))
    })
    .collect()
}

/// Waits until all know each other, and everybody's subscription to each provider is approved, as both
/// of them see it.
async fn connected(nodes: &[Node]) {
    for node in nodes {
        node.until("the profiles of all", async |node| {
            stored(node, NODE_TYPE).await.len() == NODES
        })
        .await;
    }
    for provider in PROVIDERS.map(|index| &nodes[index]) {
        for subscriber in nodes.iter().filter(|node| node.rid() != provider.rid()) {
            for end in [provider, subscriber] {
                end.until("an approved subscription", async |end| {
                    let edge = end.edge(provider.rid(), subscriber.rid()).await;
                    edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
                })
                .await;
            }
        }
    }
}

/// Waits until nobody has anything to process or to tell. What is told is in the inbox of the one before
/// it leaves the outbox of the other; so it is looked twice.
async fn at_rest(nodes: &[Node]) {
    let waiting = async {
        let mut found_nothing = 0;
        while found_nothing < 2 {
            let mut rows = 0;
            for node in nodes {
                rows += node.stores.outbox.len(None).await.unwrap();
                rows += node.stores.inbox.pending(0, MAX_PAGE).await.unwrap().len() as u64;
            }
            found_nothing = if rows == 0 { found_nothing + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let rest = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(rest.is_ok(), "nodes go on telling each other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_nodes_agree_after_a_partition() {
    let switch = Switch::new();
    let begun = Instant::now();
    let coordinator = start(&switch, COORDINATOR, None).await;
    let others = (1..NODES).map(|index| start(&switch, index, Some(&coordinator)));
    let others = join_all(others).await;
    let mut nodes = vec![coordinator];
    nodes.extend(others);
    connected(&nodes).await;
    let joined = begun.elapsed();
    at_rest(&nodes).await;
    let mut edges = Vec::new();
    for node in &nodes {
        let own = own_edges(node).await;
        assert!(own.values().all(|(approved, _)| *approved), "{own:#?}");
        edges.push(own);
    }
    let profiles = all(&nodes[COORDINATOR], NODE_TYPE).await;

    let mut notes = Notes::default();
    for owner in PROVIDERS {
        for number in [0, 1, 2] {
            notes.publish(&nodes, owner, number, "first").await;
        }
    }
    notes.reach("the first notes", &nodes).await;
    at_rest(&nodes).await;
    for each in [Side::East, Side::West] {
        notes.go_on(&nodes, each, 100).await;
    }
    notes.reach("what became of the first notes", &nodes).await;
    at_rest(&nodes).await;

    switch.cut();
    let (mut east, mut west) = (notes.clone(), notes);
    for hundred in [200, 300] {
        east.go_on(&nodes, Side::East, hundred).await;
        west.go_on(&nodes, Side::West, hundred).await;
        east.reach("what happens in the east", &nodes[..HALF]).await;
        west.reach("what happens in the west", &nodes[HALF..]).await;
    }
    for index in RESTARTED {
        let node = nodes.remove(index);
        nodes.insert(index, Node::again(node.stop().await).await);
    }
    east.publish(&nodes, RESTARTED[0], 500, "since the restart")
        .await;
    east.reach("news of the node that is back", &nodes[..HALF])
        .await;
    west.go_on(&nodes, Side::West, 400).await;
    west.reach("news for the node that is back", &nodes[HALF..])
        .await;
    for (index, node) in nodes.iter().enumerate() {
        let own_side = match side(index) {
            Side::East => &east,
            Side::West => &west,
        };
        assert!(all(node, "orn:test.note").await == own_side.expected());
    }

    switch.heal();
    let healing = Instant::now();
    // Of each note, what its owner's side has.
    let of = |notes: Notes, on: Side| {
        let owners = PROVIDERS.map(|owner| (owner, format!("orn:test.note:{owner}-")));
        notes.0.into_iter().filter(move |(note, _)| {
            let mut owners = owners.iter();
            owners.any(|(owner, prefix)| side(*owner) == on && note.starts_with(prefix))
        })
    };
    let notes = Notes(of(east, Side::East).chain(of(west, Side::West)).collect());
    notes.reach("what happened on both sides", &nodes).await;
    let healed = healing.elapsed();
    at_rest(&nodes).await;
    println!(
        "joined in {joined:?}, healed in {healed:?}, done in {:?}",
        begun.elapsed()
    );
    for (node, edges) in nodes.iter().zip(edges) {
        assert!(all(node, "orn:test.note").await == notes.expected());
        assert_eq!(all(node, NODE_TYPE).await, profiles);
        assert_eq!(own_edges(node).await, edges);
        let letters = node.stores.dead_letters.list(None, 10).await.unwrap().items;
        assert!(letters.is_empty(), "{letters:#?}");
    }
    for node in nodes {
        node.stop().await;
    }
}
