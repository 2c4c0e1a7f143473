//! A WebSocket client of somebody else's (Python `websockets`), connected for as long as a test wants.

use std::process::Command;

use serde_json::{Value, json};

use crate::{Node, Process, repository, tool};

/// A connected client.
#[derive(Debug)]
pub struct WebSocketClient {
    process: Process,
    /// What it said when it was connected, or refused.
    pub ready: Value,
}

/// A message as it came.
#[derive(Debug)]
pub struct Received {
    /// The message.
    pub message: Value,
    /// It was compressed.
    pub compressed: bool,
    /// What it took on the wire, in bytes.
    pub wire: u64,
}

impl WebSocketClient {
    /// Connects to a node's MCP endpoint, with further flags of the program.
    ///
    /// # Panics
    /// If it can be neither connected nor refused.
    #[must_use]
    pub fn connect(node: &Node, flags: &[&str]) -> Self {
        let url = node.mcp_url.replacen("http://", "ws://", 1);
        let mut command = Command::new(tool("mcp-client/bin/python"));
        command
            .arg(repository().join("tests/clients/websocket_client.py"))
            .arg(url)
            .args(flags);
        let (process, ready) = Process::start_with_input(&mut command);
        Self { process, ready }
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        self.ask(&json!({"op": "send", "message": message}));
    }

    /// Sends a text that need not be a message.
    pub fn send_text(&mut self, text: &str) {
        self.ask(&json!({"op": "send_text", "text": text}));
    }

    /// The next message.
    ///
    /// # Panics
    /// If the connection is closed.
    pub fn receive(&mut self) -> Received {
        let mut next = self.ask(&json!({"op": "next"}));
        assert!(next.get("message").is_some(), "{next}");
        Received {
            message: next["message"].take(),
            compressed: next["compressed"] == true,
            wire: next["wire"].as_u64().unwrap_or_default(),
        }
    }

    /// The code with which the connection was closed.
    pub fn closed(&mut self) -> Option<u64> {
        self.ask(&json!({"op": "next"}))["closed"].as_u64()
    }

    /// Sends a request and gives its answer; what comes before it is not looked at.
    pub fn request(&mut self, message: &Value) -> Received {
        self.send(message);
        loop {
            let received = self.receive();
            if received.message["id"] == message["id"] {
                return received;
            }
        }
    }

    /// Waits for a notice.
    pub fn heard(&mut self, method: &str) -> Value {
        loop {
            let received = self.receive();
            if received.message["method"] == method {
                return received.message;
            }
        }
    }

    fn ask(&mut self, request: &Value) -> Value {
        self.process.tell(request);
        self.process.line()["result"].take()
    }
}
