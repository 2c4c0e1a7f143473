//! An MCP client that answers questions and hears of progress, over somebody else's WebSocket client.

use koi_tests::{Node, WebSocketClient};
use serde_json::{Value, json};

/// A session of the revision 2025-11-25, where the server asks while a call goes on.
pub struct Client {
    socket: WebSocketClient,
    number: u64,
}

/// What came of a request.
pub struct Outcome {
    /// The response.
    pub response: Value,
    /// Progress that was told before it: done, total, message.
    pub progress: Vec<Value>,
    /// Parameters of the questions that were asked before it.
    pub asked: Vec<Value>,
}

impl Client {
    pub fn of(node: &Node) -> Self {
        let mut client = Self {
            socket: WebSocketClient::connect(node, &[]),
            number: 0,
        };
        let begun = client.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {"elicitation": {}},
                "clientInfo": {"name": "glossary", "version": "1"},
            }),
            None,
        );
        assert!(begun.response["result"].is_object(), "{}", begun.response);
        client
            .socket
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    /// Sends a request and waits for its response; questions meanwhile get `answer`.
    pub fn request(&mut self, method: &str, mut params: Value, answer: Option<&Value>) -> Outcome {
        self.number += 1;
        let id = self.number;
        params["_meta"] = json!({"progressToken": id});
        self.socket
            .send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let (mut progress, mut asked) = (Vec::new(), Vec::new());
        loop {
            let message = self.socket.receive().message;
            let params = &message["params"];
            match message["method"].as_str() {
                None if message["id"] == id => {
                    return Outcome {
                        response: message,
                        progress,
                        asked,
                    };
                }
                Some("notifications/progress") if params["progressToken"] == id => {
                    progress.push(json!([
                        params["progress"],
                        params["total"],
                        params["message"]
                    ]));
                }
                Some("elicitation/create") => {
                    asked.push(params.clone());
                    let result = answer.expect("nobody is asked here");
                    self.socket
                        .send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}));
                }
                _ => {}
            }
        }
    }
}
