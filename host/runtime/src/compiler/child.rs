//! The process that compiles: it confines itself, and then reads what it is to compile.
//!
//! It fails by ending: with an exit status and a line on standard error, or by the signal of the limit
//! that it met. What it makes of that is the parent's.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use wasmtime::{Engine, OutOfMemory};

use super::protocol::{CODE, OUT_OF_MEMORY, Order, REFUSED};
use super::refusal;
use crate::engine;

/// The lowest priority that there is.
const NICE: i32 = 19;

/// What is enough for the thread that waits for the parent's end.
const WATCHER_STACK_BYTES: usize = 64 << 10;

/// The body of the process that compiles one component for a
/// [`Compiler::Child`](super::Compiler::Child): the program's `main` calls it before it does anything
/// else, on a thread with its usual stack, and ends with what it gives.
#[must_use]
pub fn compile_for_parent() -> ExitCode {
    match answer() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            match error.kind() {
                io::ErrorKind::OutOfMemory => ExitCode::from(OUT_OF_MEMORY),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn answer() -> io::Result<ExitCode> {
    let mut order = [0; Order::BYTES];
    io::stdin().read_exact(&mut order)?;
    let order = Order::from_bytes(order);
    confine(order)?;
    let mut bytes = Vec::new();
    let length = usize::try_from(order.length).map_err(io::Error::other)?;
    bytes.try_reserve_exact(length)?;
    io::stdin().take(order.length).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    end_with_parent()?;
    let engine = Engine::new(&engine::compiling(order.fuel)).map_err(io::Error::other)?;
    let (tag, answer) = match engine.precompile_component(&bytes) {
        Ok(code) => (CODE, code),
        Err(error) if error.is::<OutOfMemory>() => return Err(io::ErrorKind::OutOfMemory.into()),
        Err(error) => (REFUSED, refusal::reason(&bytes, &error).into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[tag])?;
    out.write_all(&answer)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Takes from this process what it does not need. The parent has given it neither environment nor
/// files but its three standard streams.
fn confine(order: Order) -> io::Result<()> {
    nice(NICE)?;
    // Of all processes this is the one that a machine without memory can do without. Where there is
    // no such file there is no such choice.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // A second later the system would end it without saying at which limit.
    lower(Resource::Cpu, order.cpu, order.cpu.saturating_add(1))?;
    lower(Resource::As, order.memory, order.memory)?;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Fsize, 0, 0)?;
    // No file can be opened any more.
    lower(Resource::Nofile, 3, 3)?;
    Ok(())
}

/// Sets a limit, unless a lower one is in force already.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limits = Rlimit {
        current: Some(soft.min(most)),
        maximum: Some(hard.min(most)),
    };
    Ok(setrlimit(resource, limits)?)
}

/// Ends this process when the parent closes the other end of standard input, as it also does by its
/// own end. A signal at the parent's death would come with the death of the *thread* that started
/// this process.
fn end_with_parent() -> io::Result<()> {
    std::thread::Builder::new()
        .stack_size(WATCHER_STACK_BYTES)
        .spawn(|| {
            let _ = io::stdin().read(&mut [0]);
            std::process::exit(1);
        })
        .map(drop)
}
