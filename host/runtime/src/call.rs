//! What comes out of a call: the guest's answer, or what ended it, as the caller is told.

use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::capabilities::convert::refusal;
use crate::error::{CallError, GuestError, sentence};
use crate::limits::Limits;
use crate::meter::{Exceeded, Stop};

/// What the engine says when a guest hands over more than it may. Its type is private; the test
/// `a_result_beyond_its_limit_is_refused` holds the text to be right.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// What a guest's function gives: a trap, the guest's own failure, or its answer.
pub(crate) type Answer<R> = wasmtime::Result<Result<R, GuestError>>;

/// What the caller gets of it.
pub(crate) fn outcome<R>(answer: Answer<R>, limits: &Limits) -> Result<R, CallError> {
    match answer {
        Err(trap) => Err(failure(&trap, limits)),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(answer)) => Ok(answer),
    }
}

/// Why an instance did not live through a call, or did not begin. None if that was a limit or the host's
/// doing: callers may lower limits, and what they do has no say in when others are answered.
pub(crate) fn crash(error: &wasmtime::Error, limits: &Limits) -> Option<String> {
    if let Some(refusal @ Stop::SavedState(_)) = error.downcast_ref() {
        return Some(refusal.to_string());
    }
    match failure(error, limits) {
        crash @ CallError::Trap(_) => Some(crash.to_string()),
        _ => None,
    }
}

/// What the caller sees of a call that the engine ended.
fn failure(error: &wasmtime::Error, limits: &Limits) -> CallError {
    tracing::debug!(?error, "the engine ended a call");
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Limit(exceeded) => exceeded.error(),
            Stop::Port(port) => refusal(port.clone()).into(),
            Stop::SavedState(error) => CallError::Guest(GuestError {
                kind: error.kind.clone(),
                message: stop.to_string(),
            }),
            Stop::NotExported(interface) => CallError::NotExported(interface),
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        if *trap == Trap::OutOfFuel {
            return Exceeded::Fuel(limits.fuel).error();
        }
        return CallError::Trap(trap.to_string());
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return CallError::Trap(format!("it left with exit status {}", exit.0));
    }
    if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
        return CallError::Overloaded(full.to_string());
    }
    if error.root_cause().to_string().contains(TOO_MUCH_DATA) {
        return Exceeded::Result(limits.result).error();
    }
    CallError::Trap(sentence(error))
}
