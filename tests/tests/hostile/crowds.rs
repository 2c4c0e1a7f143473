//! Many at once, and a node that has to end.

use std::process::Child;
use std::time::{Duration, Instant};

use koi_tests::{CpuTime, Guest, McpClient, eventually};
use serde_json::json;

use crate::host::{Host, has_all};

const SPIN: &str = include_str!("../../hostile/call/endless-loop.wat");

/// Says that it has begun, and spins.
const SAY_AND_SPIN: &str = "
    (call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 16) (i32.const 18))
    (loop $l (br $l)) (unreachable)";

/// More than there are threads.
const CROWD: usize = 16;

fn spinning() -> Guest {
    Guest {
        fields: SPIN,
        ..Guest::named("spinning")
    }
}

fn all_end_with(calls: Vec<Child>, part: &str) {
    for call in calls {
        let output = call.wait_with_output().unwrap();
        has_all("a call", &String::from_utf8_lossy(&output.stderr), &[part]);
    }
}

#[test]
fn others_are_answered_while_a_crowd_of_guests_spins() {
    let host = Host::start_with(|node| node.env("KOI_MCP_LIMITS__WALL", "60000"));
    host.install("spinning", &spinning(), &[]);
    host.survives("a crowd that spins", || {
        all_end_with(
            (0..CROWD).map(|_| host.begin(&["spinning"])).collect(),
            "limits.cpu",
        );
    });
}

#[test]
fn others_are_answered_while_a_crowd_of_guests_sleeps() {
    let host = Host::start();
    host.install_hostile(&[]);
    let sleep = ["hostile", "--args", r#"{"way":"sleep"}"#];
    host.survives("a crowd that sleeps", || {
        all_end_with(
            (0..CROWD).map(|_| host.begin(&sleep)).collect(),
            "limits.wall",
        );
    });
}

#[test]
fn every_client_is_told_which_tool_failed_and_why() {
    let host = Host::start_with(|node| node.env("KOI_MCP_LIMITS__WALL", "60000"));
    host.install("spinning", &spinning(), &[]);
    for way in McpClient::WAYS {
        let mut client = McpClient::connect(&host.node, way);
        let failure = client.failure("spinning", &json!({}));
        has_all(
            "spinning",
            &failure,
            &["spinning", "CPU time", "limits.cpu"],
        );
        assert_eq!(
            client.call("echo", &json!({"text": "hello"})),
            json!({"text": "hello"})
        );
    }
}

#[test]
fn a_caller_who_goes_away_takes_the_work_with_it() {
    let host = Host::start_with(|node| {
        node.env("KOI_MCP_LIMITS__CPU", "60000")
            .env("KOI_MCP_LIMITS__WALL", "60000")
    });
    host.install("spinning", &spinning(), &[]);
    let mut call = host.begin(&["spinning"]);
    let id = host.node.process.id();
    let cpu_time = || CpuTime::of(id).own;
    let fifth = Duration::from_millis(200);
    let start = cpu_time();
    while cpu_time() < start + fifth {
        assert!(call.try_wait().unwrap().is_none(), "it ended by itself");
    }
    call.kill().unwrap();
    call.wait().unwrap();
    // Half a second in which the node does not spend a fifth of its time.
    let begin = Instant::now();
    loop {
        let (before, since) = (cpu_time(), Instant::now());
        std::thread::sleep(Duration::from_millis(500));
        let spent = cpu_time() - before;
        if spent < fifth {
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{spent:?} in {:?}, long after the caller left",
            since.elapsed()
        );
    }
}

#[tokio::test]
async fn a_node_ends_in_time_although_a_guest_spins() {
    // The guest may go on for longer than the node may take to end.
    let host = Host::start_with(|node| {
        node.env("KOI_MCP_LIMITS__CPU", "60000")
            .env("KOI_MCP_LIMITS__WALL", "60000")
    });
    let guest = Guest {
        call_tool: SAY_AND_SPIN,
        ..Guest::named("spinning")
    };
    host.install("spinning", &guest, &[]);
    let mut call = host.begin(&["spinning"]);
    eventually("the call begun", async || {
        host.node.log().contains("orn:test.thing:one").then_some(())
    })
    .await;
    let (node, _folder) = host.into_node();
    let start = Instant::now();
    assert_eq!(node.process.terminate(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    call.wait().unwrap();
}
