//! The tools that are listed, the same ones on both sides.

use std::sync::Arc;

use koi_tests::Guest;
use serde_json::{Value, json};

/// A guest has so many of them: as many as fit where it keeps them.
const A_GUEST: usize = 50;

/// So many tools, in the order of their names, as MCP describes them.
pub fn tools(count: usize) -> Vec<Value> {
    let tool = |number: usize| {
        json!({
            "name": format!("archive_{number:04}"),
            "title": format!("Archive {number}"),
            "description": format!("Looks up an entry of archive {number} and says what is known of it"),
            "inputSchema": {
                "type": "object",
                "properties": {
                    "entry": {"type": "string", "description": "Which entry"},
                    "most": {"type": "integer", "minimum": 1, "maximum": 100},
                },
                "required": ["entry"],
            },
        })
    };
    (0..count).map(tool).collect()
}

/// The guests that have them.
pub fn guests(count: usize) -> Vec<Arc<[u8]>> {
    let guest = |(number, tools): (usize, &[Value])| {
        let guest = Guest {
            tools: json!(tools).to_string(),
            ..Guest::named(&format!("archives-{number}"))
        };
        guest.bytes()
    };
    tools(count)
        .chunks(A_GUEST)
        .enumerate()
        .map(guest)
        .collect()
}
