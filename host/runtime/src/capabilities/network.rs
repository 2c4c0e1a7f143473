//! `network`: this node and its neighbours, over the port of that name.

use koi_rid::Rid;

use super::convert::Given;
use crate::meter::Stop;
use crate::ports::Neighbour;
use crate::state::State;

pub(crate) fn this_node(state: &mut State) -> wasmtime::Result<Rid> {
    state.meter.host_call()?;
    let found = state.ports.network.this_node(&state.context);
    found.map_err(|error| wasmtime::Error::new(Stop::Port(error)))
}

pub(crate) async fn neighbours(state: &mut State) -> Given<Vec<Neighbour>> {
    state.meter.host_call()?;
    Ok(state.ports.network.neighbours(&state.context).await)
}
