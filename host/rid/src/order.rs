//! The orders in which bundles are listed. An unknown name is refused with those that there are.

use std::fmt;
use std::str::FromStr;

use crate::Pointer;

/// The order of a list of bundles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// By what the contents have at a path that is declared for the type, of one type only; those
    /// that have nothing there are left out. `null` comes before `false`, `true`, numbers, texts,
    /// arrays and objects. What is equal comes by RID, and equal are numbers of the same double,
    /// texts with the same first [`crate::KEY_TEXT_BYTES`], arrays and objects.
    Path(Pointer),
    /// The other way round.
    PathDescending(Pointer),
}

impl BundleOrder {
    /// Whether it goes by time.
    pub fn is_timed(&self) -> bool {
        matches!(self, Self::Timestamp | Self::TimestampDescending)
    }

    /// The path that it goes by, if it does.
    pub fn path(&self) -> Option<&Pointer> {
        match self {
            Self::Path(path) | Self::PathDescending(path) => Some(path),
            _ => None,
        }
    }

    /// Whether it goes down.
    pub fn is_descending(&self) -> bool {
        matches!(
            self,
            Self::RidDescending | Self::TimestampDescending | Self::PathDescending(_)
        )
    }
}

/// Why a text names no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no order: there are `rid`, `timestamp` and paths such as `/owner/name`, each downwards \
     with `-` before it"
)]
pub struct UnknownOrder(String);

/// `rid`, `timestamp` or a path, each downwards with `-` before it.
impl FromStr for BundleOrder {
    type Err = UnknownOrder;

    fn from_str(text: &str) -> Result<Self, UnknownOrder> {
        let unknown = || UnknownOrder(text.chars().take(40).collect());
        let path = |text: &str| text.parse::<Pointer>().map_err(|_| unknown());
        Ok(match text {
            "rid" => Self::Rid,
            "-rid" => Self::RidDescending,
            "timestamp" => Self::Timestamp,
            "-timestamp" => Self::TimestampDescending,
            other => match other.strip_prefix('-') {
                Some(rest) => Self::PathDescending(path(rest)?),
                None => Self::Path(path(other)?),
            },
        })
    }
}

impl fmt::Display for BundleOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rid => f.write_str("rid"),
            Self::RidDescending => f.write_str("-rid"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::TimestampDescending => f.write_str("-timestamp"),
            Self::Path(path) => write!(f, "{path}"),
            Self::PathDescending(path) => write!(f, "-{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_is_printed() {
        for text in ["rid", "-rid", "timestamp", "-timestamp", "/a/b", "-/a/b"] {
            assert_eq!(text.parse::<BundleOrder>().unwrap().to_string(), text);
        }
        for text in ["", "-", "time", "a/b", "--rid", "/~"] {
            let error = text.parse::<BundleOrder>().unwrap_err().to_string();
            assert!(error.contains("`-`"), "{error}");
        }
    }
}
