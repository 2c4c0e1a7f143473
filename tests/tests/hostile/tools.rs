//! Ways to misbehave that a guest made with the SDK has: `tests/hostile/guest`, whose tool does what
//! it is told.

use serde_json::{Value, json};

use crate::host::{Host, Misfits, has_all, one_sentence};

/// What becomes of a call.
enum End {
    /// The caller is told this.
    Told(&'static [&'static str]),
    /// The caller gets this structured content.
    Got(fn() -> Value),
}
use End::{Got, Told};

const CPU: End = Told(&["500 ms CPU time", "limits.cpu"]);
const WALL: End = Told(&["5000 ms wall time", "limits.wall"]);
const RESULT: End = Told(&["8388608 bytes result", "limits.result"]);
const HOST_CALLS: End = Told(&["100000 host calls", "limits.host_calls"]);
const NOT_ASKED: &str = "hostile does not ask for it";
const NOTHING: fn() -> Value = || json!({});

/// The way, with what, and what becomes of it. Granted is `publish=orn:hostile.again` alone.
const WAYS: &[(&str, &str, End)] = &[
    ("spin", "", CPU),
    ("trap", "", Told(&["the extension crashed", "unreachable"])),
    ("panic", "", Told(&["the extension crashed"])),
    ("sleep", "", WALL),
    ("wait-busily", "", CPU),
    ("print", "", CPU),
    ("print-without-end", "", Got(NOTHING)),
    ("forge-log", "", Got(NOTHING)),
    ("progress", "", HOST_CALLS),
    ("tell-no-json", "", Got(NOTHING)),
    ("fail-at-length", "", Told(&["sorry"])),
    ("answer-at-length", "", RESULT),
    ("read-file", "/etc/passwd", Told(&[""])),
    ("read-file", "../../../../etc/passwd", Told(&[""])),
    ("list-folder", "/", Told(&[""])),
    ("write-file", "/tmp/written-by-a-guest", Told(&[""])),
    ("connect", "127.0.0.1:1", Told(&[""])),
    ("connect", "169.254.169.254:80", Told(&[""])),
    ("send-datagram", "", Told(&[""])),
    ("look-up", "localhost:80", Told(&[""])),
    ("environment", "", Got(|| json!([]))),
    ("arguments", "", Got(|| json!([]))),
    ("input", "", Got(|| json!({"got": 0}))),
    ("publish", "", Told(&["between type and reference"])),
    ("publish", "no RID at all", Told(&["no RID at all"])),
    ("publish", "orn:hostile.trap:x", Told(&[NOT_ASKED])),
    (
        "publish",
        "orn:echo.note:x",
        Told(&[
            "publish=orn:echo.note",
            "koi-mcp extension grant hostile publish=orn:echo.note",
        ]),
    ),
    (
        "publish",
        "orn:koi-net.node:nobody+0",
        Told(&["publish=orn:koi-net.node"]),
    ),
    (
        "publish",
        "orn:koi-net.edge:0",
        Told(&["publish=orn:koi-net.edge"]),
    ),
    (
        "read",
        "orn:echo.note:x",
        Told(&["koi-mcp extension grant hostile read=orn:echo.note"]),
    ),
    (
        "query",
        "orn:echo.note",
        Told(&["koi-mcp extension grant hostile read=orn:echo.note"]),
    ),
    (
        "dereference",
        "orn:echo.note:x",
        Told(&["koi-mcp extension grant hostile read=orn:echo.note"]),
    ),
    (
        "forget",
        "orn:echo.note:x",
        Told(&["koi-mcp extension grant hostile forget=orn:echo.note"]),
    ),
    ("neighbours", "", Told(&["capability=network"])),
    ("node-name", "", Told(&["capability=network"])),
    ("open-bucket", "default", Told(&["not granted"])),
];

fn call(host: &Host, way: &str, with: &str) -> Result<Value, String> {
    let arguments = json!({"way": way, "with": with}).to_string();
    let output = host
        .node
        .command(&["call", "hostile", "--args", &arguments, "--json"]);
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn try_all(host: &Host, ways: &[(&str, &str, End)]) {
    let mut misfits = Misfits::default();
    for (way, with, end) in ways {
        let name = format!("{way} {with}");
        let result = host.survives(&name, || call(host, way, with));
        println!("    {:.300}", format!("{result:?}"));
        match (end, result) {
            (Told(parts), Err(told)) => misfits.look(&name, &one_sentence(&told), parts),
            (Got(expected), Ok(got)) if got["structuredContent"] == expected() => {}
            (_, other) => misfits.add(&name, format!("{other:.600?}")),
        }
    }
    misfits.are_none();
}

#[test]
fn a_guest_reaches_nothing_that_was_not_granted_and_uses_up_nothing_but_its_own_call() {
    let host = Host::start();
    host.install_hostile(&["publish=orn:hostile.again"]);
    try_all(&host, WAYS);
    let log = host.node.log();
    assert!(log.contains("limits.log_bytes"));
    assert!(
        !log.lines()
            .any(|line| line.starts_with("ERROR forged") || line.starts_with("2026-01-01")),
        "a guest wrote a line of its own into the log"
    );
    assert!(!log.contains('\u{1b}'), "a guest wrote to the terminal");
    assert!(!std::path::Path::new("/tmp/written-by-a-guest").exists());
}

#[test]
fn what_a_guest_stores_is_bounded() {
    let host = Host::start();
    host.install_hostile(&["capability=keyvalue"]);
    const STORING: &[(&str, &str, End)] = &[
        ("open-bucket", "default", Got(NOTHING)),
        ("open-bucket", "../other", Told(&["there is none"])),
        ("store-long-key", "", Told(&["key"])),
        ("store-many", "", RESULT),
        ("store-without-end", "", Told(&["koi-mcp:"])),
        (
            "open-many-buckets",
            "",
            Told(&["the extension crashed", "no free keys"]),
        ),
    ];
    try_all(&host, STORING);
}

#[test]
fn a_resource_that_cannot_be_read_fails_its_own_reading() {
    let host = Host::start();
    host.install_hostile(&[]);
    let mut client = koi_tests::McpClient::connect(
        &host.node,
        (koi_tests::Mode::Modern, koi_tests::Transport::Http),
    );
    for (name, part) in [
        ("spin", "limits.cpu"),
        ("giant", "limits.result"),
        ("many", "limits.result"),
    ] {
        let told = host.survives(name, || client.try_read(&format!("hostile:{name}")));
        let told = told.unwrap_err().message;
        println!("    {told}");
        has_all(name, &told, &[part]);
    }
}
