//! A network that can be cut into two sides.
//!
//! Each node announces the address of a gate of its own, which passes everything on unchanged; while
//! the network is cut, it closes the connections of those who ask from the other side.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use koi_net::base_url;
use koi_rid::Rid;
use tokio::net::TcpListener;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    East,
    West,
}

/// Clones are the same switch.
#[derive(Clone)]
pub struct Switch(Arc<Inner>);

struct Inner {
    cut: AtomicBool,
    sides: Mutex<HashMap<String, Side>>,
    http: reqwest::Client,
}

impl Switch {
    pub fn new() -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self(Arc::new(Inner {
            cut: AtomicBool::new(false),
            sides: Mutex::default(),
            http,
        }))
    }

    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
    }

    pub fn heal(&self) {
        self.0.cut.store(false, Ordering::SeqCst);
    }

    /// Opens the gate to a node that listens at an address; the URL that it is to announce.
    pub async fn gate(&self, node: &Rid, side: Side, address: SocketAddr) -> String {
        let sides = &self.0.sides;
        sides.lock().unwrap().insert(node.as_str().to_owned(), side);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = base_url(listener.local_addr().unwrap());
        let switch = self.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let switch = switch.clone();
                let service = service_fn(move |request| {
                    let switch = switch.clone();
                    async move { switch.pass(request, side, address).await }
                });
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A connection that breaks is what this is about.
                tokio::spawn(async move { drop(serving.await) });
            }
        });
        url
    }

    /// Fails, which closes the connection without an answer, if the request must not pass.
    async fn pass(
        &self,
        request: Request<Incoming>,
        side: Side,
        address: SocketAddr,
    ) -> Result<Response<Body>, Closed> {
        let url = format!("http://{address}{}", request.uri().path());
        let body = to_bytes(Body::new(request.into_body()), usize::MAX).await;
        let body = body.map_err(|_| Closed)?;
        let from = self.side_of(&body);
        if self.0.cut.load(Ordering::SeqCst) && from != Some(side) {
            return Err(Closed);
        }
        let answer = self.0.http.post(url).body(body).send().await;
        let answer = answer.map_err(|_| Closed)?;
        let mut response = Response::builder().status(answer.status());
        if let Some(kind) = answer.headers().get("content-type") {
            response = response.header("content-type", kind);
        }
        let body = answer.bytes().await.map_err(|_| Closed)?;
        response.body(Body::from(body)).map_err(|_| Closed)
    }

    /// Of the node that an envelope says it is from.
    fn side_of(&self, envelope: &[u8]) -> Option<Side> {
        let envelope: serde_json::Value = serde_json::from_slice(envelope).ok()?;
        let source = envelope.get("source_node")?.as_str()?;
        self.0.sides.lock().unwrap().get(source).copied()
    }
}

/// The connection is closed.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed")
    }
}

impl std::error::Error for Closed {}
