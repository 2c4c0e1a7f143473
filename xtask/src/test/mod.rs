//! `cargo xtask test`: the tests of everything in the repository.
//!
//! A failed test does not keep the rest from running. The last line is `N passed, N failed`, over
//! the tests of both workspaces; what failed besides stands above it.

mod tally;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build::{self, GUEST_WORKSPACE};
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::Extent;
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
    build::build(layout, Extent::Tests)?;
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
        let (mut host, mut guests) = (cargo(), cargo());
        host.args(["test", "--release", "--workspace", "--no-fail-fast"]);
        guests
            .args(["test", "--manifest-path", GUEST_WORKSPACE])
            .arg("--target-dir")
            .arg(self.layout.path("target/guests"))
            .args(["--workspace", "--no-fail-fast"]);
        self.tests("tests of the guests, on this machine", &mut guests);
        self.tests("tests of the host", &mut host);
    }

    fn tests(&mut self, title: &str, command: &mut Command) {
        tell_where_things_are(command, self.layout);
        let tally = &mut self.tally;
        let run = || echoed(command, tally);
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

/// Runs `cargo test` with its output shown and counted.
fn echoed(command: &mut Command, tally: &mut Tally) -> Result<()> {
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
