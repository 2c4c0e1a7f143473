//! A line for each step, with the time that it took; on a terminal the time ticks.

use std::io::{IsTerminal, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process;

/// Whether lines of others may come at any time: a time that ticks would be torn apart by them.
static OTHERS_TALK: AtomicBool = AtomicBool::new(false);

const TICK: Duration = Duration::from_secs(1);

/// Does a step whose output is captured.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let alone = !OTHERS_TALK.load(Ordering::Relaxed);
    let result = if alone && std::io::stderr().is_terminal() {
        ticking(title, started, work)
    } else {
        eprintln!("{title} ...");
        work()
    };
    if result.is_ok() {
        eprintln!("{title}: done in {}", elapsed(started));
    }
    result
}

/// Does a step whose programs write to the terminal themselves, as cargo does.
pub fn talking_step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    eprintln!("{title} ...");
    let result = work();
    if result.is_ok() {
        eprintln!("{title}: done in {}", elapsed(started));
    }
    result
}

/// Does a step while a program that writes to the terminal itself goes on beside it, and waits for both. If
/// the step fails, the program is ended.
pub fn beside<T>(
    title: &str,
    command: &mut Command,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let started = Instant::now();
    eprintln!("{title} ...");
    OTHERS_TALK.store(true, Ordering::Relaxed);
    let running = process::start(command);
    let worked = running.and_then(|running| {
        let done = work()?;
        running.end(command)?;
        Ok(done)
    });
    OTHERS_TALK.store(false, Ordering::Relaxed);
    if worked.is_ok() {
        eprintln!("{title}: done in {}", elapsed(started));
    }
    worked
}

/// Says that a step was already done.
pub fn already(title: &str) {
    eprintln!("{title}: already there");
}

/// The time since, as a person reads it.
pub fn elapsed(since: Instant) -> String {
    readable(since.elapsed())
}

fn readable(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn ticking<T>(title: &str, started: Instant, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let (finished, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                eprint!("\r{title} ... {} s", started.elapsed().as_secs());
                if !matches!(wait.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                    break;
                }
            }
            // Blanks in place of an escape sequence: they work on every terminal.
            eprint!("\r{:1$}\r", "", title.chars().count() + 16);
            std::io::stderr().flush().ok();
        });
        let result = work();
        drop(finished);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_minutes_when_they_are_long() {
        assert_eq!(readable(Duration::from_millis(1_234)), "1.2 s");
        assert_eq!(readable(Duration::from_secs(125)), "2 min 05 s");
    }
}
