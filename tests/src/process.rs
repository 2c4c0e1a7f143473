//! A program that a test started, and that ends with the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::PATIENCE;

/// How often the end of a program is looked for: nothing tells of it that a test could wait for.
const GLANCE: Duration = Duration::from_millis(10);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program and waits for its first line of JSON, which tells that it is ready.
    ///
    /// # Panics
    /// If it cannot be started, or is not ready in time.
    pub fn start(command: &mut Command) -> (Self, Value) {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Like [`Process::start`], for a program that is told things on its standard input.
    ///
    /// # Panics
    /// If it cannot be started, or is not ready in time.
    pub fn start_with_input(command: &mut Command) -> (Self, Value) {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    fn spawn(command: &mut Command) -> (Self, Value) {
        let name = format!("{command:?}");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        // Ends with the program's standard output.
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let mut process = Self {
            name,
            child,
            stdin,
            lines,
        };
        let ready = process.line();
        (process, ready)
    }

    /// The next line of JSON on its standard output.
    ///
    /// # Panics
    /// If there is none within [`PATIENCE`].
    pub fn line(&mut self) -> Value {
        let line = self
            .lines
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("{} said nothing: {error}", self.name));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {line}: {error}", self.name))
    }

    /// Writes a line of JSON to its standard input.
    ///
    /// # Panics
    /// If it does not take any.
    pub fn tell(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("a program with an input");
        writeln!(stdin, "{message}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end (SIGTERM) and waits until it has; its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.end().code()
    }

    /// Closes its standard input and waits until it has ended; its exit code.
    pub fn finish(mut self) -> Option<i32> {
        self.stdin = None;
        self.end().code()
    }

    fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not end", self.name);
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
