//! `cargo xtask test`: the checks and tests of everything in the repository.
//!
//! A failed check does not keep the rest from running. The last line is `N passed, N failed`, over
//! the tests of both workspaces; what failed besides stands above it.

mod tally;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build::{self, GUEST_WORKSPACE};
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::{self, Extent};
use tally::Tally;

/// Tells the tests where tools and components are.
pub fn tell_where_things_are(command: &mut Command, layout: &Layout) {
    command
        .env("KOI_TEST_TOOLS", layout.tools())
        .env("KOI_TEST_EXTENSIONS", layout.extensions());
}

/// Runs all, or only `cargo test --release ARGUMENTS` if there are arguments.
pub fn test(layout: &Layout, arguments: &[String]) -> Result<ExitCode> {
    let started = Instant::now();
    let toolchain = setup::set_up(layout, Extent::Tests)?;
    build::build(layout, &toolchain, Extent::Tests)?;
    let mut run = Run {
        layout,
        tally: Tally::default(),
        failures: Vec::new(),
    };
    if arguments.is_empty() {
        run.everything();
    } else {
        run.tests(
            "tests",
            process::cargo(layout)
                .args(["test", "--release"])
                .args(arguments),
        );
    }
    Ok(run.conclude(started))
}

struct Run<'a> {
    layout: &'a Layout,
    tally: Tally,
    failures: Vec<String>,
}

impl Run<'_> {
    fn everything(&mut self) {
        let cargo = || process::cargo(self.layout);
        let guests = ["--manifest-path", GUEST_WORKSPACE];
        let own_target = self.layout.path("target/guests");
        let in_guests = move |name: &str| {
            let mut cargo = cargo();
            cargo
                .arg(name)
                .args(guests)
                .arg("--target-dir")
                .arg(&own_target);
            cargo
        };
        let deny = ["--", "-D", "warnings"];

        let mut format_host = cargo();
        format_host.args(["fmt", "--all", "--check"]);
        let mut format_guests = cargo();
        format_guests.args(["fmt", "--all", "--check"]).args(guests);
        let mut clippy_host = cargo();
        clippy_host
            .args(["clippy", "--release", "--workspace", "--all-targets"])
            .args(deny);
        let mut clippy_guests = in_guests("clippy");
        clippy_guests
            .args(["--workspace", "--all-targets"])
            .args(deny);
        let mut test_host = cargo();
        test_host.args(["test", "--release", "--workspace", "--no-fail-fast"]);
        let mut test_guests = in_guests("test");
        test_guests.args(["--workspace", "--no-fail-fast"]);

        self.check(
            "format of the host",
            "run `cargo fmt --all`",
            &mut format_host,
        );
        self.check(
            "format of the guests",
            &format!("run `cargo fmt --all --manifest-path {GUEST_WORKSPACE}`"),
            &mut format_guests,
        );
        self.check(
            "clippy of the guests",
            "see its warnings above",
            &mut clippy_guests,
        );
        self.tests("tests of the guests, on this machine", &mut test_guests);
        self.host(&mut test_host, &clippy_host);
    }

    /// The tests of the host wait for peers and clocks much of their time, and clippy waits for
    /// nothing: it runs beside them, from when they hold cargo's lock no more.
    fn host(&mut self, tests: &mut Command, clippy: &Command) {
        let (layout, started) = (self.layout, Instant::now());
        let (begin, begun) = mpsc::channel::<()>();
        let clippy = thread::scope(|scope| {
            let clippy = scope.spawn(move || {
                // Also if no test is ever run.
                let _ = begun.recv();
                process::captured(layout, "clippy", &mut process::gently(clippy))
            });
            self.counted("tests of the host", tests, move || drop(begin));
            clippy.join()
        });
        match clippy {
            Ok(Ok(())) => eprintln!(
                "clippy of the host: done {} after the tests began",
                progress::elapsed(started)
            ),
            Ok(Err(error)) => {
                let log = std::fs::read(layout.logs().join("clippy.log"));
                eprintln!("{}", String::from_utf8_lossy(&log.unwrap_or_default()));
                self.failures.push(format!("clippy of the host: {error:#}"));
            }
            Err(_) => self
                .failures
                .push("clippy of the host: panicked".to_owned()),
        }
    }

    fn check(&mut self, title: &str, remedy: &str, command: &mut Command) {
        if let Err(error) = progress::talking_step(title, || process::talk(command)) {
            eprintln!("{title}: failed");
            self.failures.push(format!("{title}: {error:#}; {remedy}"));
        }
    }

    fn tests(&mut self, title: &str, command: &mut Command) {
        self.counted(title, command, || ());
    }

    fn counted(&mut self, title: &str, command: &mut Command, when_running: impl FnOnce()) {
        tell_where_things_are(command, self.layout);
        let tally = &mut self.tally;
        let run = || echoed(command, tally, when_running);
        if let Err(error) = progress::talking_step(title, run) {
            eprintln!("{title}: failed");
            self.failures.push(format!("{title}: {error:#}"));
        }
    }

    fn conclude(self, started: Instant) -> ExitCode {
        println!();
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        for name in self.tally.failed_tests() {
            println!("failed: test {name}");
        }
        println!("all of it took {}", progress::elapsed(started));
        println!("{}", self.tally);
        match self.failures.is_empty() && self.tally.is_success() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

/// Runs `cargo test` with its output shown and counted. The first line is that of the first program of
/// tests: what had to be built is built.
fn echoed(command: &mut Command, tally: &mut Tally, when_running: impl FnOnce()) -> Result<()> {
    let mut when_running = Some(when_running);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| process::not_started(command, &error))?;
    let output = child
        .stdout
        .take()
        .context("the tests' output was not captured")?;
    let mut terminal = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("reading the tests' output")?;
        if let Some(when_running) = when_running.take() {
            when_running();
        }
        terminal
            .write_all(&line)
            .and_then(|()| terminal.write_all(b"\n"))
            .context("printing")?;
        tally.count(&String::from_utf8_lossy(&line));
    }
    drop(terminal);
    let status = child.wait().context("waiting for the tests")?;
    anyhow::ensure!(
        status.success(),
        "`cargo test` ended with {status}; see above"
    );
    Ok(())
}
