//! The runtime: one engine for all extensions, and the way from bytes to a checked revision.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::CodeCache;
use crate::capabilities;
use crate::engine::{self, TABLES_PER_SLOT, Ticker};
use crate::error::{LoadError, RuntimeError, sentence};
use crate::exports::{Indices, check_version};
use crate::extension::Extension;
use crate::lanes::Lanes;
use crate::live::{LONGEST_UNUSED, Live};
use crate::slots::Slots;
use crate::state::State;

/// A larger component is refused. Python guests have 18 MB.
const MAX_COMPONENT_BYTES: usize = 128 << 20;

/// How WebAssembly begins.
const MAGIC: &[u8] = b"\0asm";

/// What follows it in a core module: version 1, layer 0.
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];

/// What a runtime is set up with.
#[derive(Clone)]
pub struct RuntimeConfig {
    /// Where compiled code is kept between runs; none keeps it in memory only.
    pub cache_dir: Option<PathBuf>,
    /// The key under which entries of the cache are authenticated. Whoever knows it and may write
    /// that folder can have code of their own run in the node.
    pub cache_key: [u8; 32],
    /// So many linear memories may exist at the same time, which is one for most instances; further
    /// calls wait.
    pub slots: u32,
}

impl Default for RuntimeConfig {
    /// No cache and 512 slots.
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_key: [0; 32],
            slots: 512,
        }
    }
}

/// Loads extensions. Cheap to clone; all clones are one runtime, which goes with the last clone and
/// the last extension that it loaded.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// What all extensions of a runtime share.
pub(crate) struct Shared {
    engine: Engine,
    pub(crate) slots: Arc<Slots<Live>>,
    pub(crate) lanes: Lanes,
    linker: Linker<State>,
    cache: Option<CodeCache>,
    /// One at a time: compiling takes all the cores that it gets.
    compiling: Arc<Semaphore>,
    _ticker: Ticker,
}

impl Runtime {
    /// Sets up the engine and the cache.
    ///
    /// # Errors
    /// If the engine cannot reserve what it needs or the cache folder cannot be used.
    pub fn new(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        let slots = config.slots.max(1);
        let engine = engine::engine(slots)?;
        let mut linker = Linker::new(&engine);
        capabilities::link(&mut linker).map_err(|error| RuntimeError::Engine(sentence(&error)))?;
        let cache = match config.cache_dir {
            Some(path) => match CodeCache::open(&path, config.cache_key, &engine) {
                Ok(cache) => Some(cache),
                Err(error) => return Err(RuntimeError::Cache { path, error }),
            },
            None => None,
        };
        let ticker = Ticker::start(&engine)?;
        let lanes = Lanes::new().map_err(RuntimeError::Threads)?;
        let shared = Shared {
            engine,
            slots: Slots::new(slots),
            lanes,
            linker,
            cache,
            compiling: Arc::new(Semaphore::new(1)),
            _ticker: ticker,
        };
        let slots = Arc::downgrade(&shared.slots);
        shared.lanes.spawn(async move {
            while let Some(slots) = slots.upgrade() {
                slots.sweep(LONGEST_UNUSED);
                drop(slots);
                tokio::time::sleep(LONGEST_UNUSED / 10).await;
            }
        });
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Compiles a component, or takes its code from the cache, and checks that it fits the contract:
    /// its version, its imports, and in one throw-away instance the types of its exports.
    ///
    /// # Errors
    /// One sentence about what is wrong with the component.
    pub async fn load(&self, bytes: Arc<[u8]>) -> Result<Extension, LoadError> {
        check_form(&bytes)?;
        let permit = self.shared.compiling.clone().acquire_owned().await;
        let shared = self.shared.clone();
        let compiled = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let digest = hex::encode(Sha256::digest(&bytes));
            shared
                .compile(&bytes, &digest)
                .map(|component| (component, digest))
        });
        let (component, digest) = compiled
            .await
            .map_err(|error| LoadError::Compile(error.to_string()))??;
        check_version(&component, &self.shared.engine)?;
        let slots = self.shared.slots_of(&component)?;
        let pre = self
            .shared
            .linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::UnmetImport(sentence(&error)))?;
        let indices = Indices::find(&pre)?;
        let extension = Extension::new(self.shared.clone(), digest.into(), pre, indices, slots);
        extension.check().await?;
        Ok(extension)
    }
}

impl Shared {
    fn compile(&self, bytes: &[u8], digest: &str) -> Result<Component, LoadError> {
        if let Some(component) = self.cached(digest) {
            return Ok(component);
        }
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| LoadError::Malformed(sentence(&error)))?;
        if let Some(cache) = &self.cache {
            let kept = match component.serialize() {
                Ok(code) => cache.put(digest, &code).map_err(|error| error.to_string()),
                Err(error) => Err(sentence(&error)),
            };
            if let Err(error) = kept {
                tracing::warn!(
                    digest,
                    error,
                    "compiled code could not be kept: the next start compiles it again"
                );
            }
        }
        Ok(component)
    }

    fn cached(&self, digest: &str) -> Option<Component> {
        let authentic = self.cache.as_ref()?.get(digest)?;
        // SAFETY: `deserialize` has to be given the unchanged bytes of `Component::serialize`. These
        // are: a MAC over all of them, over the component's digest and over the engine's fingerprint
        // was checked under a key that only this node has, and only `compile` above makes such a
        // MAC, over bytes that come straight from `serialize`. What was checked is what is passed
        // on, from memory of our own, so that nothing can change it in between.
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

    /// How many slots an instance takes.
    fn slots_of(&self, component: &Component) -> Result<u32, LoadError> {
        let needs = component.resources_required().ok_or_else(|| {
            LoadError::UnmetImport("it is a core module, which this host never offers".to_owned())
        })?;
        let count = needs
            .num_memories
            .max(needs.num_tables.div_ceil(TABLES_PER_SLOT))
            .max(1);
        if count > self.slots.total() {
            return Err(LoadError::TooDemanding(format!(
                "{} memories and {} tables are {count} of the {} slots that there are",
                needs.num_memories,
                needs.num_tables,
                self.slots.total(),
            )));
        }
        Ok(count)
    }
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
