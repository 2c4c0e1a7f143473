//! Nodes without a server, and what becomes of edges when wishes and offers change.

use koi_net::{FirstContact, Role};
use koi_wire::{EdgeStatus, EdgeType, NodeProfile, NodeType};
use tokio::net::TcpListener;

use super::support::{NOTE, Node, Plan, folder, identity, vacant};

async fn coordinator() -> Node {
    let plan = Plan::new("coordinator", Role::Coordinator).owning(&[]);
    plan.start().await
}

/// A full producer, and a partial consumer that is subscribed to it.
async fn met() -> (Node, Node, Node) {
    let coordinator = coordinator().await;
    let producer = Plan::new("producer", Role::Producer).through(&coordinator);
    let producer = producer.start().await;
    let consumer = Plan::new("consumer", Role::Consumer).through(&coordinator);
    let consumer = consumer.partial().start().await;
    consumer.subscribed_to(producer.rid()).await;
    (coordinator, producer, consumer)
}

#[tokio::test]
async fn a_partial_node_polls_for_news_changes_and_what_is_forgotten() {
    let (_coordinator, producer, consumer) = met().await;
    let edge = consumer.edge(producer.rid(), consumer.rid()).await.unwrap();
    assert_eq!(edge.edge_type, EdgeType::Poll);
    let stored = producer.stores.bundles.read(consumer.rid()).await.unwrap();
    let profile = NodeProfile::parse(&stored.unwrap().bundle.contents).unwrap();
    assert_eq!(
        (profile.node_type, profile.base_url),
        (NodeType::Partial, None)
    );
    assert_eq!(consumer.net_node.base_url(), None);
    producer.publish(NOTE, "first").await;
    consumer.has(NOTE, Some("first")).await;
    producer.publish(NOTE, "second").await;
    consumer.has(NOTE, Some("second")).await;
    producer.forget(NOTE).await;
    consumer.has(NOTE, None).await;
    // Given twice, and then no longer.
    while producer
        .stores
        .outbox
        .len(Some(consumer.rid()))
        .await
        .unwrap()
        > 0
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(consumer.title(NOTE).await, None);
    let letters = consumer.stores.dead_letters.list(None, 9).await.unwrap();
    assert!(letters.items.is_empty(), "{:?}", letters.items);
}

#[tokio::test]
async fn more_than_one_answer_holds_arrives_whole() {
    let (_coordinator, producer, consumer) = met().await;
    for number in 0..350 {
        let note = format!("orn:test.note:{number}");
        producer.publish(&note, "one of many").await;
    }
    for number in 0..350 {
        let note = format!("orn:test.note:{number}");
        consumer.has(&note, Some("one of many")).await;
    }
}

#[tokio::test]
async fn what_a_partial_node_publishes_reaches_those_that_it_polls() {
    let coordinator = coordinator().await;
    let full = Plan::new("full", Role::Producer).through(&coordinator);
    let full = full.start().await;
    let partial = Plan::new("partial", Role::Producer).through(&coordinator);
    let partial = partial.partial().start().await;
    // It subscribes, and so polls, and so is proposed to.
    partial.subscribed_to(full.rid()).await;
    full.subscribed_to(partial.rid()).await;
    partial.publish(NOTE, "from afar").await;
    full.has(NOTE, Some("from afar")).await;
    partial.forget(NOTE).await;
    full.has(NOTE, None).await;
}

#[tokio::test]
async fn what_happens_while_either_side_is_away_arrives_later() {
    let (_coordinator, producer, consumer) = met().await;
    let away = consumer.stop().await;
    producer.publish(NOTE, "meanwhile").await;
    producer.has(NOTE, Some("meanwhile")).await;
    let consumer = Node::again(away).await;
    consumer.has(NOTE, Some("meanwhile")).await;
    let producer = Node::again(producer.stop().await).await;
    producer.publish(NOTE, "back again").await;
    consumer.has(NOTE, Some("back again")).await;
}

#[tokio::test]
async fn a_partial_node_starts_without_its_first_contact_and_joins_when_that_is_there() {
    let folder = folder();
    let address = vacant().await;
    let mut plan = Plan::new("partial", Role::Producer).partial();
    plan.first_contact = Some(FirstContact {
        url: koi_net::base_url(address),
        rid: Some(identity(folder.path(), "coordinator").rid().clone()),
    });
    let partial = plan.start().await;
    let listener = TcpListener::bind(address).await.unwrap();
    let plan = Plan::new("coordinator", Role::Coordinator).owning(&[]);
    let coordinator = Node::start(plan, folder, listener).await;
    partial.subscribed_to(coordinator.rid()).await;
    coordinator.subscribed_to(partial.rid()).await;
}

#[tokio::test]
async fn a_partial_node_finds_its_first_contact_by_the_url_alone() {
    let coordinator = coordinator().await;
    let mut plan = Plan::new("partial", Role::Consumer)
        .through(&coordinator)
        .partial();
    plan.first_contact.as_mut().unwrap().rid = None;
    let partial = plan.start().await;
    partial.subscribed_to(coordinator.rid()).await;
}

#[tokio::test]
async fn a_node_that_becomes_partial_is_polled_by_no_webhook_any_more() {
    let coordinator = coordinator().await;
    let producer = Plan::new("producer", Role::Producer).through(&coordinator);
    let producer = producer.start().await;
    let consumer = Plan::new("consumer", Role::Consumer).through(&coordinator);
    let consumer = consumer.start().await;
    consumer.subscribed_to(producer.rid()).await;
    let (plan, folder, address) = consumer.stop().await;
    let consumer = Node::again((plan.partial(), folder, address)).await;
    consumer
        .until("an edge that is polled", async |node| {
            let edge = node.edge(producer.rid(), node.rid()).await;
            edge.is_some_and(|edge| {
                edge.edge_type == EdgeType::Poll && edge.status == EdgeStatus::Approved
            })
        })
        .await;
    producer.publish(NOTE, "polled").await;
    consumer.has(NOTE, Some("polled")).await;
}

#[tokio::test]
async fn an_edge_goes_with_what_was_provided_and_comes_back_with_it() {
    let coordinator = coordinator().await;
    let producer = Plan::new("producer", Role::Producer).through(&coordinator);
    let producer = producer.start().await;
    let consumer = Plan::new("consumer", Role::Consumer).through(&coordinator);
    let consumer = consumer.start().await;
    consumer.subscribed_to(producer.rid()).await;
    producer.uninstall("orn-test-note").await;
    for node in [&producer, &consumer] {
        node.until("the edge to be withdrawn", async |node| {
            node.edge(producer.rid(), consumer.rid()).await.is_none()
        })
        .await;
    }
    producer.install(&["orn:test.note"]).await;
    consumer.subscribed_to(producer.rid()).await;
    producer.publish(NOTE, "back").await;
    consumer.has(NOTE, Some("back")).await;
}
