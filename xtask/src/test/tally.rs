//! Counts tests from what `cargo test` prints.

use std::fmt;

/// How many tests passed and failed so far.
#[derive(Debug, Default)]
pub struct Tally {
    passed: u64,
    failed: u64,
    failed_tests: Vec<String>,
}

impl Tally {
    /// Takes a line of output into account.
    pub fn count(&mut self, line: &str) {
        if let Some(results) = line.strip_prefix("test result: ") {
            self.passed += number_before(results, " passed");
            self.failed += number_before(results, " failed");
        } else if let Some(name) = failed_test(line) {
            self.failed_tests.push(name.to_owned());
        }
    }

    /// The tests that failed, by name.
    pub fn failed_tests(&self) -> &[String] {
        &self.failed_tests
    }

    /// Whether tests ran and none failed.
    pub fn is_success(&self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

fn number_before(text: &str, word: &str) -> u64 {
    let number = text
        .find(word)
        .map(|end| &text[..end])
        .and_then(|before| before.split(' ').next_back());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a_tampered_envelope_is_refused ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test rid::long ... FAILED",
            "test result: FAILED. 10 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            tally.count(line);
        }
        assert_eq!(tally.to_string(), "13 passed, 1 failed");
        assert_eq!(tally.failed_tests(), ["rid::long"]);
        assert!(!tally.is_success());
    }

    #[test]
    fn no_test_at_all_is_no_success() {
        assert!(!Tally::default().is_success());
    }
}
