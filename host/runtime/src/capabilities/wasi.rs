//! WASI 0.2 for guests: clocks, randomness, folders and environment variables from the ports, output
//! to the log, and nothing else: no sockets, no names, no arguments, no input.
//!
//! A folder is opened when a call first uses WASI and stays so until the call ends; a path that leads
//! out of it (by `..`, by a link, by being absolute) is refused by the library that opens it. A folder
//! that cannot be opened is left out, and the log says why.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx};

use super::logging::{LogSink, Output, Stream};
use crate::error::sentence;
use crate::ports::{CallContext, Clock, FileRoot, Ports, Random};

/// Bytes of randomness that a guest may ask for at once.
const MAX_RANDOM_BYTES: u64 = 1 << 20;

/// What of a context a guest keeps in mind once it has seen it: folders and environment.
#[derive(PartialEq)]
pub(crate) struct Surroundings {
    roots: Vec<FileRoot>,
    variables: Vec<(String, String)>,
}

impl Surroundings {
    /// What is granted at this moment.
    pub(crate) fn of(ports: &Ports, call: &CallContext) -> Self {
        Self {
            roots: ports.files.roots(call),
            variables: ports.environment.variables(call),
        }
    }
}

/// A context over these ports.
pub(crate) fn context(ports: &Ports, surroundings: &Surroundings, log: &Arc<LogSink>) -> WasiCtx {
    let mut seed = [0; 16];
    ports.random.fill(&mut seed);
    let mut context = WasiCtx::builder();
    context
        .stdout(Output::new(log.clone(), Stream::Out))
        .stderr(Output::new(log.clone(), Stream::Err))
        .wall_clock(PortClock(ports.clock.clone()))
        .monotonic_clock(PortClock(ports.clock.clone()))
        .secure_random(PortRandom(ports.random.clone()))
        .insecure_random(PortRandom(ports.random.clone()))
        .insecure_random_seed(u128::from_le_bytes(seed))
        .max_random_size(MAX_RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .envs(&surroundings.variables);
    for root in &surroundings.roots {
        let rights = if root.write {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        if let Err(error) = context.preopened_dir(&root.host, &root.guest, rights) {
            log.warn(&format!(
                "the folder {}, granted as {}, cannot be opened: {}",
                root.host.display(),
                root.guest,
                sentence(&error)
            ));
        }
    }
    context.build()
}

struct PortClock(Arc<dyn Clock>);

impl HostWallClock for PortClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0.wall()
    }
}

impl HostMonotonicClock for PortClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0.monotonic()
    }
}

struct PortRandom(Arc<dyn Random>);

impl TryRng for PortRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}
