//! The first ten minutes, timed: from `koi-mcp new` to a tool that answers in a running node, in each language.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use koi_tests::{CpuTime, McpClient, Mode, Node, Transport};
use serde_json::{Value, json};

use crate::{json as printed, start, succeeded, tools};

/// The languages, and how long each may take on a machine that does nothing else. Of Rust the crates are in cargo's
/// cache.
const BOUNDS: [(&str, Duration); 4] = [
    ("c", Duration::from_secs(60)),
    ("python", Duration::from_secs(60)),
    ("typescript", Duration::from_secs(60)),
    ("rust", Duration::from_secs(120)),
];

/// On a machine that is busy with other tests it may take so many times that.
const BUSY: u32 = 4;

/// But not of a processor: there it may take half as much again, since two threads of one core slow each other down.
fn most_work(bound: Duration) -> Duration {
    bound * 3 / 2
}

/// One after the other, so that each is timed alone.
#[test]
fn a_new_project_answers_within_minutes_in_each_language() {
    let _time = crate::alone();
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let mut late = Vec::new();
    for (language, bound) in BOUNDS {
        let (begun, before) = (Instant::now(), worked(&node));
        let steps = to_an_answer(folder.path(), &node, language);
        let (took, work) = (begun.elapsed(), worked(&node) - before);
        // Not by `println!`, of which a test that passes shows nothing.
        let line = format!(
            "koi-mcp new to an answer in {language}: {took:.1?}, {work:.1?} of a processor ({steps})"
        );
        writeln!(std::io::stderr(), "{line}").unwrap();
        if took > bound && (work > most_work(bound) || took > bound * BUSY) {
            late.push(format!("{line}, more than {bound:?}"));
        }
    }
    assert!(late.is_empty(), "{late:#?}");
}

/// What the node and all that has ended below this test and the node have used up of the processors.
fn worked(node: &Node) -> Duration {
    let of_node = CpuTime::of(node.process.id());
    CpuTime::of(std::process::id()).ended_children + of_node.own + of_node.ended_children
}

/// Gives how long each step took.
fn to_an_answer(folder: &Path, node: &Node, language: &str) -> String {
    let mut steps = Steps {
        begun: Instant::now(),
        said: Vec::new(),
    };
    let name = format!("first-{language}");
    let made = printed(folder, &["new", &name, "--lang", language]);
    let project = folder.join(&name);
    steps.done("new");
    for step in made["next"].as_array().unwrap() {
        // Rust's target is there, or what stands in for it: see `tools`.
        if step["for"] == "once" && language != "rust" {
            once(&project, step["run"].as_str().unwrap());
        }
    }
    steps.done("tools");
    let built = printed(&project, &["build", "--test"]);
    let exports = built["exports"].to_string();
    assert!(exports.contains("\"tools\""), "{exports}");
    steps.done("tests and build");
    let file = project.join("dist").join(format!("{name}.wasm"));
    let file = file.to_string_lossy();
    let report = node.json(&["extension", "install", &file, "--grant-asked"]);
    assert_eq!(report["name"], name.as_str());
    steps.done("install");
    answers(node, &report);
    steps.done("call");
    steps.said.join(", ")
}

struct Steps {
    begun: Instant,
    said: Vec<String>,
}

impl Steps {
    fn done(&mut self, what: &str) {
        self.said
            .push(format!("{what} {:.1?}", self.begun.elapsed()));
        self.begun = Instant::now();
    }
}

/// A line that `koi-mcp new` has printed.
fn once(project: &Path, line: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(project);
    tools::give(&mut shell);
    succeeded(line, &shell.output().unwrap());
}

/// The first extension of each language writes notes, and serves alone.
fn answers(node: &Node, report: &Value) {
    let name = report["name"].as_str().unwrap();
    let way = (Mode::Modern, Transport::Http);
    let mut client = McpClient::connect(node, way);
    let mut tools = report["tools"].as_array().unwrap().iter();
    let write = tools.find_map(|tool| tool.as_str().filter(|tool| tool.contains("write")));
    // The one in TypeScript files notes by topic, the others by title.
    let note = json!({"topic": "shopping", "title": "shopping", "text": "Milk"});
    let written = client.call(write.expect("a tool that writes"), &note);
    let rid = format!("orn:{name}.note:shopping");
    assert_eq!(written["rid"], rid, "{written}");
    let removed = node.command(&["extension", "remove", name]);
    assert!(removed.status.success(), "{removed:?}");
}
