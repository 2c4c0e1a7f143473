//! One HTTP/1.1 connection that stays open, for requests one after the other: as little of a client
//! as can be, so that what is measured is the server.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The header line of a client that takes both forms of an answer.
pub const ACCEPT: &str = "accept: application/json, text/event-stream\r\n";

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The status of an answer that has no body and does not say so.
const NO_CONTENT: u16 = 204;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    body: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Of MCP's legacy era.
    pub session: Option<String>,
    /// Without the chunks in which it came.
    pub body: &'a str,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(8 << 10),
            body: Vec::with_capacity(8 << 10),
        })
    }

    /// Sends a whole request and reads its whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        self.body.clear();
        let end = loop {
            match find(&self.received, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.fill().await?,
            }
        };
        let head = Head::parse(&self.received[..end])?;
        match head.length {
            Some(length) => {
                self.fill_to(end + length).await?;
                self.body
                    .extend_from_slice(&self.received[end..end + length]);
            }
            None => self.chunks(end).await?,
        }
        let body = std::str::from_utf8(&self.body)?;
        Ok(Answer {
            status: head.status,
            session: head.session,
            body,
        })
    }

    async fn chunks(&mut self, mut at: usize) -> Result<()> {
        loop {
            let line = loop {
                match find(&self.received[at..], b"\r\n") {
                    Some(line) => break at + line,
                    None => self.fill().await?,
                }
            };
            let size = std::str::from_utf8(&self.received[at..line])?;
            let size = usize::from_str_radix(size, 16).context("the size of a chunk")?;
            let (start, end) = (line + 2, line + 2 + size);
            self.fill_to(end + 2).await?;
            if size == 0 {
                return Ok(());
            }
            self.body.extend_from_slice(&self.received[start..end]);
            at = end + 2;
        }
    }

    async fn fill_to(&mut self, length: usize) -> Result<()> {
        while self.received.len() < length {
            self.fill().await?;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<()> {
        ensure!(
            self.received.len() < MAX_ANSWER_BYTES,
            "the answer has no end"
        );
        let read = self.stream.read_buf(&mut self.received).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

struct Head {
    status: u16,
    /// None if the body comes in chunks.
    length: Option<usize>,
    session: Option<String>,
}

impl Head {
    fn parse(head: &[u8]) -> Result<Self> {
        let mut lines = std::str::from_utf8(head)?.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.context("no status line")?.parse()?;
        let (mut length, mut chunked, mut session) = (None, false, None);
        if status == NO_CONTENT {
            length = Some(0);
        }
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("mcp-session-id") {
                session = Some(value.to_owned());
            } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
            {
                bail!("the server does not keep the connection");
            }
        }
        ensure!(
            chunked || length.is_some(),
            "an answer (status {status}) without a length"
        );
        Ok(Self {
            status,
            length: length.filter(|_| !chunked),
            session,
        })
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// A request with a JSON body. `headers` are whole lines, each with its end.
pub fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The address and path of an `http://` URL with an IP address.
pub fn split(url: &str) -> Result<(SocketAddr, &str)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is not http"))?;
    let path = rest.find('/').unwrap_or(rest.len());
    let address = rest[..path]
        .parse()
        .with_context(|| format!("{url} has no IP address"))?;
    Ok((address, &rest[path..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn chunks_are_put_together_wherever_they_were_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nMcp-Session-Id: x\r\n\r\n\
                      5\r\nhello\r\na\r\n, and more\r\n0\r\n\r\n";
        let sending = tokio::spawn(async move {
            for byte in answer.as_bytes() {
                server.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            server
        });
        let answer = connection.exchange(&post("/", "", "{}")).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, "hello, and more"));
        assert_eq!(answer.session.as_deref(), Some("x"));
        sending.await.unwrap();
    }

    #[test]
    fn a_url_has_an_address_and_a_path() {
        let (address, path) = split("http://127.0.0.1:9000/mcp").unwrap();
        assert_eq!((address.port(), path), (9000, "/mcp"));
        assert!(split("https://127.0.0.1/").is_err());
    }
}
