//! The node's side of a process that compiles: what it is given, and what its end means.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::limits::{CPU, CompileLimits, MEMORY, WALL};
use super::protocol::{CODE, OUT_OF_MEMORY, Order, REFUSED};
use crate::error::LoadError;

/// Of what the process says on standard error, no more is read.
const MAX_SAID_BYTES: u64 = 4096;

/// What Rust says before it ends a process that cannot have the memory that it needs, and what Cranelift
/// says where it panics for that.
const NO_MEMORY: [&str; 2] = ["memory allocation of", "out of memory"];

/// The signal that a process gets at its limit of CPU time.
const SIGXCPU: i32 = rustix::process::Signal::XCPU.as_raw();

/// Compiles a component, to code that counts instructions or does not, in a process of its own, which
/// ends with this future.
pub(super) async fn compile(
    command: Command,
    bytes: &[u8],
    limits: &CompileLimits,
    fuel: bool,
) -> Result<Vec<u8>, LoadError> {
    let program = command.as_std().get_program().to_owned();
    match timeout(limits.wall, run(command, bytes, limits, fuel)).await {
        Ok(Ok(end)) => end.meaning(limits),
        Ok(Err(error)) => Err(LoadError::Compile(format!(
            "the process that compiles, {}, could not be run: {error}",
            program.display()
        ))),
        Err(_) => Err(LoadError::Limit {
            limit: "time",
            value: format!("{} ms", limits.wall.as_millis()),
            setting: WALL.setting,
        }),
    }
}

/// How a process ended, and what it had said by then.
struct End {
    status: ExitStatus,
    tag: Option<u8>,
    answer: Vec<u8>,
    said: Vec<u8>,
}

async fn run(
    mut command: Command,
    bytes: &[u8],
    limits: &CompileLimits,
    fuel: bool,
) -> io::Result<End> {
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (mut input, mut output, mut errors) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let order = Order {
        cpu: limits.cpu_seconds(),
        memory: limits.memory,
        length: bytes.len() as u64,
        fuel,
    };
    let tell = async {
        if let Some(input) = &mut input {
            // A process that does not listen tells by its end why.
            let _ = input.write_all(&order.to_bytes()).await;
            let _ = input.write_all(bytes).await;
        }
    };
    let hear = async {
        let tag = read(&mut output, 1).await?.pop();
        // It cannot have more to say than it can hold.
        Ok::<_, io::Error>((tag, read(&mut output, limits.memory).await?))
    };
    let (_, heard, said) = tokio::join!(tell, hear, read(&mut errors, MAX_SAID_BYTES));
    let ((tag, answer), said) = (heard?, said?);
    let status = child.wait().await?;
    Ok(End {
        status,
        tag,
        answer,
        said,
    })
}

async fn read(from: &mut Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut read).await?;
    }
    Ok(read)
}

impl End {
    fn meaning(self, limits: &CompileLimits) -> Result<Vec<u8>, LoadError> {
        let said = String::from_utf8_lossy(&self.said);
        if self.status.signal() == Some(SIGXCPU) {
            return Err(LoadError::Limit {
                limit: "CPU time",
                value: format!("{} s", limits.cpu_seconds()),
                setting: CPU.setting,
            });
        }
        if self.status.code() == Some(i32::from(OUT_OF_MEMORY))
            || NO_MEMORY.iter().any(|words| said.contains(words))
        {
            return Err(LoadError::Limit {
                limit: "memory",
                value: format!("{} bytes", limits.memory),
                setting: MEMORY.setting,
            });
        }
        if !self.status.success() {
            let mut lines = said.lines().filter(|line| !line.is_empty());
            let said = lines.next().unwrap_or_default();
            return Err(LoadError::Compile(format!(
                "the process that compiles ended with {}: {said}",
                self.status
            )));
        }
        match self.tag {
            Some(CODE) => Ok(self.answer),
            Some(REFUSED) => Err(LoadError::Malformed(
                String::from_utf8_lossy(&self.answer).into_owned(),
            )),
            _ => Err(LoadError::Compile(
                "the process that compiles gave no answer: its program has to be of the node's own build"
                    .to_owned(),
            )),
        }
    }
}
