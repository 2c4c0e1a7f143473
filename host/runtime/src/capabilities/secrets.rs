//! `secrets`: placeholders of the extension's secrets, over the port of that name.

use super::convert::Given;
use crate::state::State;

pub(crate) fn placeholder(state: &mut State, name: &str) -> Given<String> {
    state.meter.host_call()?;
    Ok(state.ports.secrets.placeholder(&state.context, name))
}
