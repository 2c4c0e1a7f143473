//! What all clients of an endpoint share: the newest view, the listeners, the server's own words. The
//! endpoints of a server share its bounds and its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use koi_registry::Snapshot;
use koi_store::Bundles;
use rmcp::model::{Implementation, MetaObject, ServerCapabilities, ServerConfig};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::dispatcher;
use crate::endpoint::{Dispatcher, ViewOptions};
use crate::management::Management;
use crate::notices::Hub;
use crate::open_calls::OpenCalls;
use crate::places::Places;
use crate::search::Search;
use crate::server::SERVER_NAME;
use crate::view::View;

/// How long running requests are waited for when the server ends.
const GRACE: Duration = Duration::from_secs(2);
/// For how long a client may go by a list that it has; notices come sooner.
const LIST_TTL_MS: u64 = 5_000;
/// The same while one change may follow another: an installation seldom comes alone.
const LIST_TTL_AROUND_SWAP_MS: u64 = 500;
/// How long after a new generation that is.
const SWAP: Duration = Duration::from_secs(5);
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
const INSTRUCTIONS: &str = "Knowledge of a KOI network and the tools of the extensions that are \
     installed on this node. Both change while you are connected: ask for the lists again when you \
     are told so. A resource whose URI begins with `orn:` is a piece of knowledge under its RID.";

/// What all handlers of an endpoint share.
pub(crate) struct Shared {
    /// What the endpoint shows.
    pub(crate) options: Arc<ViewOptions>,
    /// Finds the endpoint's tools, where the dispatcher is on.
    pub(crate) search: Option<Arc<Search>>,
    catalog: Arc<dyn Catalog>,
    management: Option<Arc<dyn Management>>,
    pub(crate) bundles: Arc<dyn Bundles>,
    view: ArcSwap<View>,
    /// Held while a view is made, so that it is made once.
    renewing: Mutex<()>,
    pub(crate) hub: Arc<Hub>,
    /// One place for each stream on which a client hears of changes.
    pub(crate) streams: Arc<Places>,
    /// Calls that outlive their requests.
    pub(crate) calls: Arc<OpenCalls>,
    /// Requests over HTTP that are being answered, and clients on streams.
    pub(crate) requests: TaskTracker,
    /// Ends the waiting for news.
    pub(crate) closing: CancellationToken,
    pub(crate) config: ServerConfig,
    /// In the `_meta` of results of the modern era: who made them.
    pub(crate) stamp: MetaObject,
    /// Before each correlation id; tells this run of the server from others.
    run: String,
    correlations: Arc<AtomicU64>,
}

impl Shared {
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        management: Option<Arc<dyn Management>>,
        bundles: Arc<dyn Bundles>,
        options: ViewOptions,
        streams: Arc<Places>,
        calls: Arc<OpenCalls>,
    ) -> Self {
        let options = Arc::new(options);
        let view = View::new(catalog.snapshot(), options.clone(), None);
        let info = Implementation::new(SERVER_NAME, env!("CARGO_PKG_VERSION"));
        let mut stamp = MetaObject::new();
        if let Ok(info) = serde_json::to_value(&info) {
            stamp.insert(SERVER_INFO.to_owned(), info);
        }
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .enable_tasks()
            .build();
        Self {
            search: (options.dispatcher != Dispatcher::Off).then(Search::new),
            catalog,
            management,
            bundles,
            view: ArcSwap::from_pointee(view),
            renewing: Mutex::new(()),
            hub: Arc::new(Hub::default()),
            streams,
            calls,
            requests: TaskTracker::new(),
            closing: CancellationToken::new(),
            config: ServerConfig::new(capabilities)
                .with_server_info(info)
                .with_instructions(instructions(options.dispatcher)),
            options,
            stamp,
            run: run_id(),
            correlations: Arc::default(),
        }
    }

    /// Another endpoint of the same server: what is bounded is bounded over both.
    pub(crate) fn beside(&self, options: ViewOptions) -> Self {
        Self {
            hub: Arc::new(self.hub.beside()),
            requests: self.requests.clone(),
            closing: self.closing.clone(),
            run: self.run.clone(),
            correlations: self.correlations.clone(),
            ..Self::new(
                self.catalog.clone(),
                self.management.clone(),
                self.bundles.clone(),
                options,
                self.streams.clone(),
                self.calls.clone(),
            )
        }
    }

    /// What manages the extensions, where the endpoint lets agents do so.
    pub(crate) fn management(&self) -> Option<&Arc<dyn Management>> {
        let management = self.management.as_ref();
        management.filter(|_| self.options.manage_extensions)
    }

    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.catalog.changes()
    }

    /// The newest snapshot, without waiting.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.catalog.snapshot()
    }

    /// The view that there is, without waiting: of the newest snapshot, or for a moment of the one
    /// before.
    pub(crate) fn present_view(&self) -> arc_swap::Guard<Arc<View>> {
        self.view.load()
    }

    /// The view of the newest snapshot. Whoever asks first for a new one makes it.
    pub(crate) fn view(&self) -> Arc<View> {
        let view = self.view.load_full();
        if view.snapshot.generation == self.catalog.snapshot().generation {
            return view;
        }
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.view.load_full();
        let snapshot = self.catalog.snapshot();
        if before.snapshot.generation == snapshot.generation {
            return before;
        }
        let view = Arc::new(View::new(snapshot, self.options.clone(), Some(&before)));
        self.view.store(view.clone());
        view
    }

    /// For how long a client may go by a list that it gets now, in milliseconds.
    pub(crate) fn list_ttl_ms(&self) -> u64 {
        match self.view.load().swapped_in {
            Some(at) if at.elapsed() < SWAP => LIST_TTL_AROUND_SWAP_MS,
            _ => LIST_TTL_MS,
        }
    }

    /// Has clients hear that there will be no more news, and returns when all requests are answered,
    /// or after [`GRACE`].
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.requests.close();
        let _ = tokio::time::timeout(GRACE, self.requests.wait()).await;
    }

    /// An id that stands in all that a request leaves behind.
    pub(crate) fn correlation(&self) -> Arc<str> {
        let request = self.correlations.fetch_add(1, Ordering::Relaxed);
        format!("{}-{request:x}", self.run).into()
    }
}

fn instructions(dispatcher: Dispatcher) -> String {
    match dispatcher {
        Dispatcher::Off => INSTRUCTIONS.to_owned(),
        Dispatcher::Only | Dispatcher::Beside => {
            format!("{INSTRUCTIONS} {}", dispatcher::INSTRUCTIONS)
        }
    }
}

/// Eight hex digits, other ones each time.
pub(crate) fn run_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let seeded = std::collections::hash_map::RandomState::new().build_hasher();
    format!("{:08x}", seeded.finish() as u32)
}
