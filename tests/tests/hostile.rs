//! Guests that do harm, by intent or by accident, harm nobody but themselves.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use koi_tests::{
    Guest, McpClient, Mode, Node, NodeBuilder, Transport, eventually, extension, program,
};
use serde_json::json;
use tempfile::TempDir;

const SPIN: &str = "(loop $l (br $l)) (unreachable)";
/// Says that it has begun, and spins.
const SAY_AND_SPIN: &str =
    "(call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 16) (i32.const 18))
    (loop $l (br $l)) (unreachable)";
const GROW: &str = "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)";

struct Host {
    node: Node,
    folder: TempDir,
}

impl Host {
    /// A node with an extension that does no harm.
    fn start() -> Self {
        Self::start_with(&[("KOI_MCP_LIMITS__CPU", "500")])
    }

    fn start_with(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = NodeBuilder::new("node", &folder.path().join("node"));
        let node = environment
            .iter()
            .fold(node, |node, (name, value)| node.env(name, value))
            .start();
        node.install("echo");
        Self { node, folder }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.wasm"));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn install(&self, name: &str, guest: &Guest) {
        let file = self.file(name, &guest.bytes());
        let report = self
            .node
            .json(&["extension", "install", &file.to_string_lossy()]);
        assert_eq!(report["name"], name);
    }

