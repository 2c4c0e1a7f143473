//! A program that a test started, and that ends with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use serde_json::Value;

use crate::PATIENCE;
use crate::wait::GLANCE;
use crate::warm::Started;

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    running: Running,
    input: Option<Input>,
    lines: Receiver<String>,
}

#[derive(Debug)]
enum Running {
    Child(Child),
    Python(Started),
}

/// Its standard input, which ends when this is dropped.
#[derive(Debug)]
enum Input {
    Pipe(ChildStdin),
    Socket(UnixStream),
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Self::Socket(stream) = self {
            // Its other half is being read.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

impl Running {
    fn id(&self) -> u32 {
        match self {
            Self::Child(child) => child.id(),
            Self::Python(started) => started.id,
        }
    }

    /// Its exit code if it has ended; none in place of the code if a signal ended it.
    fn try_wait(&mut self) -> Option<Option<i32>> {
        match self {
            Self::Child(child) => child.try_wait().unwrap().map(|status| status.code()),
            Self::Python(started) => started.try_wait(),
        }
    }

    /// Ends it if it has not ended, and waits until it has.
    fn kill(&mut self) {
        match self {
            Self::Child(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Python(started) => {
                if started.try_wait().is_none() {
                    signal("KILL", started.id);
                    started.wait();
                }
            }
        }
    }
}

fn signal(name: &str, process: u32) -> bool {
    let mut kill = Command::new("kill");
    let sent = kill
        .args([format!("-{name}"), process.to_string()])
        .status();
    sent.unwrap().success()
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

    /// Starts a Python program, and waits for its first line of JSON. The command says interpreter, program,
    /// arguments and environment; what the program imports may have been imported already, with the environment of
    /// these tests (`warm.rs`).
    ///
    /// # Panics
    /// If it cannot be started, or is not ready in time.
    pub fn start_python(command: &Command, silent: bool) -> (Self, Value) {
        let started = Started::of(command, silent);
        let streams = [started.stream.try_clone(), started.stream.try_clone()];
        let [input, output] = streams.map(Result::unwrap);
        Self::of(
            format!("{command:?}"),
            Running::Python(started),
            Some(Input::Socket(input)),
            output,
        )
    }

    fn spawn(command: &mut Command) -> (Self, Value) {
        let name = format!("{command:?}");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let input = child.stdin.take().map(Input::Pipe);
        let output = child.stdout.take().unwrap();
        Self::of(name, Running::Child(child), input, output)
    }

    fn of(
        name: String,
        running: Running,
        input: Option<Input>,
        output: impl Read + Send + 'static,
    ) -> (Self, Value) {
        let output = BufReader::new(output);
        let (sender, lines) = channel();
        // Ends with the program's standard output.
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let mut process = Self {
            name,
            running,
            input,
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
        let told = match self.input.as_mut().expect("a program with an input") {
            Input::Pipe(pipe) => writeln!(pipe, "{message}"),
            Input::Socket(stream) => writeln!(stream, "{message}"),
        };
        told.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.running.kill();
    }

    /// Asks it to end (SIGTERM) and waits until it has; its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        assert!(signal("TERM", self.id()));
        self.end()
    }

    /// Closes its standard input and waits until it has ended; its exit code.
    pub fn finish(mut self) -> Option<i32> {
        self.input = None;
        self.end()
    }

    fn end(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(code) = self.running.try_wait() {
                return code;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not end", self.name);
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.kill();
    }
}
