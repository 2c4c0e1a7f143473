//! How an extension would like its calls to run.

use serde::Serialize;

use super::Description;

/// How long an instance of the extension lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mode {
    /// For one call; nothing in its memory survives it.
    Fresh,
    /// For many calls, one after another, beside others of its kind. What a call leaves in memory
    /// may or may not be there in the next one.
    Pooled,
    /// For all calls, one after another. What is in memory is the extension's [`State`](crate::State).
    Singleton,
}

/// A limit of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// CPU time in milliseconds.
    Cpu,
    /// Time from call to answer in milliseconds.
    Wall,
    /// Time spent waiting for a person, in milliseconds.
    Person,
    /// Bytes of all memories and tables.
    Memory,
    /// Bytes of an answer.
    Result,
    /// Calls to the host.
    HostCalls,
    /// Bytes of log.
    LogBytes,
    /// Bytes sent out of the node.
    Sent,
    /// Calls at the same time.
    Concurrent,
    /// Calls that wait.
    Queue,
}

impl Description {
    /// How long its instances live, if the operator allows it; else, and if this is not said, each
    /// call has a [fresh](Mode::Fresh) one.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Its own limit of a call. A lower one than the operator's is in force, a higher one is a
    /// request.
    pub fn limit(mut self, limit: Limit, value: u64) -> Self {
        self.limits.insert(limit, value);
        self
    }
}
