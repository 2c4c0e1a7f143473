//! What a node is told before it starts, and what it says if that is wrong.

use std::net::TcpListener;

use koi_tests::NodeBuilder;
use serde_json::json;

use crate::{FREE_PORTS, failure, koi_mcp, run, start, write};

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--koi-listen", "--mcp-listen"] {
        let error = failure(
            &folder,
            &[["serve"].as_slice(), &FREE_PORTS, &[flag, &address]].concat(),
        );
        assert!(error.contains(&address) && error.contains(flag), "{error}");
        assert!(error.contains("port 0 picks a free one"), "{error}");
    }
}

#[test]
fn a_data_folder_serves_one_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    let error = failure(
        &folder,
        &[["serve", "--data-dir", &data_dir].as_slice(), &FREE_PORTS].concat(),
    );
    assert!(
        error.contains("another node is running") && error.contains(&data_dir),
        "{error}"
    );
    assert!(error.contains("--data-dir"), "{error}");
    // The first one has not been disturbed.
    assert_eq!(node.json(&["extension", "list"]), json!([]));
}

#[test]
fn a_configuration_that_is_wrong_names_place_key_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        (
            "a.toml",
            "[koi]\nlissten = \"127.0.0.1:0\"\n",
            ["koi.lissten", "listen"],
        ),
        (
            "b.json",
            r#"{"runtime": {"slots": "many"}}"#,
            ["runtime.slots", "many"],
        ),
        (
            "d.toml",
            "[limits]\ncpus = 1\n",
            ["limits.cpus", "host_calls"],
        ),
        (
            "e.toml",
            "[limits]\nfuel = 1\n",
            ["limits.fuel", "`runtime.fuel = true`"],
        ),
        (
            "c.toml",
            "[node]\nrole = \"boss\"\n",
            ["node.role", "coordinator"],
        ),
    ];
    for (name, text, expected) in wrong {
        let file = write(&folder, name, text);
        let error = failure(&folder, &["serve", "--config", &file]);
        for part in expected.into_iter().chain([name]) {
            assert!(error.contains(part), "{name}: no {part} in {error}");
        }
    }
    let missing = failure(&folder, &["serve", "--config", "nowhere.toml"]);
    assert!(missing.contains("nowhere.toml"), "{missing}");
    let output = koi_mcp(&folder, &["serve"])
        .env("KOI_MCP_MCP__LISSTEN", "x")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("KOI_MCP_MCP__LISSTEN") && error.contains("listen"),
        "{error}"
    );
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        &folder,
        "node.toml",
        "[node]\nname = \"of-file\"\n[log]\nlevel = \"error\"\n",
    );
    let data_dir = folder.path().join("one");
    let node = NodeBuilder::new("of-flag", &data_dir)
        .args(["--config", &file])
        .env("KOI_MCP_NODE__NAME", "of-environment")
        .start();
    assert!(
        node.rid.starts_with("orn:koi-net.node:of-flag+"),
        "{}",
        node.rid
    );
    drop(node);
    let output = koi_mcp(&folder, &["serve", "--config", &file, "--role", "boss"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_usage_ends_with_code_2_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [
        ["sing"].as_slice(),
        &[],
        &["extension"],
        &["read"],
        &["serve", "--role", "boss"],
        &["serve", "--koi-listen", "here"],
        &["mcp", "--mcp-listen", "127.0.0.1:0"],
        &[
            "extension",
            "install",
            "x.wasm",
            "--grant-asked",
            "--grant",
            "read=orn:a",
        ],
    ] {
        assert_eq!(run(&folder, wrong).status.code(), Some(2), "{wrong:?}");
    }
    for right in [
        ["--help"].as_slice(),
        &["--version"],
        &["serve", "--help"],
        &["extension", "install", "--help"],
    ] {
        let output = run(&folder, right);
        assert_eq!(output.status.code(), Some(0), "{right:?}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_node_may_be_called_by_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let output = koi_mcp(&folder, &["extension", "list"])
        .env("KOI_MCP_NODE__NAME", "042")
        .env("KOI_MCP_NODE__DATA_DIR", "2026")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("no node is running on the data folder 2026"),
        "{error}"
    );
}

#[test]
fn a_first_contact_on_the_command_line_is_another_node_than_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        &folder,
        "node.toml",
        "[koi.first_contact]\nurl = \"http://127.0.0.1:1/koi-net\"\nrid = \"no rid\"\n",
    );
    let with_file = ["serve", "--config", &file];
    let of_file = failure(&folder, &[with_file.as_slice(), &FREE_PORTS].concat());
    assert!(of_file.contains("koi.first_contact.rid"), "{of_file}");
    // Were the RID still in force, this one would not start either.
    let node = NodeBuilder::new("node", &folder.path().join("one"))
        .args([
            "--config",
            &file,
            "--first-contact",
            "http://127.0.0.1:2/koi-net",
        ])
        .start();
    assert_eq!(node.process.terminate(), Some(0));
}
