//! A node that harm is done to, somebody who watches whether it answers meanwhile, and what it takes
//! of the machine before and after.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use koi_tests::{CpuTime, Footprint, Guest, Node, NodeBuilder, Witness, extension, program};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a harmless call may take while harm is done, on a machine that is busy with other tests.
const PROMPT: Duration = Duration::from_secs(2);

/// By how much memory may have grown when the harm is over: what the allocator keeps for the next
/// time, and the warm pages of the pool.
const KEPT_MEMORY: u64 = 64 << 20;

/// Threads for blocking work that tokio keeps for ten seconds, and connections that are being closed.
const KEPT_THREADS: u64 = 24;
const KEPT_FILES: u64 = 6;

/// One at a time: what others do to the machine would be measured as the node's.
static ALONE: Mutex<()> = Mutex::new(());

/// A node with one extension that does no harm.
pub struct Host {
    pub node: Node,
    pub folder: TempDir,
    witness: Witness,
    before: Footprint,
    _alone: MutexGuard<'static, ()>,
}

impl Host {
    /// Starts it, with 500 ms of CPU time and 5 s of wall time for a call.
    pub fn start() -> Self {
        Self::start_with(|node| node)
    }

    /// Starts it with further settings.
    pub fn start_with(settings: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let builder = NodeBuilder::new("node", &folder.path().join("node"))
            .env("KOI_MCP_LIMITS__CPU", "500")
            .env("KOI_MCP_LIMITS__WALL", "5000")
            // Each harm is to be done, also by a guest that has done nothing else.
            .env("KOI_MCP_BREAKER__ENABLED", "false");
        let node = settings(builder).start();
        node.install("echo");
        let witness = Witness::of(&node);
        let host = Self {
            before: Footprint::of(node.process.id()),
            node,
            folder,
            witness,
            _alone: alone,
        };
        // What is only made once is made before anything is compared.
        host.install("harmless", &Guest::named("harmless"), &[]);
        host.node.json(&["call", "harmless"]);
        host.remove("harmless");
        Self {
            before: Footprint::of(host.node.process.id()),
            ..host
        }
    }

    /// Does some harm, and sees to it that others were answered meanwhile and that nothing is left.
    pub fn survives<T>(&self, name: &str, harm: impl FnOnce() -> T) -> T {
        let _ = self.witness.since();
        let outcome = harm();
        // At least one whole call of the witness falls into the time.
        self.echoes();
        let seen = self.witness.since();
        assert!(seen.failures.is_empty(), "{name}: {:?}", seen.failures);
        assert!(
            seen.worst() < PROMPT,
            "{name}: others waited {:?} for an answer",
            seen.worst()
        );
        let bound = self.before.and(KEPT_MEMORY, KEPT_THREADS, KEPT_FILES);
        let after = bound.is_kept_by(self.node.process.id(), name);
        println!(
            "{name}: {} calls of others answered, the slowest in {:?}; then {after}",
            seen.answers.len(),
            seen.worst(),
        );
        outcome
    }

    /// A file in the test's folder.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.wasm"));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Installs a guest made of text.
    pub fn install(&self, name: &str, guest: &Guest, grants: &[&str]) {
        let file = self.file(name, &guest.bytes());
        let file = file.to_string_lossy();
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        let args: Vec<&str> = ["extension", "install", &file]
            .into_iter()
            .chain(grants)
            .collect();
        let report = self.node.json(&args);
        assert_eq!(report["name"], name);
    }

    /// Installs the guest made with the SDK, `tests/hostile/guest`.
    pub fn install_hostile(&self, grants: &[&str]) -> Value {
        let file = extension("hostile");
        let file = file.to_string_lossy();
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        let args: Vec<&str> = ["extension", "install", &file]
            .into_iter()
            .chain(grants)
            .collect();
        self.node.json(&args)
    }

    pub fn remove(&self, name: &str) {
        let output = self.node.command(&["extension", "remove", name]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Begins to call a tool.
    pub fn begin(&self, args: &[&str]) -> Child {
        Command::new(program("koi-mcp"))
            .arg("call")
            .args(args)
            .arg("--data-dir")
            .arg(&self.node.data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// What is said about a component that has to be refused.
    pub fn refusal(&self, bytes: &[u8]) -> String {
        let file = self.file("refused", bytes);
        one_sentence(
            &self
                .node
                .refusal(&["extension", "install", &file.to_string_lossy()]),
        )
    }

    /// The node without anybody who watches it, and its folder.
    pub fn into_node(self) -> (Node, TempDir) {
        (self.node, self.folder)
    }

    /// What the node and the processes that compile for it have used up of a processor.
    pub fn cpu_time(&self) -> Duration {
        let of_node = CpuTime::of(self.node.process.id());
        of_node.own + of_node.ended_children
    }

    /// The harmless extension answers.
    pub fn echoes(&self) {
        let echo = self
            .node
            .json(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
        assert_eq!(echo["structuredContent"], json!({"text": "hello"}));
    }

    /// The harmless extension is the only one.
    pub fn has_only_echo(&self) {
        let list = self.node.json(&["extension", "list"]);
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    }
}

/// What a command says when it fails: one line of bounded length.
pub fn one_sentence(text: &str) -> String {
    let text = text.trim_end();
    assert_eq!(text.lines().count(), 1, "not one sentence: {text:.2000}");
    assert!(text.len() < 5000, "{} bytes: {text:.2000}", text.len());
    text.to_owned()
}

/// That a text has all of the parts.
pub fn has_all(name: &str, text: &str, parts: &[&str]) {
    let mut misfits = Misfits::default();
    misfits.look(name, text, parts);
    misfits.are_none();
}

/// What did not become of the rows of a table what should have: all of it at once.
#[derive(Default)]
pub struct Misfits(Vec<String>);

impl Misfits {
    /// Looks for all of the parts in a text.
    pub fn look(&mut self, name: &str, text: &str, parts: &[&str]) {
        for part in parts {
            if !text.contains(part) {
                self.add(name, format!("no {part:?} in: {text:.600}"));
            }
        }
    }

    pub fn add(&mut self, name: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{name}: {what}"));
    }

    pub fn are_none(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}
