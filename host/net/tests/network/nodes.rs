//! Nodes that meet, subscribe to each other and exchange knowledge.

use super::support::{NOTE, Node, Plan, call, folder, identity, rid, vacant};
use koi_net::{FirstContact, Role};
use koi_rid::EventType;
use koi_wire::{EDGE_TYPE, NODE_TYPE};
use tokio::net::TcpListener;

async fn three() -> (Node, Node, Node) {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    let consumer = Plan::new("consumer", Role::Consumer)
        .through(&coordinator)
        .start()
        .await;
    consumer.subscribed_to(producer.rid()).await;
    (coordinator, producer, consumer)
}

#[tokio::test]
async fn nodes_meet_through_a_coordinator_and_exchange_knowledge() {
    let (coordinator, producer, mut consumer) = three().await;
    consumer.subscribed_to(coordinator.rid()).await;
    coordinator.subscribed_to(producer.rid()).await;
    producer
        .until("the consumer's subscription", async |node| {
            node.edge(node.rid(), consumer.rid()).await.is_some()
        })
        .await;
    producer.publish(NOTE, "first").await;
    assert_eq!(consumer.next_change(NOTE).await, EventType::New);
    producer.publish(NOTE, "second").await;
    assert_eq!(consumer.next_change(NOTE).await, EventType::Update);
    assert_eq!(consumer.title(NOTE).await.as_deref(), Some("second"));
    producer.forget(NOTE).await;
    assert_eq!(consumer.next_change(NOTE).await, EventType::Forget);
    assert_eq!(consumer.title(NOTE).await, None);
    assert_eq!(coordinator.title(NOTE).await, None);
    let neighbours = consumer.neighbours().await;
    let neighbour = neighbours
        .iter()
        .find(|other| other.rid == *producer.rid())
        .unwrap();
    assert!(neighbour.provider && !neighbour.subscriber);
    assert_eq!(neighbour.node_type.as_deref(), Some("FULL"));
}

#[tokio::test]
async fn a_coordinator_knows_nodes_and_edges_and_nothing_else() {
    let (coordinator, producer, consumer) = three().await;
    coordinator
        .until("the edge between the others", async |node| {
            node.edge(producer.rid(), consumer.rid()).await.is_some()
        })
        .await;
    for (rid_type, _) in coordinator.stores.bundles.count().await.unwrap() {
        assert!(
            [NODE_TYPE, EDGE_TYPE].contains(&rid_type.as_str()),
            "{rid_type}"
        );
    }
}

#[tokio::test]
async fn a_newcomer_catches_up_with_what_was_there_before() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    for number in 0..120 {
        producer
            .publish(&format!("orn:test.note:{number}"), "old")
            .await;
    }
    producer.has("orn:test.note:119", Some("old")).await;
    let consumer = Plan::new("consumer", Role::Consumer)
        .through(&coordinator)
        .start()
        .await;
    for number in 0..120 {
        consumer
            .has(&format!("orn:test.note:{number}"), Some("old"))
            .await;
    }
}

#[tokio::test]
async fn what_happens_while_a_node_is_away_reaches_it_when_it_is_back() {
    let (_coordinator, producer, consumer) = three().await;
    producer.publish(NOTE, "before").await;
    consumer.has(NOTE, Some("before")).await;
    let away = consumer.stop().await;
    producer.publish(NOTE, "meanwhile").await;
    producer.publish("orn:test.note:2", "meanwhile").await;
    producer.has("orn:test.note:2", Some("meanwhile")).await;
    let consumer = Node::again(away).await;
    consumer.has(NOTE, Some("meanwhile")).await;
    consumer.has("orn:test.note:2", Some("meanwhile")).await;
    producer.publish(NOTE, "after").await;
    consumer.has(NOTE, Some("after")).await;
}

#[tokio::test]
async fn a_producer_that_restarts_delivers_what_it_still_had_to_say() {
    let (_coordinator, producer, consumer) = three().await;
    producer.publish(NOTE, "before").await;
    consumer.has(NOTE, Some("before")).await;
    let consumer = consumer.stop().await;
    producer.publish(NOTE, "last words").await;
    producer.has(NOTE, Some("last words")).await;
    let producer = producer.stop().await;
    let consumer = Node::again(consumer).await;
    let _producer = Node::again(producer).await;
    consumer.has(NOTE, Some("last words")).await;
}

#[tokio::test]
async fn a_node_starts_without_its_first_contact_and_joins_when_that_is_there() {
    let folder = folder();
    let address = vacant().await;
    let first_contact = FirstContact {
        url: koi_net::base_url(address),
        rid: Some(identity(folder.path(), "coordinator").rid().clone()),
    };
    let mut plan = Plan::new("producer", Role::Producer);
    plan.first_contact = Some(first_contact);
    let producer = plan.start().await;
    producer.publish(NOTE, "alone").await;
    producer.has(NOTE, Some("alone")).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let plan = Plan::new("coordinator", Role::Coordinator).owning(&[]);
    let coordinator = Node::start(plan, folder, listener).await;
    producer.subscribed_to(coordinator.rid()).await;
    coordinator.subscribed_to(producer.rid()).await;
}

