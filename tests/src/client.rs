//! The official Python and TypeScript MCP clients, connected for as long as a test wants.

use std::process::Command;

use serde_json::{Value, json};

use crate::{Node, Process, program, repository, tool};

/// Whose client it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk {
    /// `mcp` on PyPI.
    Python,
    /// `@modelcontextprotocol/client` on npm.
    TypeScript,
}

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It finds out what the server speaks.
    Auto,
    /// As before 2026-07-28.
    Legacy,
    /// 2026-07-28, without asking.
    Modern,
}

/// How a client reaches a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Streamable HTTP.
    Http,
    /// It starts `koi-mcp mcp` on the node's data folder.
    Stdio,
}

/// A connected client, subscribed to the lists of tools and resources.
#[derive(Debug)]
pub struct McpClient {
    process: Process,
    /// The version of the protocol that was agreed on.
    pub protocol: String,
    name: String,
}

/// An answer with a JSON-RPC error.
#[derive(Debug, PartialEq, Eq)]
pub struct McpError {
    /// Its code.
    pub code: i64,
    /// What the server says.
    pub message: String,
}

impl McpClient {
    /// All ways in which clients reach nodes.
    pub const WAYS: [(Mode, Transport); 6] = [
        (Mode::Auto, Transport::Http),
        (Mode::Legacy, Transport::Http),
        (Mode::Modern, Transport::Http),
        (Mode::Auto, Transport::Stdio),
        (Mode::Legacy, Transport::Stdio),
        (Mode::Modern, Transport::Stdio),
    ];

    /// Connects the Python client to a node.
    ///
    /// # Panics
    /// If it cannot.
    #[must_use]
    pub fn connect(node: &Node, way: (Mode, Transport)) -> Self {
        Self::connect_of(Sdk::Python, node, way)
    }

    /// Connects a client to a node.
    ///
    /// # Panics
    /// If it cannot.
    #[must_use]
    pub fn connect_of(sdk: Sdk, node: &Node, (mode, transport): (Mode, Transport)) -> Self {
        let mut command = Self::command(sdk, mode);
        match transport {
            Transport::Http => command.args(["--url", &node.mcp_url]),
            Transport::Stdio => command
                .arg("--")
                .arg(program("koi-mcp"))
                .args(["mcp", "--data-dir"])
                .arg(&node.data_dir),
        };
        let name = format!("{mode:?} client of {sdk:?} over {transport:?}");
        Self::start(sdk, command, name)
    }

    /// Connects to an endpoint over HTTP.
    ///
    /// # Panics
    /// If it cannot.
    #[must_use]
    pub fn at(url: &str, mode: Mode) -> Self {
        let mut command = Self::command(Sdk::Python, mode);
        command.args(["--url", url]);
        Self::start(Sdk::Python, command, format!("{mode:?} client at {url}"))
    }

    /// Starts an MCP server, such as `koi-mcp mcp`, and connects to its standard input and output.
    ///
    /// # Panics
    /// If it cannot.
    #[must_use]
    pub fn of_command(mode: Mode, server: &[&str]) -> Self {
        let mut command = Self::command(Sdk::Python, mode);
        command.arg("--").args(server);
        let name = format!("{mode:?} client of {server:?}");
        Self::start(Sdk::Python, command, name)
    }

    fn command(sdk: Sdk, mode: Mode) -> Command {
        let (interpreter, script) = match sdk {
            Sdk::Python => ("mcp-client/bin/python", "mcp_client.py"),
            Sdk::TypeScript => ("node/bin/node", "mcp_client.mjs"),
        };
        let mut command = Command::new(tool(interpreter));
        command
            .arg(repository().join("tests/clients").join(script))
            .args([
                "--mode",
                match mode {
                    Mode::Auto => "auto",
                    Mode::Legacy => "legacy",
                    Mode::Modern => "2026-07-28",
                },
            ]);
        command
    }

    fn start(sdk: Sdk, mut command: Command, name: String) -> Self {
        let (process, ready) = match sdk {
            Sdk::Python => Process::start_python(&command, false),
            Sdk::TypeScript => Process::start_with_input(&mut command),
        };
        let protocol = ready["protocol"].as_str().unwrap_or_default().to_owned();
        Self {
            process,
            protocol,
            name,
        }
    }

    /// The names of all tools.
    pub fn tools(&mut self) -> Vec<String> {
        texts(self.ask(&json!({"op": "tools"})))
    }

