//! `cargo xtask test`: the tests of everything in the repository but the bench, which `cargo xtask bench --quick` tries.
//!
//! A failed test does not keep the rest from running. The last line is `N passed, N failed`, over
//! the tests of both workspaces; what failed besides stands above it.

mod lanes;
mod tally;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build::{self, GUEST_WORKSPACE};
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::{Extent, GuestToolchain};
use tally::Tally;

/// Tells the tests where tools and components are.
pub fn tell_where_things_are(command: &mut Command, layout: &Layout) {
    command
        .env("KOI_TEST_TOOLS", layout.tools())
        .env("KOI_TEST_EXTENSIONS", layout.extensions());
}

/// Tells the tests what builds Rust guests: cargo's variables, under names that cargo itself does not hear, since
/// it builds the host.
fn tell_toolchain(command: &mut Command, toolchain: &GuestToolchain) {
    for (name, value) in toolchain.environment() {
        command.env(format!("KOI_TEST_GUEST_{name}"), value);
    }
}

/// Runs all, or only `cargo test --release ARGUMENTS` if there are arguments.
pub fn test(layout: &Layout, arguments: &[String]) -> Result<ExitCode> {
    let started = Instant::now();
    let toolchain = build::build(layout, Extent::Tests)?;
    let mut run = Run {
        layout,
        toolchain,
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
    toolchain: GuestToolchain,
    tally: Tally,
    failures: Vec<String>,
}

impl Run<'_> {
    fn everything(&mut self) {
        let layout = self.layout;
        let mut guests = process::cargo(layout);
        guests
            .args(["test", "--manifest-path", GUEST_WORKSPACE])
            .arg("--target-dir")
            .arg(layout.path("target/guests"))
            .args(["--workspace", "--no-fail-fast"]);
        self.tests("tests of the guests, on this machine", &mut guests);
        // Tests wait for peers and clocks much of their time, so those that take longest are beside the
        // others.
        match lanes::of(layout) {
            Ok(mut lanes) => {
                for command in &mut lanes.long {
                    tell_where_things_are(command, layout);
                    tell_toolchain(command, &self.toolchain);
                }
                let long = lanes.long.into_iter().zip(1..);
                thread::scope(|scope| {
                    let long = long.map(|(mut command, part)| {
                        let name = format!("long-tests-{part}");
                        let log = name.clone();
                        let run = move || process::captured(layout, &log, &mut command);
                        (name, scope.spawn(run))
                    });
                    // All begin before the first is waited for.
                    let long: Vec<_> = long.collect();
                    self.tests("tests of the host", &mut lanes.others);
                    self.tests("examples in the documentation", &mut lanes.docs);
                    for (name, running) in long {
                        let ended = running.join();
                        self.counted_from(&layout.logs().join(format!("{name}.log")));
                        match ended {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => self.failures.push(format!("{name}: {error:#}")),
                            Err(_) => self.failures.push(format!("{name}: panicked")),
                        }
                    }
                });
            }
            Err(error) => self.failures.push(format!("tests of the host: {error:#}")),
        }
    }

    /// Shows and counts what a program has said.
    fn counted_from(&mut self, log: &Path) {
        match std::fs::read(log) {
            Ok(said) => {
                for line in String::from_utf8_lossy(&said).lines() {
                    println!("{line}");
                    self.tally.count(line);
                }
            }
            Err(error) => self.failures.push(format!("{}: {error}", log.display())),
        }
    }

    fn tests(&mut self, title: &str, command: &mut Command) {
        tell_where_things_are(command, self.layout);
        tell_toolchain(command, &self.toolchain);
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
