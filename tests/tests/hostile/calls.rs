//! Guests made of text that misbehave when their tool is called: `tests/hostile/call`.

use koi_tests::Guest;

use crate::host::{Host, Misfits, one_sentence};

/// What becomes of a call.
enum End {
    /// The caller is told this.
    Told(&'static [&'static str]),
    /// The caller gets an answer, and the operator's log has this.
    Answered(&'static [&'static str]),
}
use End::{Answered, Told};

macro_rules! guests {
    ($($name:literal => $end:expr;)+) => {
        &[$(($name, include_str!(concat!("../../hostile/call/", $name, ".wat")), $end),)+]
    };
}

const CPU: End = Told(&[
    "it met its limit of 500 ms CPU time",
    "setting `limits.cpu`",
]);
const MEMORY: End = Told(&[
    "it met its limit of 268435456 bytes memory",
    "setting `limits.memory`",
]);
const RESULT: End = Told(&[
    "it met its limit of 8388608 bytes result",
    "setting `limits.result`",
]);
const HOST_CALLS: End = Told(&[
    "it met its limit of 100000 host calls",
    "setting `limits.host_calls`",
]);
const STACK: End = Told(&["the extension crashed", "stack"]);
const LEAVES: End = Told(&["the extension crashed", "cannot leave component instance"]);

/// The corpus: a guest's fields, and what becomes of a call of its tool.
const GUESTS: &[(&str, &str, End)] = guests! {
    "endless-loop" => CPU;
    "endless-recursion" => STACK;
    "mutual-recursion" => STACK;
    "memory-growth" => MEMORY;
    "memory-touched" => MEMORY;
    "memory-at-once" => MEMORY;
    "memory-returned" => Answered(&[]);
    "table-growth" => CPU;
    "table-at-once" => Told(&["the extension crashed", "unreachable"]);
    "giant-text" => RESULT;
    "text-beyond-memory" => Told(&["the extension crashed", "out of bounds"]);
    "text-of-no-characters" => Told(&["the extension crashed", "utf-8"]);
    "result-misplaced" => Told(&["the extension crashed", "aligned"]);
    "result-of-no-kind" => Told(&["the extension crashed", "discriminant"]);
    "result-no-json" => Told(&["gave an answer that is no JSON object"]);
    "result-deep" => Told(&["recursion limit exceeded"]);
    "argument-giant" => RESULT;
    "argument-beyond-memory" => Told(&["the extension crashed", "out of bounds"]);
    "host-calls" => HOST_CALLS;
    "host-calls-of-size" => CPU;
    "log-flood" => Answered(&["limits.log_bytes"]);
    "unreachable" => Told(&["the extension crashed", "unreachable"]);
    "division-by-zero" => Told(&["the extension crashed", "divide by zero"]);
    "null-function" => Told(&["the extension crashed", "uninitialized element"]);
    "reentrance-in-realloc" => LEAVES;
    "reentrance-in-post-return" => LEAVES;
    "endless-realloc" => CPU;
    "endless-post-return" => CPU;
    "realloc-beyond-memory" => Told(&["the extension crashed", "beyond end of memory"]);
};

#[test]
fn a_guest_with_an_instance_for_each_call_fails_that_call_and_harms_nobody() {
    all_fail_their_own_calls("fresh");
}

#[test]
fn a_guest_with_warm_instances_fails_its_own_calls_and_harms_nobody() {
    all_fail_their_own_calls("pooled");
}

#[test]
fn a_guest_with_one_instance_fails_its_own_calls_and_harms_nobody() {
    all_fail_their_own_calls("singleton");
}

fn all_fail_their_own_calls(mode: &str) {
    let host = Host::start();
    let grant = format!("mode={mode}");
    let grants: &[&str] = match mode {
        "fresh" => &[],
        _ => &[&grant],
    };
    let mut misfits = Misfits::default();
    let log_before = host.node.log().len();
    for (name, fields, end) in GUESTS {
        let guest = Guest {
            fields,
            description: format!(r#"{{"name":"{name}","version":"1.0.0","mode":"{mode}"}}"#),
            ..Guest::named(name)
        };
        host.install(name, &guest, grants);
        // What a singleton keeps goes with it, so that it is removed before anybody looks.
        let output = host.survives(name, || {
            let output = host.node.command(&["call", name, "--json"]);
            host.remove(name);
            output
        });
        let told = String::from_utf8_lossy(&output.stderr);
        match (end, output.status.success()) {
            (Told(parts), false) => misfits.look(name, &one_sentence(&told), parts),
            (Answered(parts), true) => misfits.look(name, &host.node.log(), parts),
            (_, answered) => misfits.add(name, format!("answered: {answered}; told: {told:.600}")),
        }
    }
    misfits.are_none();
    host.has_only_echo();
    let logged = host.node.log().len() - log_before;
    assert!(logged < 4 << 20, "{logged} bytes in the log");
}
