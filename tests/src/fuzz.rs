//! What has to hold whatever comes in. Each target is a plain function that panics if it does not:
//! `cargo xtask test` drives it from the kept corpus with some thousand mutations,
//! `cargo xtask fuzz` for as long as one likes with coverage to guide it.
//!
//! The corpus is in `tests/fuzz/corpus`, a folder for each target. What the long run finds is put
//! there, so that it stays found.

mod component;
mod configuration;
mod envelope;
mod export;
mod grants;
mod jcs;
mod mutation;
mod recording;
mod rid;
mod signatures;

use std::sync::OnceLock;

use koi_runtime::{Runtime, RuntimeConfig};

pub use mutation::Mutations;

/// Something that takes input from outside.
#[derive(Debug, Clone, Copy)]
pub struct FuzzTarget {
    /// Its name, and its folder's in the corpus.
    pub name: &'static str,
    /// What has to hold for an input.
    pub check: fn(&[u8]),
    /// With so many mutations it is driven in the tests.
    pub rounds: u32,
}

/// All of them.
pub const FUZZ_TARGETS: [FuzzTarget; 9] = [
    FuzzTarget {
        name: "component",
        check: component::check,
        rounds: 300,
    },
    FuzzTarget {
        name: "configuration",
        check: configuration::check,
        rounds: 5_000,
    },
    FuzzTarget {
        name: "envelope",
        check: envelope::check,
        rounds: 3_000,
    },
    FuzzTarget {
        name: "export",
        check: export::check,
        rounds: 20_000,
    },
    FuzzTarget {
        name: "grants",
        check: grants::check,
        rounds: 50_000,
    },
    FuzzTarget {
        name: "jcs",
        check: jcs::check,
        rounds: 50_000,
    },
    FuzzTarget {
        name: "recording",
        check: recording::check,
        rounds: 20_000,
    },
    FuzzTarget {
        name: "rid",
        check: rid::check,
        rounds: 100_000,
    },
    FuzzTarget {
        name: "signatures",
        check: signatures::check,
        rounds: 20_000,
    },
];

/// An error that a person gets to see is one sentence of bounded length.
fn assert_is_a_sentence(error: &str, most_bytes: usize) {
    assert!(!error.is_empty(), "an error without words");
    assert!(
        error.len() <= most_bytes,
        "an error of {} bytes: {error}",
        error.len()
    );
}

/// A small host for the targets that load components, and threads for it.
fn host() -> &'static (tokio::runtime::Runtime, Runtime) {
    static HOST: OnceLock<(tokio::runtime::Runtime, Runtime)> = OnceLock::new();
    HOST.get_or_init(|| {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = RuntimeConfig {
            slots: 8,
            ..RuntimeConfig::default()
        };
        (threads, Runtime::new(config).unwrap())
    })
}
