//! From a component's bytes to code that can be run, once for all who ask for the same component at
//! the same time.
//!
//! What is in the cache waits for nobody who compiles. All work on the bytes is done on threads of its
//! own; what fails is one sentence, a [`LoadError`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::CodeCache;
use crate::compiler::{CompileLimits, Compiler};
use crate::error::{LoadError, sentence};

/// A larger component is refused. Python guests have 18 MB.
const MAX_COMPONENT_BYTES: usize = 128 << 20;

/// How WebAssembly begins.
const MAGIC: &[u8] = b"\0asm";

/// What follows it in a core module: version 1, layer 0.
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];

/// So many components are hashed or taken from the cache at the same time. Each may take several
/// times [`MAX_COMPONENT_BYTES`] of memory meanwhile.
const READERS: usize = 4;

/// So many are compiled at the same time: the other cores are for those who call.
const COMPILERS: usize = 1;

/// A component's code, as soon as it is there. Goes when nobody waits for it any more.
type Flight = OnceCell<Result<Component, LoadError>>;

/// Loads code for one engine.
pub(crate) struct Loader {
    engine: Engine,
    cache: Option<CodeCache>,
    compiler: Compiler,
    limits: CompileLimits,
    fuel: bool,
    reading: Arc<Semaphore>,
    compiling: Arc<Semaphore>,
    flights: Mutex<HashMap<String, Weak<Flight>>>,
}

impl Loader {
    pub(crate) fn new(
        engine: Engine,
        cache: Option<CodeCache>,
        compiler: Compiler,
        limits: CompileLimits,
        fuel: bool,
    ) -> Self {
        Self {
            engine,
            cache,
            compiler,
            limits,
            fuel,
            reading: Arc::new(Semaphore::new(READERS)),
            compiling: Arc::new(Semaphore::new(COMPILERS)),
            flights: Mutex::default(),
        }
    }

    /// The component and the lower-case hex SHA-256 of its bytes.
    pub(crate) async fn load(
        self: &Arc<Self>,
        bytes: Arc<[u8]>,
    ) -> Result<(Component, Arc<str>), LoadError> {
        check_form(&bytes)?;
        let hashed = bytes.clone();
        let digest = self
            .aside(move |_| Ok(hex::encode(Sha256::digest(&hashed))))
            .await?;
        let flight = self.flight(&digest);
        // Of those who wait the next one takes over if this one goes away.
        let component = flight.get_or_init(|| self.fly(bytes, &digest)).await;
        component
            .clone()
            .map(|component| (component, digest.into()))
    }

    fn flight(&self, digest: &str) -> Arc<Flight> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, flight| flight.strong_count() > 0);
        if let Some(flight) = flights.get(digest).and_then(Weak::upgrade) {
            return flight;
        }
        let flight = Arc::new(Flight::new());
        flights.insert(digest.to_owned(), Arc::downgrade(&flight));
        flight
    }

    async fn fly(self: &Arc<Self>, bytes: Arc<[u8]>, digest: &str) -> Result<Component, LoadError> {
        let digest = digest.to_owned();
        let name = digest.clone();
        if let Some(component) = self.aside(move |this| Ok(this.cached(&name))).await? {
            return Ok(component);
        }
        let permit = permit(&self.compiling).await?;
        let code = self
            .compiler
            .compile(&self.engine, bytes, &self.limits, self.fuel, permit)
            .await?;
        self.aside(move |this| this.accept(&digest, &code)).await
    }

    /// Does what takes long on a thread of its own.
    async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let permit = permit(&self.reading).await?;
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&this)
        });
        done.await
            .map_err(|panic| LoadError::Compile(panic.to_string()))?
    }

    fn cached(&self, digest: &str) -> Option<Component> {
        let authentic = self.cache.as_ref()?.get(digest)?;
        // SAFETY: `deserialize` has to be given the unchanged bytes that an engine like this one made.
        // These are: a MAC over all of them, over the component's digest and over the engine's
        // fingerprint was checked under a key that only this node has, and only `accept` below makes
        // such a MAC, over bytes that were fit to be deserialized then. What was checked is what is
        // passed on, from memory of our own, so that nothing can change it in between.
        let component = unsafe { Component::deserialize(&self.engine, authentic.code()) };
        component
            .inspect_err(|error| {
                tracing::warn!(
                    digest,
                    error = sentence(error),
                    "compiled code does not fit this engine and is made again"
                );
            })
            .ok()
    }

    /// Takes what was just compiled into use, and keeps it.
    fn accept(&self, digest: &str, code: &[u8]) -> Result<Component, LoadError> {
        // SAFETY: `deserialize` has to be given the unchanged bytes that an engine like this one made.
        // These come straight from `Compiler::compile`, in memory of our own: from this process, or
        // through a pipe from a process that this one started and that wrote all of them before it
        // ended well. Its program is named by whoever set up the runtime, who could as well change
        // this one; the engine refuses code of another version or other settings. To have that process
        // say something else a component would need a mistake in the compiler or the parser before
        // it, and with one of those the code that runs here is not safe either, wherever it was made.
        let component = unsafe { Component::deserialize(&self.engine, code) }
            .map_err(|error| LoadError::Unfit(sentence(&error)))?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.put(digest, code)
        {
            tracing::warn!(
                digest,
                %error,
                "compiled code could not be kept: the next start compiles it again"
            );
        }
        Ok(component)
    }
}

async fn permit(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, LoadError> {
    // Nobody closes them.
    let permit = semaphore.clone().acquire_owned().await;
    permit.map_err(|closed| LoadError::Compile(closed.to_string()))
}

/// Tells what is no component at all from the first bytes.
fn check_form(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge {
            size: bytes.len() as u64,
            limit: MAX_COMPONENT_BYTES as u64,
        });
    }
    match bytes.strip_prefix(MAGIC) {
        None => Err(LoadError::NotWasm),
        Some(rest) if rest.starts_with(CORE_MODULE) => Err(LoadError::CoreModule),
        Some(_) => Ok(()),
    }
}
