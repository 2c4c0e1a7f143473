//! The bench works: every row can be measured. What its figures are, only a bench can say.

use std::process::Command;

use koi_tests::program;
use serde_json::Value;

#[test]
fn a_short_run_of_the_bench_measures_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let bench = Command::new(program("koi-bench"))
        .args(["--quick", "--report"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&bench.stderr);
    assert!(bench.status.success(), "{said}");
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let names: Vec<_> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    let expected = [
        "call.bare.fresh",
        "call.bare.warm",
        "call.fresh",
        "call.pooled",
        "call.fuel",
        "grant.check",
        "limit.cpu",
        "fairness.p99",
        "language.rust.size",
        "language.rust.compile",
        "language.rust.load",
        "language.rust.bare.fresh",
        "language.rust.bare.warm",
        "language.rust.fresh",
        "language.rust.warm",
        "language.c.size",
        "language.c.compile",
        "language.c.load",
        "language.c.bare.fresh",
        "language.c.bare.warm",
        "language.c.fresh",
        "language.c.warm",
        "language.typescript.size",
        "language.typescript.compile",
        "language.typescript.load",
        "language.typescript.bare.fresh",
        "language.typescript.bare.warm",
        "language.typescript.fresh",
        "language.typescript.warm",
        "language.python.size",
        "language.python.compile",
        "language.python.load",
        "language.python.bare.fresh",
        "language.python.bare.warm",
        "language.python.fresh",
        "language.python.warm",
        "python.fresh",
        "python.pooled",
        "python.making",
        "python.ahead",
        "python.errors",
        "python.together",
        "many.memory",
        "many.load",
        "many.call",
        "million.ready",
        "million.memory",
        "million.read",
        "million.page",
        "tools-call.modern.1",
        "tools-call.modern.16",
        "tools-call.legacy.1",
        "tools-call.legacy.16",
        "tools-call.pooled.16",
        "tools-list.first",
        "tools-list.all",
        "tools-list.all.in-pages",
        "sessions.parked",
        "list-changed.install",
        "list-changed.last",
        "broadcast.ingest",
        "bundles.fetch",
        "publish.stored",
        "install.rust",
        "install.rust.cold",
        "install.python",
        "install.python.cold",
        "start.200",
    ];
    assert_eq!(names, expected);
    // Sessions that are few may take no more than was there before.
    let may_be_none = ["python.errors", "sessions.parked"];
    for row in &rows {
        assert!(
            row["value"].as_f64().is_some_and(|value| value > 0.0)
                || row["name"]
                    .as_str()
                    .is_some_and(|name| may_be_none.contains(&name)),
            "{row}"
        );
        assert_eq!(row["reference"].is_null(), row["ratio"].is_null(), "{row}");
    }
}
