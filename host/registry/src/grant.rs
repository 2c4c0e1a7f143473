//! Grants: what an operator allows an extension, and what an extension asks for; the same words for
//! both, one module for each word.
//!
//! | grant | allows |
//! |---|---|
//! | `read=orn:data.dataset:sales/*`, `publish=`, `forget=`, `handle=` | a right to the RIDs of a type, or to those whose reference fits |
//! | `capability=keyvalue` | a host capability |
//! | `http=GET,POST:https://api.example.com` | HTTP requests to a host |
//! | `files=read:/data=/srv/data`, `files=write:…` | a folder, seen by the guest under a path of its own |
//! | `environment=LANG` | an environment variable of the node |
//! | `secret=API_KEY@api.example.com` | a secret in requests to a host |
//! | `mode=pooled`, `mode=singleton` | a mode of execution other than fresh |
//! | `limit=cpu:5000` | another ceiling than the node's |
//!
//! What is in force is what was asked for *and* granted ([`Access`]). Nothing granted is nothing
//! allowed. Parsing and printing are inverse to each other; both are bounded.

mod access;
mod advice;
mod attempts;
mod capability;
mod environment;
mod execution;
mod files;
mod host;
mod http;
mod pattern;
mod right;
mod secret;
mod set;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use koi_rid::{Rid, RidType};
use koi_runtime::Mode;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use access::Access;
pub use advice::granting;
pub(crate) use attempts::Attempts;
pub use attempts::Learned;
pub use capability::Capability;
pub use environment::Variable;
pub use execution::{Execution, LimitName};
pub use files::Folder;
pub use host::HostPattern;
pub(crate) use host::{address, is_public};
pub(crate) use http::smallest;
pub use http::{HttpRule, PortRule, Scheme};
pub use pattern::{Pattern, PatternError};
pub use right::Right;
pub use secret::SecretUse;
pub use set::Grants;

/// Most grants that one extension may have. Each is looked at in each check.
pub const MAX_GRANTS: usize = 256;

/// One thing that is allowed, or asked for. Ordered as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// A right to the knowledge that a pattern covers.
    Knowledge(Right, Pattern),
    /// A host capability.
    Capability(Capability),
    /// HTTP requests of a kind to a host.
    Http(HttpRule),
    /// A folder.
    Files(Folder),
    /// An environment variable.
    Environment(Variable),
    /// A secret, towards a host.
    Secret(SecretUse),
    /// A mode of execution other than fresh.
    Mode(Mode),
    /// A ceiling in place of the node's default, higher or lower, in the unit of the limit.
    Limit(LimitName, u64),
}

/// Why a text is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not of the form `word=what`.
    #[error(
        "`{0}` is no grant: write `read=`, `publish=`, `forget=` or `handle=` and a RID type, as in \
         `read=orn:data.dataset` or `read=orn:data.dataset:sales/*`, or `capability=keyvalue`, \
         `http=GET:https://example.com`, `files=read:/data=/srv/data`, `environment=LANG`, \
         `secret=API_KEY@api.example.com`, `mode=pooled`, `limit=cpu:5000`"
    )]
    Form(String),
    /// An unknown capability.
    #[error("`{0}` is no capability: there are `keyvalue`, `config` and `network`")]
    Capability(String),
    /// A pattern that covers nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What stands after the word makes no sense there.
    #[error("`{word}={text}` is no grant: {reason}")]
    What {
        /// The word before the `=`.
        word: &'static str,
        /// What stands after it, shortened.
        text: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// Two folders in the same place.
    #[error(
        "the guest's path `{0}` stands in two grants: it can show only one folder, so revoke one of \
         the two first"
    )]
    SameFolder(String),
    /// More than [`MAX_GRANTS`].
    #[error("there are {0} grants; an extension has at most {MAX_GRANTS}")]
    TooMany(usize),
    /// Together too long.
    #[error("the RID patterns have {0} bytes together; those of an extension have at most 32768")]
    TooLong(usize),
}

impl Grant {
    /// Whether it allows `right` on `rid`.
    pub fn covers(&self, right: Right, rid: &Rid) -> bool {
        matches!(self, Self::Knowledge(own, pattern) if *own == right && pattern.covers(rid))
    }

