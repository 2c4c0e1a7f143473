//! The CPU time of a process: what it works, however busy the machine is with something else.

use std::fs;
use std::time::Duration;

/// The unit in which the system counts it, USER_HZ of Linux.
const TICK: Duration = Duration::from_millis(10);

/// CPU time used up so far, in hundredths of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTime {
    /// By the process.
    pub own: Duration,
    /// By those that it started and whose end it has seen.
    pub ended_children: Duration,
}

impl CpuTime {
    /// Of a running process.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // The name in the second field may have anything in it (proc(5)).
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks = |user: usize| {
            let both = [fields[user], fields[user + 1]];
            TICK * both.map(|field| field.parse::<u32>().unwrap()).iter().sum()
        };
        Self {
            own: ticks(11),
            ended_children: ticks(13),
        }
    }
}
