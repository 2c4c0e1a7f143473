//! The functions of the host: in a component those that it imports, elsewhere those of
//! [`testing`](crate::testing), with the same signatures.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::imports::{
    koi::extension::{caller, knowledge, network, secrets},
    wasi::{
        config::store as config,
        keyvalue::{atomics, batch, store as keyvalue},
        logging::logging,
    },
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{
    atomics, batch, caller, config, keyvalue, knowledge, logging, network, secrets,
};
