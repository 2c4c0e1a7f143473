//! The node's process: started, awaited until it is ready, told to stop when we are.
//!
//! It is a process group of its own, so that Ctrl-C reaches it once and through us: the first one
//! makes it drain and stop, a second one kills it. It stops as well when the terminal is closed, and
//! however we end.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::process;

/// A node that is ready.
#[derive(Debug)]
pub struct Node {
    child: Child,
    ready: Value,
    stopping: Arc<AtomicBool>,
}

/// How a start went.
#[derive(Debug)]
pub enum Start {
    /// It runs.
    Ready(Node),
    /// It ended before it was ready, and said why on stderr.
    Ended(ExitStatus),
}

impl Node {
    /// Starts `koi-mcp serve --json …` and waits for its `ready` line.
    pub fn start(mut serve: Command) -> Result<Start> {
        let mut signals =
            Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot listen for Ctrl-C")?;
        let mut child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| process::not_started(&serve, &error))?;
        let output = child
            .stdout
            .take()
            .context("the node's output was not captured")?;

        let pid = Pid::from_child(&child);
        let stopping = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stopping);
        thread::spawn(move || {
            for signal in signals.forever() {
                if !asked.swap(true, Ordering::SeqCst) {
                    send(pid, Signal::TERM);
                } else if signal != SIGHUP {
                    // A terminal that closes may say so more than once; a person is impatient.
                    send(pid, Signal::KILL);
                }
            }
        });
        let mut node = Self {
            child,
            ready: Value::Null,
            stopping,
        };

        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next() {
            let line = line.context("reading the node's output")?;
            match ready_line(&line) {
                Some(ready) => {
                    thread::spawn(move || {
                        lines
                            .map_while(Result::ok)
                            .for_each(|line| println!("{line}"))
                    });
                    node.ready = ready;
                    return Ok(Start::Ready(node));
                }
                None => println!("{line}"),
            }
        }
        Ok(Start::Ended(node.wait()?))
    }

    /// The `ready` line: `node_rid`, `koi_url`, `mcp_url`, `admin_url`, `public_key`.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Whether the node was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Tells the node to drain and stop.
    pub fn stop(&self) {
        if !self.stopping.swap(true, Ordering::SeqCst) {
            send(Pid::from_child(&self.child), Signal::TERM);
        }
    }

    /// Waits until the node ended.
    pub fn wait(mut self) -> Result<ExitStatus> {
        self.child.wait().context("waiting for the node")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Whether it has been waited for is remembered, so that no other process is meant.
        if matches!(self.child.try_wait(), Ok(None)) {
            send(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

fn send(node: Pid, signal: Signal) {
    // An error says that the node is gone already, which is what was wanted.
    kill_process(node, signal).ok();
}

fn ready_line(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    (value["event"] == "ready").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_node_that_ends_before_it_is_ready_passes_its_exit_code_on() {
        let Start::Ended(status) = Node::start(shell("echo port taken; exit 3")).unwrap() else {
            panic!("it was never ready");
        };
        assert_eq!(status.code(), Some(3));
    }

    /// Says that it is ready, and ends with code 7 when it is told to.
    const READY: &str = r#"trap 'exit 7' TERM; echo '{"event":"ready","node_rid":"r"}'; while :; do sleep 0.05; done"#;

    fn ready() -> Node {
        let Start::Ready(node) = Node::start(shell(READY)).unwrap() else {
            panic!("it said that it is ready");
        };
        node
    }

    #[test]
    fn a_node_ends_with_whoever_started_it() {
        let node = ready();
        let process = std::path::PathBuf::from(format!("/proc/{}", node.child.id()));
        assert!(process.exists());
        drop(node);
        assert!(!process.exists());
    }

    #[test]
    fn a_ready_node_is_stopped_by_a_signal_and_awaited() {
        let node = ready();
        assert_eq!(node.ready()["node_rid"], "r");
        assert!(!node.is_stopping());
        node.stop();
        assert!(node.is_stopping());
        assert_eq!(node.wait().unwrap().code(), Some(7));
    }
}
