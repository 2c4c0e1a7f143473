//! Limits are the node's, an extension's, and a call's.

use koi_tests::{Guest, Node};
use serde_json::json;

use crate::{says, start};

fn told(node: &Node, limits: &[&str]) -> String {
    let limits = limits.iter().flat_map(|limit| ["--limit", limit]);
    let args: Vec<&str> = ["call", "spinning"].into_iter().chain(limits).collect();
    node.refusal(&args)
}

#[test]
fn a_limit_is_set_for_an_extension_and_lowered_for_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let guest = Guest {
        call_tool: "(loop $l (br $l)) (unreachable)",
        ..Guest::named("spinning")
    };
    let file = folder.path().join("spinning.wasm");
    std::fs::write(&file, guest.bytes()).unwrap();
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let met = |value: &str| format!("limit of {value} CPU time (setting `limits.cpu`)");

    let all = told(&node, &[]);
    assert!(all.contains(&met("2000 ms")), "{all}");
    says(&node, &["extension", "grant", "spinning", "limit=cpu:300"]);
    let own = told(&node, &[]);
    assert!(own.contains(&met("300 ms")), "{own}");
    let shown = node.json(&["extension", "grants", "spinning"]);
    assert_eq!(shown["in-force"], json!(["limit=cpu:300"]));
    let lowered = told(&node, &["cpu:100", "memory:10000000"]);
    assert!(lowered.contains(&met("100 ms")), "{lowered}");
    let raised = told(&node, &["cpu:60000"]);
    assert!(raised.contains(&met("300 ms")), "{raised}");
    let memory = told(&node, &["memory:65536"]);
    assert!(
        memory.contains("limit of 65536 bytes memory (setting `limits.memory`)"),
        "{memory}"
    );
    let unknown = told(&node, &["speed:1"]);
    assert!(
        unknown.contains("speed") && unknown.contains("host_calls"),
        "{unknown}"
    );
}
