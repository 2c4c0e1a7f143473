//! The bindings of the standard interfaces that the host offers beyond WASI's own, generated from the
//! WIT. All versions of the contract have them in common; each has its own of `koi:extension`
//! (`contract.rs`).

#![allow(missing_docs, reason = "what is generated is documented in the WIT")]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package koi:host;
        world standard {
            import wasi:logging/logging@0.1.0-draft;
            import wasi:config/store@0.2.0-rc.1;
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
            import wasi:keyvalue/batch@0.2.0-draft;
        }
    ",
    world: "koi:host/standard",
    imports: {
        "wasi:config/store": async | trappable,
        "wasi:keyvalue/store": async | trappable,
        "wasi:keyvalue/atomics": async | trappable,
        "wasi:keyvalue/batch": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:keyvalue/store.bucket": crate::capabilities::keyvalue::Bucket,
    },
});
