//! An HTTP client that speaks MCP's transport and nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use koi_mcp_server::McpOptions;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::node::Node;

pub const MODERN: &str = "2026-07-28";
pub const LEGACY: &str = "2025-11-25";
const PATIENCE: Duration = Duration::from_secs(20);

/// A node that listens, and a client of it.
pub struct Served {
    pub node: Arc<Node>,
    pub address: SocketAddr,
    path: String,
    pub client: reqwest::Client,
    shutdown: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The JSON-RPC messages, in their order.
    pub messages: Vec<Value>,
    pub text: String,
}

impl Answer {
    /// The last message, which answers the request.
    pub fn reply(&self) -> &Value {
        self.messages
            .last()
            .unwrap_or_else(|| panic!("no message in {self:?}"))
    }

    pub fn result(&self) -> &Value {
        let reply = self.reply();
        reply
            .get("result")
            .unwrap_or_else(|| panic!("no result in {reply}"))
    }

    pub fn error(&self) -> &Value {
        let reply = self.reply();
        reply
            .get("error")
            .unwrap_or_else(|| panic!("no error in {reply}"))
    }
}

pub async fn serve(node: Node) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = node.server.clone();
    let stop = shutdown.clone();
    let serving = tokio::spawn(async move { server.serve(listener, stop.cancelled_owned()).await });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Served {
        node: Arc::new(node),
        address,
        path: "/mcp".to_owned(),
        client,
        shutdown,
        serving: Some(serving),
    }
}

impl Served {
    /// Tells the server to stop.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops the server and starts another one on the same store.
    pub async fn restart(self, options: McpOptions) -> Served {
        self.shutdown.cancel();
        let serving = self.serving.expect("the one that was served");
        let ended = tokio::time::timeout(PATIENCE, serving).await;
        ended.expect("an end in time").unwrap();
        let node = Arc::into_inner(self.node).expect("nobody else looks at it");
        serve(node.again(options)).await
    }

    /// Returns when it has stopped.
    pub async fn stopped(self) {
        let serving = self.serving.expect("the one that was served");
        let serving = tokio::time::timeout(PATIENCE, serving).await;
        serving.expect("an end in time").unwrap();
    }

    /// A client of the same server at the endpoint of a view.
    pub fn view(&self, name: &str) -> Self {
        Self {
            node: self.node.clone(),
            address: self.address,
            path: format!("/mcp/{name}"),
            client: self.client.clone(),
            shutdown: self.shutdown.clone(),
            serving: None,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Posts a message; the headers as given, besides those of every client.
    pub async fn open(&self, message: &Value, headers: &[(&str, &str)]) -> Response {
        let mut request = self
            .client
            .post(self.url())
            .header("accept", "application/json, text/event-stream")
            .json(message);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    pub async fn post(&self, message: &Value, headers: &[(&str, &str)]) -> Answer {
        read(self.open(message, headers).await).await
    }

    /// A request of the modern era as it is sent; its answer may be a stream.
    pub async fn open_modern(&self, method: &str, params: Value) -> Response {
        let names = ["name", "uri", "taskId"];
        let name = names.iter().find_map(|name| params.get(*name)).cloned();
        let message = modern(method, params);
        let name = name
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
        if !name.is_empty() {
            headers.push(("mcp-name", &name));
        }
        self.open(&message, &headers).await
    }

    pub async fn modern(&self, method: &str, params: Value) -> Answer {
        read(self.open_modern(method, params).await).await
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.modern(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
        .await
    }

    /// All entries of a paged list, and how many pages they came in.
    pub async fn all(&self, method: &str, member: &str) -> (Vec<Value>, usize) {
        let (mut entries, mut pages, mut cursor) = (Vec::new(), 0, Value::Null);
        loop {
            let params = if cursor.is_null() {
                json!({})
            } else {
                json!({ "cursor": cursor })
            };
            let answer = self.modern(method, params).await;
            pages += 1;
            entries.extend(answer.result()[member].as_array().unwrap().iter().cloned());
            cursor = answer.result()["nextCursor"].clone();
            if cursor.is_null() {
                return (entries, pages);
            }
        }
    }

    /// A session that began some time ago.
    pub fn known(&self, id: &str) -> Session<'_> {
        Session {
            served: self,
            id: id.to_owned(),
            initialized: Value::Null,
        }
    }

    /// A request of any method, without a body.
    pub async fn send(&self, method: &str, headers: &[(&str, &str)]) -> Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, self.url())
            .header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Ends a session of the legacy era.
    pub async fn end(&self, session: &str) {
        let request = self
            .client
            .delete(self.url())
            .header("mcp-session-id", session);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// Begins a session of the legacy era.
    pub async fn session(&self) -> Session<'_> {
        self.session_with(json!({})).await
    }

    /// The same with a client that offers something.
    pub async fn session_with(&self, capabilities: Value) -> Session<'_> {
        let mut initialize = initialize();
        initialize["params"]["capabilities"] = capabilities;
        let answer = self.post(&initialize, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.headers["mcp-session-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let session = Session {
            served: self,
            id,
            initialized: answer.result().clone(),
        };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(session.post(&initialized).await.status, 202);
        session
    }
}

pub fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    }})
}

