//! The lines that the operator's log gets about objects that did not pass: each tells which object,
//! from where, in which phase, because of whom and why.

use std::time::Duration;

use koi_rid::Rid;
use koi_runtime::Phase;
use koi_store::Arrival;

use crate::fault::Fault;

fn source(arrival: &Arrival) -> &str {
    arrival.source.as_ref().map_or("this node", Rid::as_str)
}

pub(crate) fn stop(arrival: &Arrival, phase: Phase, reason: &str) {
    tracing::debug!(
        rid = %arrival.rid,
        source = source(arrival),
        phase = phase.as_str(),
        reason,
        correlation = arrival.correlation,
        "an object was stopped"
    );
}

pub(crate) fn retry(arrival: &Arrival, phase: Phase, fault: &Fault, attempt: u32, wait: Duration) {
    tracing::info!(
        rid = %arrival.rid,
        source = source(arrival),
        phase = phase.as_str(),
        extension = fault.extension.as_deref().unwrap_or("-"),
        reason = fault.reason,
        attempt,
        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        correlation = arrival.correlation,
        "an object will be tried again"
    );
}

pub(crate) fn fault(arrival: &Arrival, phase: Phase, fault: &Fault, what: &str) {
    tracing::warn!(
        rid = %arrival.rid,
        source = source(arrival),
        phase = phase.as_str(),
        extension = fault.extension.as_deref().unwrap_or("-"),
        kind = fault.code,
        reason = fault.reason,
        correlation = arrival.correlation,
        "{what}"
    );
}
