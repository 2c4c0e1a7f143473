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
        default: trappable,
    },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: {
        "wasi:config/store": crate::bindings::wasi::config::store,
        "wasi:keyvalue/store": crate::bindings::wasi::keyvalue::store,
        "wasi:keyvalue/atomics": crate::bindings::wasi::keyvalue::atomics,
        "wasi:keyvalue/batch": crate::bindings::wasi::keyvalue::batch,
        "wasi:logging/logging": crate::bindings::wasi::logging::logging,
    },
});