pub fn modern(method: &str, mut params: Value) -> Value {
    let meta = params.get("_meta").cloned().unwrap_or_else(|| json!({}));
    params["_meta"] = meta;
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
    let capabilities = &mut params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    if capabilities.is_null() {
        *capabilities = json!({});
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// A session of the legacy era.
pub struct Session<'a> {
    served: &'a Served,
    pub id: String,
    pub initialized: Value,
}

impl Session<'_> {
    fn headers(&self) -> [(&str, &str); 2] {
        [
            ("mcp-session-id", &self.id),
            ("mcp-protocol-version", LEGACY),
        ]
    }

    pub async fn post(&self, message: &Value) -> Answer {
        self.served.post(message, &self.headers()).await
    }

    pub async fn request(&self, method: &str, params: Value) -> Answer {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        self.post(&message).await
    }

    /// A request, and what comes on its stream.
    pub async fn open(&self, method: &str, params: Value) -> Events {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        Events::of(self.served.open(&message, &self.headers()).await)
    }

    /// Answers a request of the server.
    pub async fn answer(&self, request: &Value, result: Value) {
        let message = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        assert_eq!(self.post(&message).await.status, 202);
    }

    /// Answers a request of the server with an error.
    pub async fn refuse(&self, request: &Value, message: &str) {
        let error = json!({ "code": -1, "message": message });
        let message = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
        assert_eq!(self.post(&message).await.status, 202);
    }

    pub async fn notify(&self, method: &str, params: Value) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        assert_eq!(self.post(&message).await.status, 202);
    }

    /// The stream of what the server says by itself.
    pub async fn events(&self) -> Events {
        let mut request = self
            .served
            .client
            .get(self.served.url())
            .header("accept", "text/event-stream");
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events::of(response)
    }
}

/// Messages as they come.
pub struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    pub fn of(response: Response) -> Self {
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next message; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                if let Some(message) = message(&event) {
                    return Some(message);
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk());
            let chunk = chunk.await.expect("a message in time").unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next two messages by their methods: of news that come one after another it depends on how
    /// long they wait together which is told first.
    pub async fn next_two(&mut self) -> BTreeMap<String, Value> {
        let mut two = BTreeMap::new();
        for _ in 0..2 {
            let message = self.next().await.expect("a message");
            let method = message["method"].as_str().map(str::to_owned);
            two.insert(
                method.unwrap_or_else(|| panic!("no notice: {message}")),
                message,
            );
        }
        two
    }

    /// The method of the next message.
    pub async fn next_method(&mut self) -> String {
        let message = self.next().await.expect("a message");
        message["method"]
            .as_str()
            .unwrap_or_else(|| panic!("no notice: {message}"))
            .to_owned()
    }
}

fn message(event: &str) -> Option<Value> {
    let data: String = event
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .collect();
    serde_json::from_str(data.trim()).ok()
}

async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = tokio::time::timeout(PATIENCE, response.text())
        .await
        .expect("an answer")
        .unwrap();
    let is = |kind: &str| {
        headers
            .get("content-type")
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .is_some_and(|value| value.starts_with(kind))
    };
    let messages = if is("application/json") {
        vec![serde_json::from_str(&text).unwrap()]
    } else if is("text/event-stream") {
        text.split("\n\n").filter_map(message).collect()
    } else {
        Vec::new()
    };
    Answer {
        status,
        headers,
        messages,
        text,
    }
}
