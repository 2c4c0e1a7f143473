//! Host capabilities that are granted as a whole.

use std::str::FromStr;

use super::{GrantError, shortened};

/// A host capability that is not a right to knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Buckets of keys and values of the extension's own.
    KeyValue,
    /// Its settings.
    Config,
    /// The node's RID and its neighbours.
    Network,
    /// Questions to whoever caused the call: forms, the client's model, its folders.
    Ask,
    /// Its jobs, at the times that its description names.
    Schedule,
}

impl Capability {
    /// All capabilities, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::KeyValue,
        Self::Config,
        Self::Network,
        Self::Ask,
        Self::Schedule,
    ];

    /// `keyvalue`, `config`, `network`, `ask` or `schedule`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyValue => "keyvalue",
            Self::Config => "config",
            Self::Network => "network",
            Self::Ask => "ask",
            Self::Schedule => "schedule",
        }
    }
}

impl FromStr for Capability {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::ALL
            .into_iter()
            .find(|capability| capability.as_str() == text)
            .ok_or_else(|| GrantError::Capability(shortened(text)))
    }
}
