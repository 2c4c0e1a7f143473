//! Singletons that misbehave with their saved state: `tests/hostile/state`.

use koi_tests::Guest;

use crate::host::{Host, Misfits, has_all, one_sentence};

/// `save` and `load` of a guest's fields as the interface `state`.
const STATE: &str = r#"
    (func $save (result (result (list u8) (error $error)))
        (canon lift (core func $main "save") (memory $memory) (realloc $realloc)))
    (func $load (param "state" (list u8)) (result (result (error $error)))
        (canon lift (core func $main "load") (memory $memory) (realloc $realloc)))
    (instance $state (export "save" (func $save)) (export "load" (func $load)))
    (export "koi:extension/state@0.1.0" (instance $state))"#;

/// Crashes if there are arguments, so that the next call needs a new instance.
const CRASH_IF_ASKED: &str = "
    (if (i32.gt_u (local.get $args-len) (i32.const 2)) (then (unreachable)))
    (call $text (i32.const 0) (i32.const 2))";

/// What a call is told, and what the operator's log has.
struct End {
    told: &'static [&'static str],
    logged: &'static [&'static str],
}

macro_rules! guests {
    ($($name:literal => $told:expr, $logged:expr;)+) => {
        &[$((
            $name,
            include_str!(concat!("../../hostile/state/", $name, ".wat")),
            End { told: $told, logged: $logged },
        ),)+]
    };
}

const NOT_SAVED: &str = "the state of a singleton was not saved; what was saved before stands";

/// The corpus: a guest's fields, and what becomes of a call that needs a new instance. Nothing told is
/// an answer.
const GUESTS: &[(&str, &str, End)] = guests! {
    "load-crash" => &["the extension crashed", "unreachable"], &[];
    "load-endless" => &["500 ms CPU time", "limits.cpu"], &[];
    "load-refusal" => &["does not take up its saved state", "orn:test.thing:one"], &[];
    "save-crash" => &[], &[NOT_SAVED, "unreachable"];
    "save-giant" => &[], &[NOT_SAVED];
    "save-refusal" => &[], &[NOT_SAVED, "orn:test.thing:one"];
};

#[test]
fn a_singleton_that_cannot_save_or_load_fails_its_own_calls_and_harms_nobody() {
    let host = Host::start();
    let mut misfits = Misfits::default();
    for (name, fields, End { told, logged }) in GUESTS {
        let guest = Guest {
            fields,
            exports: STATE,
            call_tool: CRASH_IF_ASKED,
            description: format!(r#"{{"name":"{name}","version":"1.0.0","mode":"singleton"}}"#),
            ..Guest::named(name)
        };
        host.survives(name, || {
            host.install(name, &guest, &["mode=singleton"]);
            let crash = host.node.command(&["call", name, "--args", r#"{"a":1}"#]);
            assert!(!crash.status.success(), "{name}: {crash:?}");
            let output = host.node.command(&["call", name]);
            let said = String::from_utf8_lossy(&output.stderr);
            match (told.is_empty(), output.status.success()) {
                (true, true) => {}
                (false, false) => misfits.look(name, &one_sentence(&said), told),
                _ => misfits.add(name, format!("{output:?}")),
            }
            println!("    {said:.300}");
            host.remove(name);
        });
        let log = host.node.log();
        let about: Vec<&str> = log.lines().filter(|line| line.contains(name)).collect();
        misfits.look(name, &about.join("\n"), logged);
    }
    misfits.are_none();
    host.has_only_echo();
}

#[test]
fn a_singleton_whose_state_is_never_finished_is_not_even_installed() {
    let host = Host::start();
    let name = "save-endless";
    let guest = Guest {
        fields: include_str!("../../hostile/state/save-endless.wat"),
        exports: STATE,
        description: format!(r#"{{"name":"{name}","version":"1.0.0","mode":"singleton"}}"#),
        ..Guest::named(name)
    };
    let file = host.file(name, &guest.bytes());
    let file = file.to_string_lossy();
    let install = ["extension", "install", &file, "--grant", "mode=singleton"];
    let told = host.survives(name, || host.node.refusal(&install));
    has_all(
        name,
        &one_sentence(&told),
        &["500 ms CPU time", "limits.cpu"],
    );
    host.has_only_echo();
}
