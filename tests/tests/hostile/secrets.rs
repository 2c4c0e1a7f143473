//! A guest that got hold of a secret cannot tell it to anybody, however it spells it.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use koi_tests::program;
use serde_json::json;

use crate::host::Host;

/// Long enough for a token, and with bytes that the alphabets of base64 spell differently.
const SECRET: &str = "s3cr3t~~token??of/the+operator";

/// The ways in which a guest speaks.
const WAYS: [&str; 4] = ["say", "fail-with", "print-this", "publish-this"];

fn spellings() -> Vec<(&'static str, String)> {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        ("plain", SECRET.to_owned()),
        ("within", format!("<<{SECRET}>>")),
        ("base64", STANDARD.encode(SECRET)),
        (
            "base64 one byte on",
            STANDARD_NO_PAD.encode(format!("x{SECRET}y")),
        ),
        (
            "base64 two bytes on",
            URL_SAFE.encode(format!("xx{SECRET}yy")),
        ),
        ("hexadecimal", hex.clone()),
        ("hexadecimal in upper case", hex.to_uppercase()),
        ("percent-encoded", percent),
    ]
}

/// Parts of a spelling that must not be seen: whole, it may have lost its ends.
fn core(spelling: &str) -> &str {
    &spelling[spelling.len() / 4..spelling.len() * 3 / 4]
}

#[test]
fn a_secret_is_told_to_nobody_in_any_spelling() {
    let host = Host::start();
    let mut set = Command::new(program("koi-mcp"))
        .args(["secret", "set", "TOKEN", "--data-dir"])
        .arg(&host.node.data_dir)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(set.stdin.take().unwrap(), "{SECRET}").unwrap();
    assert!(set.wait().unwrap().success());
    host.install_hostile(&["publish=orn:hostile.again", "secret=TOKEN@api.example.org"]);
    for (spelling, text) in spellings() {
        for way in WAYS {
            let arguments = json!({"way": way, "with": text}).to_string();
            let output = host.survives(&format!("{way} {spelling}"), || {
                host.node
                    .command(&["call", "hostile", "--args", &arguments, "--json"])
            });
            let heard = [output.stdout, output.stderr].concat();
            let heard = String::from_utf8_lossy(&heard);
            assert!(!heard.contains(core(&text)), "{way}, {spelling}: {heard}");
        }
        let log = host.node.log();
        assert!(!log.contains(core(&text)), "in the log: {spelling}");
        let stored = host.node.read("orn:hostile.again:said");
        let stored = stored.map(|bundle| bundle.to_string()).unwrap_or_default();
        assert!(!stored.contains(core(&text)), "{spelling}: {stored}");
    }
}
