//! What a process takes of its machine: looked at before and after something that must leave nothing.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// How often a process is looked at: nothing tells when it gives something back.
const GLANCE: Duration = Duration::from_millis(50);

/// What a process takes at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Resident memory in bytes.
    pub memory: u64,
    /// Threads.
    pub threads: u64,
    /// Open files, sockets and pipes.
    pub files: u64,
}

impl Footprint {
    /// Of a running process.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let digits = line.unwrap_or_default().split_whitespace().next();
            digits.unwrap_or_default().parse::<u64>().unwrap()
        };
        Self {
            memory: number("VmRSS:") << 10,
            threads: number("Threads:"),
            files: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as u64,
        }
    }

    /// This and so much more of each.
    #[must_use]
    pub fn and(self, memory: u64, threads: u64, files: u64) -> Self {
        Self {
            memory: self.memory + memory,
            threads: self.threads + threads,
            files: self.files + files,
        }
    }

    /// Whether nothing of it is more than in the other.
    #[must_use]
    pub fn is_within(self, bound: Self) -> bool {
        self.memory <= bound.memory && self.threads <= bound.threads && self.files <= bound.files
    }

    /// Waits until a process takes no more than this; what it takes then.
    ///
    /// # Panics
    /// If that is not so within [`PATIENCE`].
    pub fn is_kept_by(self, process: u32, what: &str) -> Self {
        let start = Instant::now();
        loop {
            let now = Self::of(process);
            if now.is_within(self) {
                return now;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{what}: it still takes {now}, more than {self}"
            );
            std::thread::sleep(GLANCE);
        }
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory,
            threads,
            files,
        } = self;
        write!(
            f,
            "{:.1} MiB, {threads} threads, {files} files",
            *memory as f64 / f64::from(1 << 20)
        )
    }
}
