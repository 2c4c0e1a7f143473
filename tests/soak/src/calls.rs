//! What became of the calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use koi_runtime::CallError;

/// How the hostile calls ended, and which of the others failed.
#[derive(Debug, Default)]
pub struct Tally {
    ends: Mutex<BTreeMap<String, u64>>,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    /// A hostile call ended.
    pub fn hostile(&self, end: &Result<String, CallError>) {
        let end = match end {
            Ok(_) => "an answer".to_owned(),
            Err(CallError::Limit { setting, .. }) => (*setting).to_owned(),
            Err(CallError::Trap(_)) => "a crash".to_owned(),
            Err(CallError::Unavailable { .. }) => "no call, after many crashes".to_owned(),
            Err(other) => other.to_string(),
        };
        *self.ends.lock().unwrap().entry(end).or_default() += 1;
    }

    /// A well-behaved call failed.
    pub fn failed(&self, failure: String) {
        self.failures.lock().unwrap().push(failure);
    }

    /// How many hostile calls there were.
    pub fn hostile_calls(&self) -> u64 {
        self.ends.lock().unwrap().values().sum()
    }

    /// How many well-behaved calls failed.
    pub fn failures(&self) -> usize {
        self.failures.lock().unwrap().len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hostile calls ended with:", self.hostile_calls())?;
        for (end, count) in &*self.ends.lock().unwrap() {
            write!(f, "\n  {count:>6} {end}")?;
        }
        let failures = self.failures.lock().unwrap();
        write!(f, "\n{} well-behaved calls failed", failures.len())?;
        for failure in failures.iter().take(3) {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}
