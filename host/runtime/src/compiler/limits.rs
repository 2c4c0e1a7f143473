//! What compiling one component may use up, each limit declared once.

use std::time::Duration;

use crate::limits::LimitInfo;

/// What compiling may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// CPU time for one component; the system counts it in whole seconds, and a part of one as a whole.
    pub cpu: Duration,
    /// Bytes of address space, for one component, of the process that compiles.
    pub memory: u64,
    /// Time from the start of that process until its answer.
    pub wall: Duration,
    /// Bytes of compiled code that are kept on disk, of all components together.
    pub cache: u64,
}

/// The table of limits, for documentation and for configuration.
pub const COMPILE_LIMITS: &[LimitInfo] = &[CPU, MEMORY, WALL, CACHE];

pub(super) const CPU: LimitInfo = LimitInfo {
    setting: "compile.cpu",
    environment: "KOI_MCP_COMPILE__CPU",
    unit: "ms",
    default: 120_000,
    doc: "CPU time for compiling a component, in whole seconds",
};

pub(super) const MEMORY: LimitInfo = LimitInfo {
    setting: "compile.memory",
    environment: "KOI_MCP_COMPILE__MEMORY",
    unit: "bytes",
    default: 2 << 30,
    doc: "Memory for compiling a component",
};

pub(super) const WALL: LimitInfo = LimitInfo {
    setting: "compile.wall",
    environment: "KOI_MCP_COMPILE__WALL",
    unit: "ms",
    default: 300_000,
    doc: "Time for compiling a component, once it is its turn",
};

/// Bounds what is kept of it.
const CACHE: LimitInfo = LimitInfo {
    setting: "compile.cache",
    environment: "KOI_MCP_COMPILE__CACHE",
    unit: "bytes",
    default: 4 << 30,
    doc: "Compiled code that is kept in the data folder; what was used longest ago goes first",
};

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_millis(CPU.default),
            memory: MEMORY.default,
            wall: Duration::from_millis(WALL.default),
            cache: CACHE.default,
        }
    }
}

impl CompileLimits {
    /// CPU time as the system counts it.
    pub(super) fn cpu_seconds(&self) -> u64 {
        u64::try_from(self.cpu.as_millis().div_ceil(1000))
            .unwrap_or(u64::MAX)
            .max(1)
    }
}
