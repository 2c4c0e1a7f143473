//! The orders in which bundles are listed. An unknown name is refused with those that there are.

use std::fmt;
use std::str::FromStr;

/// The order of a list of bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BundleOrder {
    /// By the canonical text of the RIDs, by bytes.
    #[default]
    Rid,
    /// The other way round.
    RidDescending,
    /// By the instants of the manifests, the oldest first; equal ones by RID. Of one type only.
    Timestamp,
    /// The newest first; equal ones by RID, the other way round. Of one type only.
    TimestampDescending,
}

impl BundleOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [
        Self::Rid,
        Self::RidDescending,
        Self::Timestamp,
        Self::TimestampDescending,
    ];

    /// `rid`, `-rid`, `timestamp` or `-timestamp`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rid => "rid",
            Self::RidDescending => "-rid",
            Self::Timestamp => "timestamp",
            Self::TimestampDescending => "-timestamp",
        }
    }
}

/// Why a text names no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no order: there are `rid`, `-rid`, `timestamp` and `-timestamp`")]
pub struct UnknownOrder(String);

impl FromStr for BundleOrder {
    type Err = UnknownOrder;

    fn from_str(text: &str) -> Result<Self, UnknownOrder> {
        Self::ALL
            .into_iter()
            .find(|order| order.as_str() == text)
            .ok_or_else(|| UnknownOrder(text.chars().take(40).collect()))
    }
}

impl fmt::Display for BundleOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
