//! `wasi:logging`, and standard output and error, which go to the same log line by line.
//!
//! All three share the call's limit of log bytes. What goes beyond it is dropped, not refused: a
//! guest that talks too much still gets its work done, and the log says that something is missing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::bindings::wasi::logging::logging::{Host, Level as GuestLevel};
use crate::ports::{CallContext, Level, Log};
use crate::state::State;

/// A longer line of output is cut into several.
const MAX_LINE_BYTES: usize = 8 << 10;

/// A longer context of a log message is cut.
const MAX_CONTEXT_BYTES: usize = 256;

/// What a message costs of the limit beyond its own bytes, so that empty ones end, too.
const LINE_COST: u64 = 64;

/// The log of an instance's call, up to its limit. Lines that the guest has begun and not ended when
/// the call is over end with it.
pub(crate) struct LogSink {
    /// None between calls. One guest runs on one thread at a time, so nobody ever waits here.
    call: Mutex<Option<CallLog>>,
}

struct CallLog {
    port: Arc<dyn Log>,
    call: CallContext,
    limit: u64,
    left: u64,
    /// Whether something was dropped, which is told once.
    full: bool,
    /// Of standard output and error.
    lines: [Vec<u8>; 2],
}

impl LogSink {
    pub(crate) fn new(port: Arc<dyn Log>, call: CallContext, limit: u64) -> Self {
        let sink = Self {
            call: Mutex::new(None),
        };
        sink.renew(port, call, limit);
        sink
    }

    /// From now on it is the log of this call.
    pub(crate) fn renew(&self, port: Arc<dyn Log>, call: CallContext, limit: u64) {
        *self.lock() = Some(CallLog {
            port,
            call,
            limit,
            left: limit,
            full: false,
            lines: Default::default(),
        });
    }

    /// Ends the lines of the call and forgets it. Runs where a Store is dropped, too, which no panic
    /// may come out of.
    pub(crate) fn rest(&self) {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(mut log) = self.lock().take() {
                log.end_line(Stream::Out);
                log.end_line(Stream::Err);
            }
        }));
    }

    /// Logs what the host has to say about the call, whatever the limit.
    pub(crate) fn warn(&self, message: &str) {
        self.with(|log| log.warn(message));
    }

    fn with(&self, log: impl FnOnce(&mut CallLog)) {
        if let Some(call) = self.lock().as_mut() {
            log(call);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<CallLog>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LogSink {
    fn drop(&mut self) {
        self.rest();
    }
}

impl CallLog {
    /// Logs a message, if the limit still allows for it.
    fn log(&mut self, level: Level, context: &str, message: &str) {
        let context = cut(context, MAX_CONTEXT_BYTES);
        let wanted = (context.len() + message.len()) as u64 + LINE_COST;
        if wanted <= self.left {
            self.left -= wanted;
            self.port.log(&self.call, level, context, message);
        } else if !self.full {
            self.full = true;
            let end = usize::try_from(std::mem::take(&mut self.left)).unwrap_or(usize::MAX);
            if end > 0 {
                self.port.log(&self.call, level, context, cut(message, end));
            }
            self.warn(&format!(
                "the call met its limit of {} bytes log (setting `limits.log_bytes`): the rest is dropped",
                self.limit
            ));
        }
    }

    /// What the host has to say about the call, whatever the limit.
    fn warn(&self, message: &str) {
        self.port.log(&self.call, Level::Warn, "koi-mcp", message);
    }

    /// Gathers bytes into lines.
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(stream),
                byte => self.lines[stream as usize].push(*byte),
            }
            if self.lines[stream as usize].len() >= MAX_LINE_BYTES {
                self.end_line(stream);
            }
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.lines[stream as usize]);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\r');
        if !text.is_empty() {
            let (level, name) = match stream {
                Stream::Out => (Level::Info, "stdout"),
                Stream::Err => (Level::Warn, "stderr"),
            };
            self.log(level, name, text);
        }
    }
}

/// The beginning of a text, at most so many bytes, whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

impl Host for State {
    fn log(&mut self, level: GuestLevel, context: String, message: String) -> wasmtime::Result<()> {
        self.meter.host_call()?;
        let level = match level {
            GuestLevel::Trace => Level::Trace,
            GuestLevel::Debug => Level::Debug,
            GuestLevel::Info => Level::Info,
            GuestLevel::Warn => Level::Warn,
            GuestLevel::Error => Level::Error,
            GuestLevel::Critical => Level::Critical,
        };
        State::log(self).with(|log| log.log(level, &context, &message));
        Ok(())
    }
}

/// Which of the two a guest writes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Standard output or error of a guest.
pub(crate) struct Output {
    sink: Arc<LogSink>,
    stream: Stream,
}

impl Output {
    pub(crate) fn new(sink: Arc<LogSink>, stream: Stream) -> Self {
        Self { sink, stream }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    /// Only WASI 0.3 asks for this, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Self {
            sink: self.sink.clone(),
            stream: self.stream,
        })
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.sink.with(|log| log.write(self.stream, &bytes));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LINE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ports::CallKind;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Log for Kept {
        fn log(&self, _: &CallContext, _: Level, context: &str, message: &str) {
            self.0.lock().unwrap().push(format!("{context}: {message}"));
        }
    }

    fn written(limit: u64, pieces: &[&str]) -> Vec<String> {
        let kept = Arc::new(Kept::default());
        let call = CallContext {
            extension: "test".into(),
            revision: 1,
            digest: "0".into(),
            correlation: "c".into(),
            kind: CallKind::Tool,
            principal: None,
            cause: None,
            depth: 0,
        };
        let sink = Arc::new(LogSink::new(kept.clone(), call, limit));
        let mut stream = Output::new(sink, Stream::Out).p2_stream();
        for piece in pieces {
            stream
                .write(Bytes::copy_from_slice(piece.as_bytes()))
                .unwrap();
        }
        drop(stream);
        kept.0.lock().unwrap().clone()
    }

    #[test]
    fn output_is_logged_by_lines_and_the_last_one_at_the_end() {
        let lines = written(1000, &["one\r\ntw", "o\n\nthree"]);
        assert_eq!(lines, ["stdout: one", "stdout: two", "stdout: three"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut_into_several() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        let lines = written(1 << 20, &[&long]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), "stdout: ".len() + MAX_LINE_BYTES);
    }

    #[test]
    fn the_limit_cuts_between_characters() {
        let lines = written(3, &["äöü\n", "more\n"]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], "stdout: ä");
        assert!(lines[1].contains("limit of 3 bytes log (setting `limits.log_bytes`)"));
    }
}
