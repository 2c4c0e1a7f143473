//! A client that listens: one connection with an event stream that does not end.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most that is kept of what nobody waits for, in bytes.
const MAX_KEPT_BYTES: usize = 64 << 10;

/// A client.
#[derive(Debug)]
pub struct Listener {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Listener {
    /// Sends a request that is answered with an event stream.
    pub async fn open(address: SocketAddr, request: &[u8]) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        let mut listener = Self {
            stream,
            received: Vec::with_capacity(2 << 10),
        };
        let head = listener.until("\r\n\r\n").await?.to_ascii_lowercase();
        ensure!(
            head.starts_with("http/1.1 200") && head.contains("text/event-stream"),
            "no event stream: {head}"
        );
        Ok(listener)
    }

    /// Waits until the stream has said this; what it said up to there is forgotten.
    pub async fn hear(&mut self, what: &str) -> Result<()> {
        self.until(what).await.map(drop)
    }

    /// Whether the stream says this too, without waiting for more than has arrived.
    pub fn has_heard(&mut self, what: &str) -> Result<bool> {
        loop {
            match self.stream.try_read_buf(&mut self.received) {
                Ok(0) => bail!("the server closed the stream"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.end_of(what).is_some())
    }

    async fn until(&mut self, what: &str) -> Result<String> {
        loop {
            if let Some(end) = self.end_of(what) {
                let said: Vec<u8> = self.received.drain(..end).collect();
                return Ok(String::from_utf8_lossy(&said).into_owned());
            }
            ensure!(
                self.received.len() < MAX_KEPT_BYTES,
                "the stream says much, but not {what}"
            );
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server closed the stream");
        }
    }

    fn end_of(&self, what: &str) -> Option<usize> {
        let place = self
            .received
            .windows(what.len())
            .position(|window| window == what.as_bytes());
        place.map(|place| place + what.len())
    }
}
