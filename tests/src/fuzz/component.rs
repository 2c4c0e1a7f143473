//! Components: whatever the bytes are, loading them ends, with an extension or with one sentence.
//!
//! The input is taken as it is, and also as the choices of a generator of valid components.

use std::sync::Arc;

use arbitrary::Unstructured;
use wasm_smith::{Component, Config};

use super::{assert_is_a_sentence, host};

pub(super) fn check(input: &[u8]) {
    load(input);
    let config = Config {
        // Of no use to an extension, and so off in the engine.
        threads_enabled: false,
        memory64_enabled: false,
        ..Config::default()
    };
    if let Ok(component) = Component::new(config, &mut Unstructured::new(input)) {
        load(&component.to_bytes());
    }
}

fn load(bytes: &[u8]) {
    let (threads, runtime) = host();
    let bytes: Arc<[u8]> = bytes.into();
    match threads.block_on(runtime.load(bytes.clone())) {
        Ok(extension) => {
            let described = threads.block_on(extension.describe());
            if let Err(error) = described {
                assert_is_a_sentence(&error.to_string(), 8192);
            }
        }
        Err(error) => {
            let error = error.to_string();
            assert_is_a_sentence(&error, 8192);
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!error.contains("panicked"), "{error}");
        }
    }
}
