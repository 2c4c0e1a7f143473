//! One host serves two versions of the contract side by side. The second one is the tests' own
//! (`tests/contract-0.2`), and breaks the first.

pub(crate) mod v0_2;

// The same guests as in all tests, of version 0.1.
#[path = "../../../../tests/src/text_guest.rs"]
#[allow(
    dead_code,
    clippy::expect_used,
    reason = "the tests' own file, of which this uses a part"
)]
mod text_guest;

use crate::error::{CallError, GuestError, GuestErrorKind, LoadError};
use crate::extension::Extension;
use crate::runtime::{Runtime, RuntimeConfig};
use text_guest::Guest;

/// The tool of a guest of 0.1 that forgets what its arguments name, and answers as the host did.
const FORGETS: &str = r"(call $forget (local.get $args) (local.get $args-len) (i32.const 1024))
    (if (result i32) (i32.load8_u (i32.const 1024))
      (then (i32.const 1024))
      (else (call $text (i32.const 0) (i32.const 2))))";

fn runtime() -> Runtime {
    let config = RuntimeConfig {
        slots: 16,
        ..RuntimeConfig::default()
    };
    Runtime::new(config).unwrap_or_else(|error| panic!("{error}"))
}

async fn load(runtime: &Runtime, bytes: impl Into<std::sync::Arc<[u8]>>) -> Extension {
    let loaded = runtime.load(bytes.into()).await;
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

async fn forget(extension: &Extension, rid: &str) -> Result<String, CallError> {
    let call = extension.bound.ungranted();
    extension.call_tool(call, "forget", rid).await
}

fn denied(message: &str) -> Result<String, CallError> {
    Err(CallError::Guest(GuestError {
        kind: GuestErrorKind::Denied,
        message: message.to_owned(),
    }))
}

#[tokio::test]
async fn guests_of_two_versions_of_the_contract_answer_side_by_side() {
    let runtime = runtime();
    let (first, second) = (Guest::with_tool(FORGETS).bytes(), v0_2::guest());
    let (first, second) = (load(&runtime, first).await, load(&runtime, second).await);
    assert_eq!(first.bound.code.indices.contract(), "koi:extension@0.1.0");
    assert_eq!(second.bound.code.indices.contract(), "koi:extension@0.2.0");
    for extension in [&first, &second, &first] {
        assert!(extension.exports().tools);
        assert_eq!(extension.describe().await, Ok("{}".to_owned()));
        let call = extension.bound.ungranted();
        assert_eq!(extension.start(call).await, Ok(()));
    }
    // What the host says to both goes through their own words, and comes to the same.
    let told = forget(&first, "orn:test.thing:one").await;
    let Err(CallError::Guest(GuestError { message, .. })) = &told else {
        panic!("{told:?}");
    };
    assert!(message.starts_with("not granted: "), "{message}");
    assert_eq!(told, denied(message));
    assert_eq!(forget(&second, "orn:test.thing:one").await, told);
}

#[tokio::test]
async fn what_a_version_does_not_have_is_not_exported_by_its_guests() {
    let extension = load(&runtime(), v0_2::guest()).await;
    let call = extension.bound.ungranted();
    let answer = extension.list_prompts(call).await;
    assert_eq!(answer, Err(CallError::NotExported("prompts")));
}

#[tokio::test]
async fn a_component_that_exports_two_versions_is_refused() {
    let guest = Guest {
        exports: r#"(export "koi:extension/prompts@0.2.0" (instance $tools))"#,
        ..Guest::default()
    };
    let refused = runtime().load(guest.bytes()).await.err();
    let expected = LoadError::MixedVersions {
        found: "koi:extension/prompts@0.2.0".to_owned(),
        beside: "koi:extension/extension@0.1.0".to_owned(),
    };
    assert_eq!(refused, Some(expected));
}

#[tokio::test]
async fn a_version_that_is_not_served_is_told_which_are() {
    let guest = Guest {
        version: "0.3.0",
        ..Guest::default()
    };
    let Err(refused) = runtime().load(guest.bytes()).await else {
        panic!("it was loaded");
    };
    let refused = refused.to_string();
    assert!(refused.contains("@0.3.0`"), "{refused}");
    let served = "this host serves `koi:extension@0.2.0` and `koi:extension@0.1.0`:";
    assert!(refused.contains(served), "{refused}");
}
