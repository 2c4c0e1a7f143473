//! The bindings of the whole contract, generated from the WIT.
//!
//! The world that is bound exports everything, so its own `…Pre` type, which wants every export, is
//! not used: an extension exports what it implements (see `exports.rs`).

#![allow(missing_docs, reason = "what is generated is documented in the WIT")]

wasmtime::component::bindgen!({
    world: "koi:extension/everything",
    path: "../../wit",
    imports: {
        "koi:extension/knowledge": async | trappable,
        "koi:extension/network.neighbours": async | trappable,
        "koi:extension/caller.ask": async | trappable,
        "wasi:config/store": async | trappable,
        "wasi:keyvalue/store": async | trappable,
        "wasi:keyvalue/atomics": async | trappable,
        "wasi:keyvalue/batch": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: {
        "wasi:keyvalue/store.bucket": crate::capabilities::keyvalue::Bucket,
    },
});
