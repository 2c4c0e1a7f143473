//! How much is measured.

use std::time::Duration;

/// The two ways to run the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Enough rounds for figures to quote.
    Full,
    /// Enough to see that every row can be measured.
    Quick,
}

impl Pace {
    /// So many rounds, or two.
    pub fn rounds(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => 2,
        }
    }

    /// So many repetitions within a round, or a twentieth of them.
    pub fn count(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => full.div_ceil(20),
        }
    }

    /// A round of such a length, or of a tenth of it.
    pub fn time(self, full: Duration) -> Duration {
        match self {
            Self::Full => full,
            Self::Quick => full / 10,
        }
    }
}
