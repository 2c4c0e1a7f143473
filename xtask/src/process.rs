//! Running other programs.
//!
//! Every failure names the program, says why it failed, and where its output is or what to install.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::layout::Layout;

const POLL: Duration = Duration::from_millis(50);

/// Cargo, the one that runs us, with its output below this repository's `target/` wherever the
/// user's own setting points: the rest of xtask has to find it.
pub fn cargo(layout: &Layout) -> Command {
    set_up(Command::new(program()), layout)
}

/// The same at the lowest priority.
pub fn nice_cargo(layout: &Layout) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(program());
    set_up(nice, layout)
}

fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn set_up(mut cargo: Command, layout: &Layout) -> Command {
    cargo
        .current_dir(layout.root())
        .env("CARGO_TARGET_DIR", layout.target());
    cargo
}

/// Runs a program that writes to the terminal itself.
pub fn talk(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    succeeded(command, status)
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!(
            "`{}` failed ({status}); what it printed above says why",
            line(command)
        );
    }
    Ok(())
}

/// A program that goes on. Dropped before its end, it is ended.
pub struct Running(Child);

/// Starts a program that writes to the terminal itself.
pub fn start(command: &mut Command) -> Result<Running> {
    let child = command.stdin(Stdio::null()).spawn();
    child
        .map(Running)
        .map_err(|error| not_started(command, &error))
}

impl Running {
    /// Waits for its end; `command` is what it was started with.
    pub fn end(mut self, command: &Command) -> Result<()> {
        succeeded(command, self.0.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program with its output in `target/tools/logs/NAME.log`.
pub fn captured(layout: &Layout, name: &str, command: &mut Command) -> Result<()> {
    let log = layout.logs().join(format!("{name}.log"));
    let status = into_log(&log, command, status)?;
    if !status.success() {
        return Err(failure(&log, command, &status.to_string()));
    }
    Ok(())
}

/// As [`captured`], and ends the program after `limit`.
pub fn captured_within(
    layout: &Layout,
    name: &str,
    command: &mut Command,
    limit: Duration,
) -> Result<()> {
    let log = layout.logs().join(format!("{name}.log"));
    let outcome = into_log(&log, command, |command| {
        let mut child = command
            .spawn()
            .map_err(|error| not_started(command, &error))?;
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(POLL);
        }
    })?;
    match outcome {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failure(&log, command, &status.to_string())),
        None => Err(failure(
            &log,
            command,
            &format!("no end after {} s", limit.as_secs()),
        )),
    }
}

/// The standard output of a program, without the line's end.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}): {}",
            line(command),
            output.status,
            reason(&printed)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// A program's exit status, the program being named if it cannot be started.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    command
        .status()
        .map_err(|error| not_started(command, &error))
}

/// The exit code that passes a program's on.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        None => ExitCode::FAILURE,
    }
}

/// The error of a program that could not be started.
pub fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.get_program();
    if error.kind() != ErrorKind::NotFound {
        return anyhow!("`{}` could not be started: {error}", program.display());
    }
    let name = Path::new(program).file_name().unwrap_or(program);
    anyhow!("`{}` is missing: {}", name.display(), remedy(name))
}

fn remedy(program: &OsStr) -> &'static str {
    match program.to_str() {
        Some("apt-get" | "dpkg-deb") => {
            "it is part of Debian; on another system install the tool that was wanted by hand"
        }
        Some("bash") => "install it with your system's package manager",
        Some("python3") => "install Python 3.12 or newer with its venv module",
        Some("rustup") => "install Rust by rustup",
        Some("koi-mcp" | "koi-soak") => "run `cargo xtask build`",
        _ => "install it, or see that it is on PATH",
    }
}

fn into_log<T>(
    log: &Path,
    command: &mut Command,
    run: impl FnOnce(&mut Command) -> Result<T>,
) -> Result<T> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let file = File::create(log).with_context(|| format!("writing {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    run(command)
}

fn failure(log: &Path, command: &Command, status: &str) -> anyhow::Error {
    let printed = fs::read(log).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    anyhow!(
        "`{}` failed ({status}): {} (all of it: {})",
        line(command),
        reason(&printed),
        log.display()
    )
}

/// The line that says why: the last one that speaks of an error, else the last one. What follows an
/// error is often a backtrace or an offer of help.
fn reason(printed: &str) -> &str {
    let lines = || {
        printed
            .lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let error = |line: &&str| line.to_ascii_lowercase().starts_with("error");
    lines()
        .find(error)
        .or_else(|| lines().next())
        .unwrap_or("it printed nothing")
}

/// The program's name and its first arguments, enough to know it again.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(command.get_program())
        .display()
        .to_string();
    for argument in command.get_args().take(4) {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let error = output(&mut Command::new("/nowhere/koi-mcp"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "`koi-mcp` is missing: run `cargo xtask build`");
    }

    #[test]
    fn a_backtrace_does_not_hide_the_error() {
        assert_eq!(
            reason("start\nerror: no route\n\n  14: main\n"),
            "error: no route"
        );
        assert_eq!(reason("start\nno such thing\n"), "no such thing");
    }

    #[test]
    fn a_failed_program_is_quoted() {
        let error = output(Command::new("sh").args(["-c", "echo first; echo why >&2; exit 3"]));
        let error = error.unwrap_err().to_string();
        assert!(error.ends_with("why"), "{error}");
    }
}
