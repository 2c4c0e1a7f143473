//! An HTTP server that answers with what the exchanges say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde::Deserialize;

/// What is under a path.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    status: u16,
    body: String,
}

/// The server, for as long as the test runs.
pub struct Server {
    port: u16,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
}

impl Server {
    /// Starts it; nothing is there yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = Arc::new(Mutex::new(BTreeMap::<String, Answer>::new()));
        let shared = answers.clone();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let path = head.first().and_then(|line| line.split(' ').nth(1));
                let answer = shared
                    .lock()
                    .unwrap()
                    .get(path.unwrap_or_default())
                    .cloned();
                let Answer { status, body } = answer.unwrap_or(Answer {
                    status: 404,
                    body: String::new(),
                });
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { port, answers }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it has from now on.
    pub fn has(&self, answers: BTreeMap<String, Answer>) {
        *self.answers.lock().unwrap() = answers;
    }
}
