//! How clients hear of changes: one mailbox per listener, whichever era it is of.
//!
//! What has changed is noted in the mailboxes, which takes no longer than that: news of the same
//! thing that wait together become one. Each mailbox is emptied by a task of its own, so a client
//! that does not read keeps nobody else waiting, and what waits for it is bounded by the number of
//! URIs that it subscribed to.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionSink};
use tokio::sync::Notify;

/// Most URIs that one client may subscribe to.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 1024;

/// Most bytes of URIs that all clients together may subscribe to. A URI is kept up to three times: for
/// its listener, for finding the listener, and in the mailbox.
pub(crate) const MAX_WATCHED_BYTES: usize = 32 << 20;

/// What a listener has not been told yet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) tools: bool,
    pub(crate) resources: bool,
    pub(crate) prompts: bool,
    pub(crate) updated: BTreeSet<String>,
}

impl News {
    fn is_empty(&self) -> bool {
        !self.tools && !self.resources && !self.prompts && self.updated.is_empty()
    }
}

/// Which changes of lists somebody wants to hear of, or which have happened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) tools: bool,
    pub(crate) resources: bool,
    pub(crate) prompts: bool,
}

/// Where a listener's news wait for it.
pub(crate) struct Mailbox {
    /// None when the listener has gone.
    waiting: Mutex<Option<News>>,
    wake: Notify,
}

impl Mailbox {
    fn new() -> Self {
        Self {
            waiting: Mutex::new(Some(News::default())),
            wake: Notify::new(),
        }
    }

    fn note(&self, note: impl FnOnce(&mut News)) {
        if let Some(news) = locked(&self.waiting).as_mut() {
            note(news);
        }
        self.wake.notify_one();
    }

    /// Waits for news; none when the subscription has ended.
    pub(crate) async fn next(&self) -> Option<News> {
        loop {
            let news = std::mem::take(locked(&self.waiting).as_mut()?);
            if !news.is_empty() {
                return Some(news);
            }
            self.wake.notified().await;
        }
    }
}

/// All listeners.
#[derive(Default)]
pub(crate) struct Hub {
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners {
    last_id: u64,
    by_id: HashMap<u64, Listener>,
    by_uri: HashMap<String, BTreeSet<u64>>,
    /// The lengths of all listeners' URIs, over all endpoints.
    watched_bytes: Arc<AtomicUsize>,
}

struct Listener {
    lists: Lists,
    uris: BTreeSet<String>,
    mailbox: Arc<Mailbox>,
}

impl Hub {
    /// One for the listeners of another endpoint, under the same bound.
    pub(crate) fn beside(&self) -> Self {
        let listeners = Listeners {
            watched_bytes: locked(&self.listeners).watched_bytes.clone(),
            ..Listeners::default()
        };
        Self {
            listeners: Mutex::new(listeners),
        }
    }

    /// Adds a listener to those lists; it stays until the subscription is dropped.
    pub(crate) fn subscribe(self: &Arc<Self>, lists: Lists) -> Subscription {
        let mailbox = Arc::new(Mailbox::new());
        let mut listeners = locked(&self.listeners);
        listeners.last_id += 1;
        let id = listeners.last_id;
        let listener = Listener {
            lists,
            uris: BTreeSet::new(),
            mailbox: mailbox.clone(),
        };
        listeners.by_id.insert(id, listener);
        Subscription {
            hub: self.clone(),
            id,
            mailbox,
        }
    }

    pub(crate) fn lists_changed(&self, changed: Lists) {
        for listener in locked(&self.listeners).by_id.values() {
            let tools = changed.tools && listener.lists.tools;
            let resources = changed.resources && listener.lists.resources;
            let prompts = changed.prompts && listener.lists.prompts;
            if tools || resources || prompts {
                listener.mailbox.note(|news| {
                    news.tools |= tools;
                    news.resources |= resources;
                    news.prompts |= prompts;
                });
            }
        }
    }

    pub(crate) fn resource_updated(&self, uri: &str) {
        let listeners = locked(&self.listeners);
        for id in listeners.by_uri.get(uri).into_iter().flatten() {
            if let Some(listener) = listeners.by_id.get(id) {
                listener.mailbox.note(|news| {
                    news.updated.insert(uri.to_owned());
                });
            }
        }
    }

    /// The URIs that anybody subscribed to.
    pub(crate) fn watched(&self) -> Vec<String> {
        locked(&self.listeners).by_uri.keys().cloned().collect()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        locked(&self.listeners).by_id.len()
    }
}

/// Why a client may not subscribe to one more URI.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooManySubscriptions {
    /// It has as many as it may.
    #[error(
        "a client may subscribe to {MAX_SUBSCRIPTIONS} resources: unsubscribe from another first"
    )]
    OfTheClient,
    /// All clients together have.
    #[error(
        "this server's clients have subscribed to as much as it keeps ({MAX_WATCHED_BYTES} bytes of \
         URIs): try again later"
    )]
    OfAll,
}

