//! Mailboxes without clients.

use std::sync::Arc;

use super::{Hub, Lists, MAX_SUBSCRIPTIONS, MAX_WATCHED_BYTES, News, TooManySubscriptions};

const ALL: Lists = Lists {
    tools: true,
    resources: true,
    prompts: true,
};

fn updated(uris: &[&str]) -> News {
    News {
        updated: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        ..News::default()
    }
}

#[tokio::test]
async fn news_of_the_same_thing_that_wait_become_one() {
    let hub = Arc::new(Hub::default());
    let listener = hub.subscribe(ALL);
    listener.watch("a").unwrap();
    listener.watch("b").unwrap();
    for _ in 0..3 {
        hub.lists_changed(Lists {
            tools: true,
            ..Lists::default()
        });
        hub.resource_updated("a");
        hub.resource_updated("b");
    }
    let news = listener.mailbox().next().await.unwrap();
    assert_eq!(
        news,
        News {
            tools: true,
            ..updated(&["a", "b"])
        }
    );
    hub.resource_updated("b");
    assert_eq!(listener.mailbox().next().await.unwrap(), updated(&["b"]));
}

#[tokio::test]
async fn nobody_hears_of_what_they_did_not_ask_for() {
    let hub = Arc::new(Hub::default());
    let tools = hub.subscribe(Lists {
        tools: true,
        ..Lists::default()
    });
    let other = hub.subscribe(Lists::default());
    other.watch("a").unwrap();
    hub.lists_changed(Lists {
        resources: true,
        ..Lists::default()
    });
    hub.resource_updated("b");
    hub.lists_changed(ALL);
    hub.resource_updated("a");
    assert_eq!(
        tools.mailbox().next().await,
        Some(News {
            tools: true,
            ..News::default()
        })
    );
    assert_eq!(other.mailbox().next().await, Some(updated(&["a"])));
}

#[tokio::test]
async fn a_dropped_subscription_ends_its_mailbox_and_leaves_nothing_behind() {
    let hub = Arc::new(Hub::default());
    let listener = hub.subscribe(ALL);
    listener.watch("a").unwrap();
    let mailbox = listener.mailbox();
    let waiting = tokio::spawn(async move { mailbox.next().await });
    drop(listener);
    assert_eq!(waiting.await.unwrap(), None);
    assert_eq!(hub.len(), 0);
    assert_eq!(hub.watched(), Vec::<String>::new());
}

#[test]
fn a_uri_counts_once_and_its_place_is_free_again() {
    let hub = Arc::new(Hub::default());
    let listener = hub.subscribe(ALL);
    for n in 0..MAX_SUBSCRIPTIONS {
        listener.watch(&n.to_string()).unwrap();
    }
    assert_eq!(
        listener.watch("one more"),
        Err(TooManySubscriptions::OfTheClient)
    );
    listener.watch("0").unwrap();
    listener.unwatch("0");
    listener.watch("one more").unwrap();
}

#[tokio::test]
async fn all_clients_together_subscribe_to_a_bounded_amount() {
    let hub = Arc::new(Hub::default());
    let long = "u".repeat(4000);
    let mut listeners = Vec::new();
    let refusal = 'full: loop {
        listeners.push(hub.subscribe(ALL));
        for number in 0..MAX_SUBSCRIPTIONS {
            let watched = listeners[listeners.len() - 1].watch(&format!("{number:06}{long}"));
            if let Err(refusal) = watched {
                break 'full refusal;
            }
        }
    };
    assert_eq!(refusal, TooManySubscriptions::OfAll);
    assert!(listeners.len() < 10, "{}", listeners.len());
    // Of a client that is full the same URI is no further one, and what is given back is free.
    listeners[0].watch(&format!("{:06}{long}", 0)).unwrap();
    let other = hub.subscribe(ALL);
    other.watch(&format!("{:06}{long}", 1)).unwrap_err();
    listeners.pop();
    other.watch(&format!("{:06}{long}", 1)).unwrap();
    other.unwatch("never watched");
}

#[test]
fn all_endpoints_together_watch_only_so_much() {
    let one = Arc::new(Hub::default());
    let other = Arc::new(one.beside());
    let subscribe = |hub: &Arc<Hub>| hub.subscribe(Lists::default());
    let digits = |n: u8| [b'0' + n].repeat(MAX_WATCHED_BYTES / 4);
    let long = |n| String::from_utf8(digits(n)).unwrap();
    let (first, second) = (subscribe(&one), subscribe(&other));
    for n in 0..2 {
        first.watch(&long(n)).unwrap();
        second.watch(&long(n)).unwrap();
    }
    assert_eq!(second.watch("a:b"), Err(TooManySubscriptions::OfAll));
    drop(first);
    second.watch("a:b").unwrap();
}
