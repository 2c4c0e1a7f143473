//! What an extension publishes while it is being activated.

use koi_registry::{GrantRequest, Install, Naming};
use serde_json::{Map, json};
use tempfile::tempdir;

use super::support::{AT_START, start, unchanged};

/// Owns what it publishes, whose contents need what it leaves out.
fn starting() -> Install {
    let description = json!({
        "name": "starting",
        "version": "1.0.0",
        "rid-types": [{"rid-type": "orn:test.begun", "schema": "Begun"}],
        "schemas": [{"name": "Begun", "schema": {"type": "object", "required": ["when"]}}],
        "asks": {"publish": ["orn:test.begun"]},
    });
    Install {
        component: description.to_string().into_bytes(),
        grants: GrantRequest::AsAsked,
        settings: Map::new(),
        source: "test".to_owned(),
        learn: false,
        tool_prefix: None,
        naming: Naming::Own,
        who: "operator".to_owned(),
    }
}

#[tokio::test]
async fn what_an_extension_publishes_when_it_starts_is_checked_by_what_it_brings() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    f.registry.install(starting()).await.unwrap();
    let letters = f.letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].arrival.rid.as_str(), AT_START);
    assert!(letters[0].reason.contains("when"), "{letters:?}");
}