/// A listener's place among the others; dropping it ends the subscription.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    id: u64,
    mailbox: Arc<Mailbox>,
}

impl Subscription {
    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        self.mailbox.clone()
    }

    /// Has the listener told that anything that it listens to may have changed: it was away.
    pub(crate) fn catch_up(&self) {
        let listeners = locked(&self.hub.listeners);
        if let Some(listener) = listeners.by_id.get(&self.id) {
            listener.mailbox.note(|news| {
                news.tools |= listener.lists.tools;
                news.resources |= listener.lists.resources;
                news.prompts |= listener.lists.prompts;
                news.updated.extend(listener.uris.iter().cloned());
            });
        }
    }

    pub(crate) fn watch(&self, uri: &str) -> Result<(), TooManySubscriptions> {
        let mut listeners = locked(&self.hub.listeners);
        let Listeners {
            by_id,
            by_uri,
            watched_bytes,
            ..
        } = &mut *listeners;
        let Some(listener) = by_id.get_mut(&self.id) else {
            return Ok(());
        };
        if listener.uris.contains(uri) {
            return Ok(());
        }
        if listener.uris.len() >= MAX_SUBSCRIPTIONS {
            return Err(TooManySubscriptions::OfTheClient);
        }
        if watched_bytes.load(Ordering::Relaxed) + uri.len() > MAX_WATCHED_BYTES {
            return Err(TooManySubscriptions::OfAll);
        }
        watched_bytes.fetch_add(uri.len(), Ordering::Relaxed);
        listener.uris.insert(uri.to_owned());
        by_uri.entry(uri.to_owned()).or_default().insert(self.id);
        Ok(())
    }

    pub(crate) fn unwatch(&self, uri: &str) {
        let mut listeners = locked(&self.hub.listeners);
        let listener = listeners.by_id.get_mut(&self.id);
        if listener.is_some_and(|listener| listener.uris.remove(uri)) {
            listeners.forget(uri, self.id);
        }
    }
}

impl Listeners {
    /// For a URI that was one of this listener's.
    fn forget(&mut self, uri: &str, id: u64) {
        self.watched_bytes.fetch_sub(uri.len(), Ordering::Relaxed);
        if let Some(ids) = self.by_uri.get_mut(uri) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_uri.remove(uri);
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = locked(&self.hub.listeners);
        if let Some(listener) = listeners.by_id.remove(&self.id) {
            for uri in &listener.uris {
                listeners.forget(uri, self.id);
            }
        }
        drop(listeners);
        *locked(&self.mailbox.waiting) = None;
        self.mailbox.wake.notify_one();
    }
}

/// No code panics while it holds one of these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The way to one client.
pub(crate) enum Outlet {
    /// A session of the legacy era.
    Session(Peer<RoleServer>),
    /// A `subscriptions/listen` request of the modern era.
    Listen(SubscriptionSink),
}

/// Brings the news of a mailbox to its client until the subscription ends or the client goes. While
/// the client does not take one notice, the next ones wait in the mailbox.
pub(crate) async fn deliver(mailbox: Arc<Mailbox>, outlet: Outlet) {
    while let Some(news) = mailbox.next().await {
        if let Delivery::ClientGone = outlet.send(news).await {
            return;
        }
    }
}

enum Delivery {
    Done,
    ClientGone,
}

impl Outlet {
    async fn send(&self, news: News) -> Delivery {
        let News {
            tools,
            resources,
            prompts,
            updated,
        } = news;
        let mut arrived = true;
        if tools {
            arrived &= match self {
                Self::Session(peer) => peer.notify_tool_list_changed().await.is_ok(),
                Self::Listen(sink) => sink.notify_tool_list_changed().await.is_ok(),
            };
        }
        if resources {
            arrived &= match self {
                Self::Session(peer) => peer.notify_resource_list_changed().await.is_ok(),
                Self::Listen(sink) => sink.notify_resource_list_changed().await.is_ok(),
            };
        }
        if prompts {
            arrived &= match self {
                Self::Session(peer) => peer.notify_prompt_list_changed().await.is_ok(),
                Self::Listen(sink) => sink.notify_prompt_list_changed().await.is_ok(),
            };
        }
        for uri in updated {
            arrived &= match self {
                Self::Session(peer) => {
                    let notice = ResourceUpdatedNotificationParam::new(uri);
                    peer.notify_resource_updated(notice).await.is_ok()
                }
                Self::Listen(sink) => sink.notify_resource_updated(uri).await.is_ok(),
            };
        }
        if arrived {
            Delivery::Done
        } else {
            Delivery::ClientGone
        }
    }
}
