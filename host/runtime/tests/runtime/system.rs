//! Time and randomness come from the call's ports and from nowhere else.

use std::sync::Arc;
use std::time::Duration;

use koi_runtime::ports::{Clock, Ports, Random};

use crate::guest::{Guest, runtime};
use crate::ports::call;

/// Answers `transform` with the bytes of the monotonic clock, of the seconds and nanoseconds of the
/// wall clock, and of two random numbers, the second of those that need not be secure.
fn observer() -> Guest {
    Guest {
        imports: r#"
            (import "wasi:clocks/monotonic-clock@0.2.0" (instance $monotonic
                (export "now" (func (result u64)))))
            (import "wasi:clocks/wall-clock@0.2.0" (instance $wall
                (type $t (record (field "seconds" u64) (field "nanoseconds" u32)))
                (export "datetime" (type $datetime (eq $t)))
                (export "now" (func (result $datetime)))))
            (import "wasi:random/random@0.2.0" (instance $random
                (export "get-random-u64" (func (result u64)))))
            (import "wasi:random/insecure@0.2.0" (instance $insecure
                (export "get-insecure-random-u64" (func (result u64)))))"#,
        exports: r#"
            (core func $monotonic (canon lower (func $monotonic "now")))
            (core func $wall (canon lower (func $wall "now") (memory $memory)))
            (core func $random (canon lower (func $random "get-random-u64")))
            (core func $insecure (canon lower (func $insecure "get-insecure-random-u64")))
            (core module $observer
                (import "libc" "memory" (memory 2))
                (import "host" "monotonic" (func $monotonic (result i64)))
                (import "host" "wall" (func $wall (param i32)))
                (import "host" "random" (func $random (result i64)))
                (import "host" "insecure" (func $insecure (result i64)))
                (func (export "transform")
                    (param i32 i32 i32 i32 i32 i32) (result i32)
                    (call $wall (i32.const 520))
                    (i64.store (i32.const 512) (call $monotonic))
                    (i64.store (i32.const 532) (call $random))
                    (i64.store (i32.const 540) (call $insecure))
                    (i32.store8 (i32.const 1024) (i32.const 0))
                    (i32.store (i32.const 1028) (i32.const 512))
                    (i32.store (i32.const 1032) (i32.const 36))
                    (i32.const 1024))
                (func (export "validate") (param i32 i32 i32 i32) (result i32) (unreachable)))
            (core instance $observer (instantiate $observer
                (with "libc" (instance $libc))
                (with "host" (instance
                    (export "monotonic" (func $monotonic))
                    (export "wall" (func $wall))
                    (export "random" (func $random))
                    (export "insecure" (func $insecure))))))
            (func $validate (param "schema" string) (param "contents" string)
                    (result (result (error $error)))
                (canon lift (core func $observer "validate") (memory $memory) (realloc $realloc)))
            (func $transform
                    (param "from-schema" string) (param "to-schema" string) (param "contents" string)
                    (result (result string (error $error)))
                (canon lift (core func $observer "transform") (memory $memory) (realloc $realloc)))
            (instance $schemas
                (export "validate" (func $validate)) (export "transform" (func $transform)))
            (export "koi:extension/schemas@0.1.0" (instance $schemas))"#,
        ..Guest::default()
    }
}

/// A moment whose numbers are spelled in letters, so that they are text in a guest's memory.
struct Moment;

impl Clock for Moment {
    fn wall(&self) -> Duration {
        let seconds = u64::from_le_bytes(*b"the-wall");
        Duration::new(seconds, u32::from_le_bytes(*b"nan!"))
    }

    fn monotonic(&self) -> u64 {
        u64::from_le_bytes(*b"monotony")
    }
}

/// Always the same letter.
struct Letter;

impl Random for Letter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(b'r');
    }
}

#[tokio::test]
async fn a_guest_sees_the_time_and_the_randomness_of_its_ports() {
    let extension = observer().load(&runtime()).await;
    let mut observing = call();
    Arc::make_mut(&mut observing.ports).clock = Arc::new(Moment);
    Arc::make_mut(&mut observing.ports).random = Arc::new(Letter);
    let seen = extension.transform(observing, "a", "b", "{}").await;
    assert_eq!(seen.as_deref(), Ok("monotonythe-wallnan!rrrrrrrrrrrrrrrr"));
}

#[test]
fn time_stands_still_and_randomness_is_the_same_each_time_an_extension_describes_itself() {
    let observed = || {
        let ports = Ports::denied();
        let mut bytes = [0; 20];
        ports.random.fill(&mut bytes);
        (bytes, ports.clock.wall(), ports.clock.monotonic())
    };
    assert_eq!(observed(), observed());
    assert_eq!(observed().1, Duration::ZERO);
}
