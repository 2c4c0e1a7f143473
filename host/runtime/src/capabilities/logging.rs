//! `wasi:logging`, and standard output and error, which go to the same log line by line.
//!
//! All three share the call's limit of log bytes. What goes beyond it is dropped, not refused: a
//! guest that talks too much still gets its work done, and the log says that something is missing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// The log of one call, up to its limit.
pub(crate) struct LogSink {
    port: Arc<dyn Log>,
    call: CallContext,
    left: AtomicU64,
}

impl LogSink {
    pub(crate) fn new(port: Arc<dyn Log>, call: CallContext, limit: u64) -> Self {
        Self {
            port,
            call,
            left: AtomicU64::new(limit),
        }
    }

    /// Logs a message, if the limit still allows for it.
    fn log(&self, level: Level, context: &str, message: &str) {
        let context = cut(context, MAX_CONTEXT_BYTES);
        let wanted = (context.len() + message.len()) as u64;
        // One guest runs on one thread at a time, so nobody takes from it in between.
        let left = self.left.load(Ordering::Relaxed);
        if wanted <= left {
            self.left.store(left - wanted, Ordering::Relaxed);
            self.port.log(&self.call, level, context, message);
        } else if left > 0 {
            self.left.store(0, Ordering::Relaxed);
            let end = usize::try_from(left).unwrap_or(usize::MAX);
            self.port.log(&self.call, level, context, cut(message, end));
            self.port.log(
                &self.call,
                Level::Warn,
                "koi-mcp",
                "the call met its limit of log bytes (setting `limits.log_bytes`): the rest is dropped",
            );
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
        State::log(self).log(level, &context, &message);
        Ok(())
    }
}

/// Standard output or error of a guest.
pub(crate) struct Output {
    sink: Arc<LogSink>,
    level: Level,
    name: &'static str,
}

impl Output {
    pub(crate) fn new(sink: Arc<LogSink>, level: Level, name: &'static str) -> Self {
        Self { sink, level, name }
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
        Box::new(Lines {
            sink: self.sink.clone(),
            level: self.level,
            name: self.name,
            line: Vec::new(),
        })
    }
}

/// Gathers bytes into lines. The last one is logged when the guest lets go of the stream, at the
/// latest when its call ends.
struct Lines {
    sink: Arc<LogSink>,
    level: Level,
    name: &'static str,
    line: Vec<u8>,
}

impl Lines {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\r');
        if !text.is_empty() {
            self.sink.log(self.level, self.name, text);
        }
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte => self.line.push(byte),
            }
            if self.line.len() >= MAX_LINE_BYTES {
                self.end_line();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LINE_BYTES)
    }
}

impl Drop for Lines {
    /// A Store is dropped where no panic may come out of.
    fn drop(&mut self) {
        let _ = catch_unwind(AssertUnwindSafe(|| self.end_line()));
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
        let mut stream = Output::new(sink, Level::Info, "stdout").p2_stream();
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
        assert!(lines[1].contains("limits.log_bytes"));
    }
}
