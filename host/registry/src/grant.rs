//! Grants: what an operator allows an extension, and what an extension asks for; the same words for
//! both. `read=orn:data.dataset` covers every RID of the type, `read=orn:data.dataset:sales/*` those
//! whose reference fits, `capability=keyvalue` a host capability.
//!
//! What is in force is what was asked for *and* granted ([`Access`]). Nothing granted is nothing
//! allowed. Parsing and printing are inverse to each other; both are bounded.

mod access;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use koi_rid::{Rid, RidType};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use access::Access;
pub use pattern::{Pattern, PatternError};

/// Most grants that one extension may have.
pub const MAX_GRANTS: usize = 1024;

/// What may be done to knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Read stored bundles and dereference others.
    Read,
    /// Put contents under RIDs.
    Publish,
    /// Have bundles forgotten.
    Forget,
    /// See, change and stop objects in the pipeline.
    Handle,
}

impl Right {
    /// All rights, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Read, Self::Publish, Self::Forget, Self::Handle];

    /// `read`, `publish`, `forget` or `handle`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Forget => "forget",
            Self::Handle => "handle",
        }
    }
}

/// A host capability that is not a right to knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Buckets of keys and values of the extension's own.
    KeyValue,
    /// Its settings.
    Config,
    /// The node's RID and its neighbours.
    Network,
}

impl Capability {
    /// All capabilities, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::KeyValue, Self::Config, Self::Network];

    /// `keyvalue`, `config` or `network`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyValue => "keyvalue",
            Self::Config => "config",
            Self::Network => "network",
        }
    }
}

/// One thing that is allowed, or asked for. Ordered as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// A right to the knowledge that a pattern covers.
    Knowledge(Right, Pattern),
    /// A host capability.
    Capability(Capability),
}

/// Why a text is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not of the form `right=pattern`.
    #[error(
        "`{0}` is no grant: write `read=`, `publish=`, `forget=` or `handle=` and a RID type, as in \
         `read=orn:data.dataset` or `read=orn:data.dataset:sales/*`, or `capability=keyvalue`"
    )]
    Form(String),
    /// An unknown capability.
    #[error("`{0}` is no capability: there are `keyvalue`, `config` and `network`")]
    Capability(String),
    /// A pattern that covers nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// More than [`MAX_GRANTS`].
    #[error("there are {0} grants; an extension has at most {MAX_GRANTS}")]
    TooMany(usize),
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
        match (self, other) {
            (Self::Knowledge(right, pattern), Self::Knowledge(other_right, other)) => {
                right == other_right && pattern.includes(other)
            }
            _ => self == other,
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let form = || GrantError::Form(text.chars().take(120).collect());
        let (word, rest) = text.split_once('=').ok_or_else(form)?;
        if word == "capability" {
            return Capability::from_str(rest).map(Self::Capability);
        }
        let right = Right::ALL
            .into_iter()
            .find(|right| right.as_str() == word)
            .ok_or_else(form)?;
        Ok(Self::Knowledge(right, rest.parse()?))
    }
}

impl FromStr for Capability {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::ALL
            .into_iter()
            .find(|capability| capability.as_str() == text)
            .ok_or_else(|| GrantError::Capability(text.chars().take(120).collect()))
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Knowledge(right, pattern) => write!(f, "{}={pattern}", right.as_str()),
            Self::Capability(capability) => write!(f, "capability={}", capability.as_str()),
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

/// A set of grants, without repetitions and in the order in which they are shown. As JSON an array
/// of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Grants(BTreeSet<Grant>);

impl Grants {
    /// # Errors
    /// If there are more than [`MAX_GRANTS`].
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, GrantError> {
        let set: BTreeSet<Grant> = grants.into_iter().collect();
        if set.len() > MAX_GRANTS {
            return Err(GrantError::TooMany(set.len()));
        }
        Ok(Self(set))
    }

    /// The grants in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Whether one of them allows `right` on `rid`.
    pub fn cover(&self, right: Right, rid: &Rid) -> bool {
        self.0.iter().any(|grant| grant.covers(right, rid))
    }

    /// Whether one of them allows `right` on some RIDs of the type.
    pub fn touch(&self, right: Right, rid_type: &RidType) -> bool {
        self.0.iter().any(|grant| grant.touches(right, rid_type))
    }

    /// Whether the capability is among them.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&Grant::Capability(capability))
    }

    /// Whether one of them allows all that `grant` does.
    pub fn include(&self, grant: &Grant) -> bool {
        self.0.iter().any(|own| own.includes(grant))
    }
}

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<Grant>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