#[tokio::test]
async fn a_first_contact_that_has_moved_is_found_at_the_address_that_is_configured_now() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    producer.subscribed_to(coordinator.rid()).await;
    // Both move, so that neither finds the other where it was.
    let (plan, folder, _) = producer.stop().await;
    let (coordinators_plan, coordinators_folder, _) = coordinator.stop().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let coordinator = Node::start(coordinators_plan, coordinators_folder, listener).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let producer = Node::start(plan.through(&coordinator), folder, listener).await;
    let url = coordinator.net_node.base_url().unwrap().to_owned();
    producer
        .until("the new address", async |node| {
            let stored = node.stores.bundles.read(coordinator.rid()).await.unwrap();
            stored.is_some_and(|stored| stored.bundle.contents.as_str().contains(&url))
        })
        .await;
}

#[tokio::test]
async fn a_first_contact_is_found_by_its_url_alone() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let mut plan = Plan::new("producer", Role::Producer).through(&coordinator);
    plan.first_contact.as_mut().unwrap().rid = None;
    let producer = plan.start().await;
    producer.subscribed_to(coordinator.rid()).await;
}

#[tokio::test]
async fn a_node_that_lost_its_memory_is_told_who_its_peers_are() {
    let (coordinator, producer, consumer) = three().await;
    let (plan, old, address) = consumer.stop().await;
    let fresh = folder();
    for file in ["priv_key.pem", "priv_key.password"] {
        std::fs::copy(old.path().join(file), fresh.path().join(file)).unwrap();
    }
    let plan = Plan {
        first_contact: None,
        ..plan
    };
    let consumer = Node::again((plan, fresh, address)).await;
    producer.publish(NOTE, "do you remember").await;
    consumer.knows(producer.rid()).await;
    consumer.has(NOTE, Some("do you remember")).await;
    consumer.subscribed_to(producer.rid()).await;
    drop(coordinator);
}

#[tokio::test]
async fn an_extension_that_is_installed_later_widens_what_is_subscribed_to() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    let consumer = Plan::new("consumer", Role::Consumer)
        .owning(&[])
        .through(&coordinator)
        .start()
        .await;
    consumer.knows(producer.rid()).await;
    producer.publish(NOTE, "early").await;
    producer.has(NOTE, Some("early")).await;
    consumer.install(&["orn:test.note"]).await;
    consumer.has(NOTE, Some("early")).await;
    consumer.subscribed_to(producer.rid()).await;
    producer.install(&["orn:other.thing"]).await;
    consumer.install(&["orn:other.thing"]).await;
    producer.publish("orn:other.thing:1", "wider").await;
    consumer.has("orn:other.thing:1", Some("wider")).await;
    let edge = consumer.edge(producer.rid(), consumer.rid()).await.unwrap();
    assert_eq!(edge.rid_types.len(), 2);
}

#[tokio::test]
async fn a_profile_that_changes_during_the_handshake_is_not_lost() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    for name in ["one", "two", "three", "four"] {
        let producer = Plan::new(name, Role::Producer)
            .owning(&[])
            .through(&coordinator)
            .start()
            .await;
        producer.install(&["orn:test.note"]).await;
        coordinator
            .until("the profile with the type", async |node| {
                let stored = node.stores.bundles.read(producer.rid()).await.unwrap();
                stored.is_some_and(|s| s.bundle.contents.as_str().contains("orn:test.note"))
            })
            .await;
    }
}

#[tokio::test]
async fn nothing_is_lost_while_a_subscription_comes_about() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    let consumer = Plan::new("consumer", Role::Consumer).through(&coordinator);
    let (consumer, ()) = tokio::join!(consumer.start(), async {
        for number in 0..300 {
            producer
                .publish(&format!("orn:test.note:{number}"), "x")
                .await;
        }
    });
    for number in 0..300 {
        consumer
            .has(&format!("orn:test.note:{number}"), Some("x"))
            .await;
    }
}

#[tokio::test]
async fn knowledge_of_a_provider_is_dereferenced() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    // It is not interested in notes, so none comes by itself.
    let consumer = Plan::new("consumer", Role::Consumer)
        .owning(&[])
        .through(&coordinator)
        .start()
        .await;
    consumer.knows(producer.rid()).await;
    producer.publish("orn:test.note:far", "far away").await;
    producer.has("orn:test.note:far", Some("far away")).await;
    assert_eq!(consumer.title("orn:test.note:far").await, None);
    let wanted = rid("orn:test.note:far");
    let known = consumer
        .knowledge
        .dereference(&call(), &wanted)
        .await
        .unwrap()
        .unwrap();
    assert!(known.bundle.hash_is_right());
    let absent = consumer
        .knowledge
        .dereference(&call(), &rid("orn:test.note:none"))
        .await;
    assert!(absent.unwrap().is_none());
}

#[tokio::test]
async fn a_node_that_its_coordinator_forgets_is_forgotten_with_its_edges() {
    let (coordinator, producer, consumer) = three().await;
    coordinator
        .until("the edge between the others", async |node| {
            node.edge(producer.rid(), consumer.rid()).await.is_some()
        })
        .await;
    coordinator.forget(consumer.rid().as_str()).await;
    producer
        .until("the consumer to be forgotten", async |node| {
            node.stores
                .bundles
                .read(consumer.rid())
                .await
                .unwrap()
                .is_none()
                && node.edge(producer.rid(), consumer.rid()).await.is_none()
        })
        .await;
}
