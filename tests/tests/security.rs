//! What `docs/security.md` says is what is so.

use koi_runtime::LIMITS;
use koi_tests::repository;

#[test]
fn the_limits_in_the_documentation_are_those_in_force() {
    let text = std::fs::read_to_string(repository().join("docs/security.md")).unwrap();
    for limit in LIMITS {
        let row = format!("| `{}` | {} {} |", limit.setting, limit.default, limit.unit);
        assert!(text.contains(&row), "docs/security.md has no row {row}");
    }
    let rows = text.lines().filter(|line| line.starts_with("| `limits."));
    assert_eq!(rows.count(), LIMITS.len());
}
