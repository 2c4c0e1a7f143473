//! The engine's settings, and the thread that interrupts guests.
//!
//! Proposals that no guest needs are off, results don't depend on the machine (NaNs, relaxed SIMD),
//! and guests can be interrupted at every loop and call. Counting instructions makes other code of a
//! component, which is slower, so an engine does it for all components or for none.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::RuntimeError;

/// How often a running guest gives its thread back, at the least.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// What one component may have at most. A Python guest has 14 core instances.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
const MEMORIES_PER_COMPONENT: u32 = 8;
const TABLES_PER_COMPONENT: u32 = 32;
const TABLES_PER_MODULE: u32 = 4;
const TABLE_ELEMENTS: usize = 100_000;
const INSTANCE_METADATA_BYTES: usize = 4 << 20;

/// Tables per slot of the pool: what the guests of today's toolchains use for each memory.
pub(crate) const TABLES_PER_SLOT: u32 = 4;

/// Memory that stays with a slot from one instance to the next, cleared by writing instead of being
/// given back. Small guests touch less; a Python guest's call takes a sixth longer with a quarter of
/// it, and hardly less time with more.
const MEMORY_KEPT_BYTES: usize = 256 << 10;
const TABLE_KEPT_BYTES: usize = 64 << 10;

/// An engine with room for so many memories, from a pool where the address space allows for it, that
/// counts the instructions of guests or does not.
pub(crate) fn engine(slots: u32, fuel: bool) -> Result<Engine, RuntimeError> {
    let mut pooling = config(fuel);
    pooling.allocation_strategy(pool(slots));
    Engine::new(&pooling)
        .or_else(|reason| {
            tracing::warn!(
                %reason,
                "instances come from no pool and start more slowly: the address space it needs could not be reserved"
            );
            Engine::new(&config(fuel))
        })
        .map_err(|error| RuntimeError::Engine(crate::error::sentence(&error)))
}

/// The settings of a runtime's engine with a pool of so many memories, for whoever has to compare the
/// runtime with the engine alone. It counts no instructions.
pub fn engine_configuration(slots: u32) -> Config {
    let mut config = config(false);
    config.allocation_strategy(pool(slots));
    config
}

/// The settings of an engine that only compiles, for engines of [`engine`].
pub(crate) fn compiling(fuel: bool) -> Config {
    config(fuel)
}

fn config(fuel: bool) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(fuel)
        .memory_init_cow(true)
        .parallel_compilation(false)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .concurrency_support(false)
        .wasm_memory64(false);
    config
}

fn pool(slots: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(TABLES_PER_SLOT))
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_tables_per_module(TABLES_PER_MODULE)
        .max_component_instance_size(INSTANCE_METADATA_BYTES)
        .max_core_instance_size(INSTANCE_METADATA_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
        .table_keep_resident(TABLE_KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

/// The thread that lets time go by for guests. Ends when this value is dropped.
pub(crate) struct Ticker {
    _stop: mpsc::Sender<()>,
}

impl Ticker {
    /// Starts the thread.
    pub(crate) fn start(engine: &Engine) -> Result<Self, RuntimeError> {
        let (stop, stopped) = mpsc::channel();
        let engine = engine.weak();
        std::thread::Builder::new()
            .name("koi-epoch".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => return,
                    }
                }
            })
            .map_err(RuntimeError::Ticker)?;
        Ok(Self { _stop: stop })
    }
}
