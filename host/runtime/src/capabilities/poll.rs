//! `wasi:io/poll`, whose answers depend on when things happen: so they are part of a recording.
//!
//! The library does the waiting. In a call that is recorded, what came first is taken down; in a replay,
//! a guest waits until just that has come, and is told of nothing else.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::io::poll::{Host, HostPollable};

use crate::state::State;

/// The interface as the library links it.
const INTERFACE: &str = "wasi:io/poll@0.2.12";

/// Waiting for the first of several.
const FIRST: &str = "poll.first";

/// Looking whether something has come.
const READY: &str = "poll.ready";

/// Takes the place of the library's functions that tell what has come.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut interface = linker.instance(INTERFACE)?;
    interface.func_wrap_async(
        "poll",
        |mut store, (waited,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move { Ok((first(store.data_mut(), waited).await?,)) })
        },
    )?;
    interface.func_wrap_async(
        "[method]pollable.ready",
        |mut store, (waited,): (Resource<DynPollable>,)| {
            Box::new(async move { Ok((ready(store.data_mut(), waited).await?,)) })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

async fn first(
    state: &mut State,
    waited: Vec<Resource<DynPollable>>,
) -> wasmtime::Result<Vec<u32>> {
    // Of one thing it is clear what comes first.
    let order = state.ports.order.clone().filter(|_| waited.len() > 1);
    let Some(order) = order else {
        return state.table.poll(waited).await;
    };
    let among = waited.len();
    if let Some(first) = order.came_first(FIRST, among) {
        for place in &first {
            if let Some(one) = waited.get(*place as usize) {
                state.table.block(Resource::new_borrow(one.rep())).await?;
            }
        }
        return Ok(first);
    }
    let first = state.table.poll(waited).await?;
    order.comes_first(FIRST, among, &first);
    Ok(first)
}

async fn ready(state: &mut State, waited: Resource<DynPollable>) -> wasmtime::Result<bool> {
    let Some(order) = state.ports.order.clone() else {
        return state.table.ready(waited).await;
    };
    match order.came_first(READY, 1) {
        Some(first) if first.is_empty() => Ok(false),
        Some(_) => {
            state.table.block(waited).await?;
            Ok(true)
        }
        None => {
            let ready = state.table.ready(waited).await?;
            order.comes_first(READY, 1, if ready { &[0] } else { &[] });
            Ok(ready)
        }
    }
}
