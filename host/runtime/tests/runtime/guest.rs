//! Guests made of text, and runtimes to load them.

use koi_runtime::{Extension, Runtime, RuntimeConfig};

// The end-to-end tests have the same guests. A dependency on their crate would be one on all of them.
#[path = "../../../../tests/src/text_guest.rs"]
mod text_guest;

pub use text_guest::Guest;

impl Guest {
    /// The component, loaded into a runtime.
    pub async fn load(&self, runtime: &Runtime) -> Extension {
        runtime.load(self.bytes()).await.expect("a loadable guest")
    }
}

/// A runtime without a cache.
pub fn runtime() -> Runtime {
    runtime_of(RuntimeConfig {
        slots: 16,
        ..RuntimeConfig::default()
    })
}

/// A runtime of this configuration.
pub fn runtime_of(config: RuntimeConfig) -> Runtime {
    Runtime::new(config).expect("a runtime")
}
