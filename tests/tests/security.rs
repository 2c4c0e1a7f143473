//! What `docs/src/security.md` says is what is so.

use koi_mcp::PeerLimitsConfig;
use koi_runtime::{COMPILE_LIMITS, LIMITS, UNLIMITED};
use koi_tests::repository;

#[test]
fn the_limits_in_the_documentation_are_those_in_force() {
    let text = std::fs::read_to_string(repository().join("docs/src/security.md")).unwrap();
    for limit in LIMITS.iter().chain(COMPILE_LIMITS) {
        let default = match limit.default {
            UNLIMITED => "none".to_owned(),
            default => format!("{default} {}", limit.unit),
        };
        let row = format!("| `{}` | {default} |", limit.setting);
        assert!(text.contains(&row), "docs/src/security.md has no row {row}");
    }
    for (table, limits) in [("limits", LIMITS), ("compile", COMPILE_LIMITS)] {
        let beginning = format!("| `{table}.");
        let rows = text.lines().filter(|line| line.starts_with(&beginning));
        assert_eq!(rows.count(), limits.len(), "{table}");
    }
}

#[test]
fn the_limits_for_other_nodes_in_the_documentation_are_the_defaults() {
    let text = std::fs::read_to_string(repository().join("docs/src/security.md")).unwrap();
    let limits = serde_json::to_value(PeerLimitsConfig::default()).unwrap();
    let limits = limits.as_object().unwrap();
    assert!(!limits.is_empty());
    for (name, default) in limits {
        let row = format!("| `{name}` | {default}");
        assert!(text.contains(&row), "docs/src/security.md has no row {row}");
    }
}