    /// Whether it allows `right` on some RIDs of the type.
    pub fn touches(&self, right: Right, rid_type: &RidType) -> bool {
        matches!(self, Self::Knowledge(own, pattern)
            if *own == right && pattern.rid_type() == rid_type)
    }

    /// Whether it allows all that `other` does. May say no where two globs overlap in a way that
    /// is hard to see, never yes where it is not so.
    pub fn includes(&self, other: &Self) -> bool {
        // What an extension asks for may leave open what a grant says; it asks for itself all the same.
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::Knowledge(right, pattern), Self::Knowledge(other_right, other)) => {
                right == other_right && pattern.includes(other)
            }
            (Self::Http(rule), Self::Http(other)) => rule.includes(other),
            (Self::Files(folder), Self::Files(other)) => folder.includes(other),
            (Self::Secret(secret), Self::Secret(other)) => secret.includes(other),
            (Self::Environment(given), Self::Environment(asked)) => asked.asks_for(given),
            (Self::Limit(name, value), Self::Limit(other_name, other)) => {
                name == other_name && value >= other
            }
            _ => false,
        }
    }

    /// Whether it can be granted as it stands. What an extension asks for may leave to the operator
    /// which folder it is that the guest sees, which variables, and where a secret may go.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Files(folder) => folder.host.is_some(),
            Self::Secret(secret) => secret.host.is_some(),
            Self::Environment(variable) => variable.is_one(),
            _ => true,
        }
    }

    /// The part of this grant that is in force for what was asked.
    fn shared(&self, ask: &Self) -> Option<Self> {
        if ask.includes(self) {
            return Some(self.clone());
        }
        if !self.includes(ask) {
            return None;
        }
        Some(match self {
            Self::Files(folder) => Self::Files(Folder {
                write: matches!(ask, Self::Files(asked) if asked.write),
                ..folder.clone()
            }),
            Self::Secret(_) | Self::Environment(_) => self.clone(),
            _ => ask.clone(),
        })
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let form = || GrantError::Form(shortened(text));
        let (word, rest) = text.split_once('=').ok_or_else(form)?;
        match word {
            "capability" => Capability::from_str(rest).map(Self::Capability),
            http::WORD => read(http::WORD, rest).map(Self::Http),
            files::WORD => read(files::WORD, rest).map(Self::Files),
            environment::WORD => read(environment::WORD, rest).map(Self::Environment),
            secret::WORD => read(secret::WORD, rest).map(Self::Secret),
            execution::MODE => {
                let mode = execution::parse_mode(rest);
                what(execution::MODE, rest, mode).map(Self::Mode)
            }
            execution::LIMIT => {
                let limit = execution::parse_limit(rest);
                what(execution::LIMIT, rest, limit).map(|(name, value)| Self::Limit(name, value))
            }
            _ => {
                let right = Right::ALL
                    .into_iter()
                    .find(|right| right.as_str() == word)
                    .ok_or_else(form)?;
                Ok(Self::Knowledge(right, rest.parse()?))
            }
        }
    }
}

/// Reads what stands after a word whose module tells its errors as one clause.
fn read<T: FromStr<Err = String>>(word: &'static str, rest: &str) -> Result<T, GrantError> {
    what(word, rest, rest.parse())
}

fn what<T>(word: &'static str, rest: &str, read: Result<T, String>) -> Result<T, GrantError> {
    read.map_err(|reason| GrantError::What {
        word,
        text: shortened(rest),
        reason,
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Knowledge(right, pattern) => write!(f, "{}={pattern}", right.as_str()),
            Self::Capability(capability) => write!(f, "capability={}", capability.as_str()),
            Self::Http(rule) => write!(f, "{}={rule}", http::WORD),
            Self::Files(folder) => write!(f, "{}={folder}", files::WORD),
            Self::Environment(variable) => write!(f, "{}={variable}", environment::WORD),
            Self::Secret(secret) => write!(f, "{}={secret}", secret::WORD),
            Self::Mode(mode) => write!(f, "{}={}", execution::MODE, mode.as_str()),
            Self::Limit(name, value) => write!(f, "{}={}:{value}", execution::LIMIT, name.as_str()),
        }
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