    /// Begins to call a tool.
    fn begin(&self, tool: &str) -> Child {
        Command::new(program("koi-mcp"))
            .args(["call", tool, "--data-dir"])
            .arg(&self.node.data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// What is said about a component that has to be refused.
    fn refusal(&self, bytes: &[u8]) -> String {
        let file = self.file("refused", bytes);
        let refusal = self
            .node
            .refusal(&["extension", "install", &file.to_string_lossy()]);
        assert_eq!(
            refusal.trim_end().lines().count(),
            1,
            "not one sentence: {refusal}"
        );
        self.is_unharmed();
        refusal
    }

    /// The node answers, and its only extension is the one that does no harm.
    fn is_unharmed(&self) {
        let echo = self
            .node
            .json(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
        assert_eq!(echo["structuredContent"], json!({"text": "hello"}));
        let list = self.node.json(&["extension", "list"]);
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    }
}

#[test]
fn guests_that_are_stopped_in_a_call_fail_that_call_with_one_clear_error() {
    let host = Host::start();
    let guests = [
        ("spinning", SPIN, "CPU time", "limits.cpu"),
        ("greedy", GROW, "memory", "limits.memory"),
        ("trapping", "(unreachable)", "crashed", "unreachable"),
    ];
    let mut clients = [
        (Mode::Modern, Transport::Http),
        (Mode::Legacy, Transport::Stdio),
    ]
    .map(|way| McpClient::connect(&host.node, way));
    for (name, call_tool, what, which) in guests {
        host.install(
            name,
            &Guest {
                call_tool,
                ..Guest::named(name)
            },
        );
        let refusal = host.node.refusal(&["call", name]);
        assert_eq!(refusal.trim_end().lines().count(), 1, "{refusal}");
        assert!(
            refusal.contains(what) && refusal.contains(which),
            "{refusal}"
        );
        for client in &mut clients {
            let failure = client.failure(name, &json!({}));
            assert!(
                failure.contains(what) && failure.contains(which),
                "{failure}"
            );
            assert!(failure.contains(name), "which tool failed: {failure}");
            assert_eq!(
                client.call("echo", &json!({"text": "hello"})),
                json!({"text": "hello"})
            );
        }
        assert!(
            host.node
                .command(&["extension", "remove", name])
                .status
                .success()
        );
        host.is_unharmed();
    }
}

#[test]
fn others_are_answered_while_guests_spin() {
    let host = Host::start();
    host.install(
        "spinning",
        &Guest {
            call_tool: SPIN,
            ..Guest::named("spinning")
        },
    );
    let mut client = McpClient::connect(&host.node, (Mode::Modern, Transport::Http));
    // More of them than there are threads.
    let mut spinning: Vec<Child> = (0..8).map(|_| host.begin("spinning")).collect();
    let mut answered = 0;
    while spinning
        .iter_mut()
        .any(|call| call.try_wait().unwrap().is_none())
    {
        assert_eq!(
            client.call("echo", &json!({"text": "hello"})),
            json!({"text": "hello"})
        );
        answered += 1;
    }
    for call in spinning {
        let output = call.wait_with_output().unwrap();
        let refusal = String::from_utf8_lossy(&output.stderr);
        assert!(refusal.contains("limits.cpu"), "{refusal}");
    }
    assert!(
        answered > 20,
        "only {answered} calls were answered meanwhile"
    );
}

#[test]
fn what_cannot_be_installed_is_refused_with_one_clear_error() {
    let host = Host::start();
    let echo = std::fs::read(extension("echo")).unwrap();
    let text = host.refusal(b"This is a letter to a friend.");
    assert!(text.contains("not WebAssembly"), "{text}");
    let module = host.refusal(b"\0asm\x01\0\0\0");
    assert!(module.contains("core WebAssembly module"), "{module}");
    for length in [0, 6, 8, 1000, echo.len() / 2, echo.len() - 1] {
        let truncated = host.refusal(&echo[..length]);
        assert!(
            ["cut off", "not WebAssembly", "no koi-mcp extension"]
                .iter()
                .any(|each| truncated.contains(each)),
            "cut at {length}: {truncated}"
        );
    }
    let wishful = Guest {
        imports: r#"(import "other:host/magic@1.0.0" (instance (export "wave" (func))))"#,
        ..Guest::named("wishful")
    };
    let wishful = host.refusal(&wishful.bytes());
    assert!(wishful.contains("other:host/magic@1.0.0"), "{wishful}");
    let foreign = host.refusal(
        &Guest {
            extension: false,
            ..Guest::named("foreign")
        }
        .bytes(),
    );
    assert!(foreign.contains("koi:extension/extension"), "{foreign}");
    let newer = host.refusal(
        &Guest {
            version: "0.9.0",
            ..Guest::named("newer")
        }
        .bytes(),
    );
    assert!(newer.contains("0.9.0"), "{newer}");
}

#[test]
fn what_misbehaves_while_it_is_installed_is_not_installed() {
    let host = Host::start();
    let spinning = |guest: Guest| host.refusal(&guest.bytes());
    let describe = spinning(Guest {
        describe: SPIN,
        ..Guest::named("a")
    });
    assert!(
        describe.contains("`describe`") && describe.contains("limits.cpu"),
        "{describe}"
    );
    let start = spinning(Guest {
        start: SPIN,
        ..Guest::named("b")
    });
    assert!(
        start.contains("`start`") && start.contains("limits.cpu"),
        "{start}"
    );
    let instantiate = spinning(Guest {
        instantiate: "(loop $l (br $l))",
        ..Guest::named("c")
    });
    assert!(instantiate.contains("limits.cpu"), "{instantiate}");
    let trapping = spinning(Guest {
        describe: "(unreachable)",
        ..Guest::named("d")
    });
    assert!(
        trapping.contains("`describe`") && trapping.contains("crashed"),
        "{trapping}"
    );
    let silent = spinning(Guest {
        description: String::new(),
        ..Guest::named("e")
    });
    assert!(silent.contains("description"), "{silent}");
    let unnamed = spinning(Guest {
        description: r#"{"version":"1.0.0"}"#.to_owned(),
        ..Guest::named("f")
    });
    assert!(unnamed.contains("name"), "{unnamed}");
}

#[tokio::test]
async fn a_bad_file_in_the_drop_folder_is_logged_and_nothing_else() {
    let host = Host::start();
    let folder = host.node.data_dir.join("extensions");
    std::fs::write(folder.join("letter.wasm"), "This is a letter to a friend.").unwrap();
    std::os::unix::fs::symlink(extension("echo"), folder.join("elsewhere.wasm")).unwrap();
    let logged = |file: &str| {
        let log = host.node.log();
        let about = |line: &&str| line.contains(file) && line.contains("not installed");
        log.lines().filter(about).count()
    };
    for file in ["letter.wasm", "elsewhere.wasm"] {
        eventually(&format!("{file} in the log"), async || {
            (logged(file) > 0).then_some(())
        })
        .await;
    }
    host.is_unharmed();
    // The folder is looked at again for each of these, and nothing more is said about the others.
    for name in ["one", "two", "three"] {
        let file = format!("{name}.wasm");
        std::fs::write(folder.join(&file), "Another letter.").unwrap();
        eventually(&format!("{file} in the log"), async || {
            (logged(&file) > 0).then_some(())
        })
        .await;
    }
    for file in ["letter.wasm", "elsewhere.wasm", "one.wasm", "two.wasm"] {
        assert_eq!(logged(file), 1, "{file}");
    }
}

#[test]
fn an_extension_that_floods_its_log_is_cut_off() {
    let host = Host::start();
    let chatty = Guest {
        call_tool: "(loop $l
            (call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 1000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 20000))))
         (call $text (local.get $args) (local.get $args-len))",
        ..Guest::named("chatty")
    };
    host.install("chatty", &chatty);
    host.node.json(&["call", "chatty"]);
    let size = host.node.log().len();
    assert!(size < 4 << 20, "{size} bytes in the log");
    assert!(host.node.log().contains("limits.log_bytes"));
}

#[tokio::test]
async fn a_node_ends_in_time_although_a_guest_spins() {
    // The guest may go on for longer than the node may take to end.
    let host = Host::start_with(&[
        ("KOI_MCP_LIMITS__CPU", "60000"),
        ("KOI_MCP_LIMITS__WALL", "60000"),
    ]);
    host.install(
        "spinning",
        &Guest {
            call_tool: SAY_AND_SPIN,
            ..Guest::named("spinning")
        },
    );
    let mut call = host.begin("spinning");
    eventually("the call begun", async || {
        host.node.log().contains("orn:test.thing:one").then_some(())
    })
    .await;
    let start = Instant::now();
    assert_eq!(host.node.process.terminate(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    call.wait().unwrap();
}
