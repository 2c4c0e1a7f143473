//! Recordings: whatever the text is, it is refused with a sentence, or is read again as it was written and
//! runs to an end.

use std::sync::OnceLock;

use koi_runtime::{Extension, Recording};

use super::{assert_is_a_sentence, host};
use crate::Guest;

/// Asks several ports, one of them in a way that depends on what another answered.
const ASKING: &str = "
    (call $open (i32.const 48) (i32.const 4) (i32.const 1024))
    (call $forget (i32.const 16) (i32.const 18) (i32.const 1024))
    (call $this-node (i32.const 1100))
    (call $log (i32.const 2) (i32.const 48) (i32.const 4)
        (i32.load (i32.const 1100)) (i32.load (i32.const 1104)))
    (call $text (local.get $args) (local.get $args-len))";

pub(super) fn check(input: &[u8]) {
    let recording = match Recording::parse(input) {
        Ok(recording) => recording,
        Err(error) => return assert_is_a_sentence(&error.to_string(), 1024),
    };
    let text = recording.to_json();
    let again = Recording::parse(text.as_bytes()).unwrap();
    assert_eq!(
        (&again.called, again.steps.len()),
        (&recording.called, recording.steps.len())
    );
    let mut bytes = 0;
    recording.texts(|text| bytes += text.len());
    assert!(bytes <= text.len(), "{bytes} bytes of texts in {text}");

    let (threads, runtime) = host();
    static GUEST: OnceLock<Extension> = OnceLock::new();
    let guest = GUEST.get_or_init(|| {
        let guest = Guest::with_tool(ASKING).bytes();
        threads.block_on(runtime.load(guest)).unwrap()
    });
    match threads.block_on(guest.replay(&recording)) {
        Ok(replayed) => {
            if let Some(divergence) = replayed.divergence {
                assert_is_a_sentence(&divergence.to_string(), 2048);
            }
        }
        Err(error) => assert_is_a_sentence(&error.to_string(), 2048),
    }
}
