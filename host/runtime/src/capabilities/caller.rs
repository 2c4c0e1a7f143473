//! `caller`: who caused the call, what is said to them meanwhile and what they are asked, over the port
//! of that name.

use super::convert::Given;
use crate::state::State;

pub(crate) fn who(state: &mut State) -> wasmtime::Result<String> {
    state.meter.host_call()?;
    Ok(state.caller.who(&state.context))
}

pub(crate) fn progress(
    state: &mut State,
    progress: f64,
    total: Option<f64>,
    message: Option<String>,
) -> wasmtime::Result<()> {
    state.meter.host_call()?;
    state
        .caller
        .progress(&state.context, progress, total, message);
    Ok(())
}

pub(crate) fn log(state: &mut State, level: &str, data: &str) -> wasmtime::Result<()> {
    state.meter.host_call()?;
    state.caller.log(&state.context, level, data);
    Ok(())
}

pub(crate) async fn ask(state: &mut State, questions: &str) -> Given<String> {
    state.meter.host_call()?;
    let _waiting = state.meter.wait_for_person();
    Ok(state.caller.ask(&state.context, questions).await)
}