    /// A tool as the server describes it; null if it is not listed.
    pub fn tool(&mut self, name: &str) -> Value {
        self.ask(&json!({"op": "tool", "name": name}))
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// What the server says in place of a result.
    pub fn try_call(&mut self, name: &str, arguments: &Value) -> Result<Value, McpError> {
        self.try_ask(&json!({"op": "call", "name": name, "arguments": arguments}))
    }

    /// The structured content of what a tool answers.
    ///
    /// # Panics
    /// If the call fails.
    pub fn call(&mut self, name: &str, arguments: &Value) -> Value {
        let result = self.try_call(name, arguments);
        let result = result.unwrap_or_else(|error| panic!("{}: {name}: {error:?}", self.name));
        assert_eq!(result["isError"], false, "{}: {name}: {result}", self.name);
        result["structuredContent"].clone()
    }

    /// What a tool says that fails.
    ///
    /// # Panics
    /// If it does not fail.
    pub fn failure(&mut self, name: &str, arguments: &Value) -> String {
        let result = self.try_call(name, arguments);
        let result = result.unwrap_or_else(|error| panic!("{}: {name}: {error:?}", self.name));
        assert_eq!(result["isError"], true, "{}: {name}: {result}", self.name);
        result["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The URIs of all resources.
    pub fn resources(&mut self) -> Vec<String> {
        texts(self.ask(&json!({"op": "resources"})))
    }

    /// All URI templates.
    pub fn templates(&mut self) -> Vec<String> {
        texts(self.ask(&json!({"op": "templates"})))
    }

    /// The contents of a resource.
    ///
    /// # Errors
    /// What the server says in place of contents.
    pub fn try_read(&mut self, uri: &str) -> Result<Value, McpError> {
        self.try_ask(&json!({"op": "read", "uri": uri}))
            .map(|contents| contents[0].clone())
    }

    /// The text of a resource, which has to be JSON.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read(&mut self, uri: &str) -> Value {
        let contents = self.try_read(uri);
        let contents = contents.unwrap_or_else(|error| panic!("{}: {uri}: {error:?}", self.name));
        let text = contents["text"].as_str().unwrap_or_default();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{uri}: {error}: {contents}"))
    }

    /// The messages of a prompt.
    pub fn prompt(&mut self, name: &str, arguments: &Value) -> Value {
        self.ask(&json!({"op": "prompt", "name": name, "arguments": arguments}))
    }

    /// The values that are offered for an argument of a prompt of which something was typed, where others
    /// are given already.
    pub fn complete(
        &mut self,
        prompt: &str,
        (argument, typed): (&str, &str),
        given: &Value,
    ) -> Vec<String> {
        let mut request = json!({"op": "complete", "prompt": prompt, "given": given});
        request["argument"] = argument.into();
        request["value"] = typed.into();
        texts(self.ask(&request))
    }

    /// Wants to hear when a resource changes.
    pub fn subscribe(&mut self, uri: &str) {
        self.ask(&json!({"op": "subscribe", "uri": uri}));
    }

    /// What was heard so far does not count any more.
    pub fn ignore_news(&mut self) {
        self.ask(&json!({"op": "ignore_news"}));
    }

    /// Waits until it is told of a change, after which a tool is listed.
    pub fn is_told_of_tool(&mut self, name: &str) {
        self.ask(&json!({"op": "told_of_tool", "name": name}));
    }

    /// Waits until it is told of a change, after which a tool is no longer listed.
    pub fn is_told_that_tool_is_gone(&mut self, name: &str) {
        self.ask(&json!({"op": "told_of_tool", "name": name, "listed": false}));
    }

    /// Waits until it is told of a change, after which a resource is listed.
    pub fn is_told_of_resource(&mut self, uri: &str) {
        self.ask(&json!({"op": "told_of_resource", "uri": uri}));
    }

    /// Waits until it is told that a resource has changed.
    pub fn is_told_of_update(&mut self, uri: &str) {
        self.ask(&json!({"op": "told_of_update", "uri": uri}));
    }

    /// Leaves; its exit code.
    #[must_use]
    pub fn leave(self) -> Option<i32> {
        self.process.finish()
    }

    fn ask(&mut self, request: &Value) -> Value {
        let answer = self.try_ask(request);
        answer.unwrap_or_else(|error| panic!("{}: {request}: {error:?}", self.name))
    }

    fn try_ask(&mut self, request: &Value) -> Result<Value, McpError> {
        self.process.tell(request);
        let mut answer = self.process.line();
        match answer.get("error") {
            None => Ok(answer["result"].take()),
            Some(error) => Err(McpError {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

fn texts(list: Value) -> Vec<String> {
    serde_json::from_value(list).expect("a list of texts")
}
