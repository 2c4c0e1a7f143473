//! Patterns over RIDs: a RID type, and for a part of it a glob on the reference.

use std::fmt;
use std::str::FromStr;

use koi_rid::{Rid, RidError, RidType};
use serde::{Deserialize, Deserializer, de};

/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// Most `*` in a pattern.
const MAX_STARS: usize = 8;

/// Covers every RID of a type, or those whose reference fits a glob. The only special character is
/// `*`, which stands for any text, also none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    rid_type: RidType,
    reference: Option<String>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("the pattern `{0}`… is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong(String),
    /// Too many `*`.
    #[error("the pattern `{0}` has more than {MAX_STARS} `*`")]
    TooManyStars(String),
    /// A `*` in the RID type.
    #[error("the pattern `{0}` has a `*` in its RID type: name the type in full")]
    StarInType(String),
    /// A `:` with nothing after it.
    #[error("the pattern `{0}` ends after its `:`: leave the `:` out to cover the whole type")]
    EmptyReference(String),
    /// No RID type.
    #[error(transparent)]
    RidType(#[from] RidError),
}

impl Pattern {
    /// Covers the whole type.
    pub fn whole(rid_type: RidType) -> Self {
        Self {
            rid_type,
            reference: None,
        }
    }

    /// Covers one RID and, where that has a `*` in it, others like it. The whole type, if the RID is
    /// longer than a pattern may be.
    pub(crate) fn exact(rid: &Rid) -> Self {
        rid.as_str()
            .parse()
            .unwrap_or_else(|_| Self::whole(rid.rid_type()))
    }

    /// The glob on the reference; none if it covers the whole type.
    pub(crate) fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The type whose RIDs it covers.
    pub fn rid_type(&self) -> &RidType {
        &self.rid_type
    }

    /// How long its text is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.rid_type.as_str().len() + self.reference.as_ref().map_or(0, |glob| 1 + glob.len())
    }

    /// Whether it covers the RID.
    pub fn covers(&self, rid: &Rid) -> bool {
        rid.type_str() == self.rid_type.as_str()
            && self
                .reference
                .as_deref()
                .is_none_or(|glob| fits(glob, rid.reference()))
    }

    /// Whether it covers all that `other` covers. A glob is taken to include another if it fits
    /// the other's text: then it fits whatever the other's `*` stand for, too.
    pub fn includes(&self, other: &Self) -> bool {
        self.rid_type == other.rid_type
            && match (&self.reference, &other.reference) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(other)) => fits(own, other),
            }
    }
}

/// Takes each text between two `*` where it comes first, so that the time grows with glob and text
/// together and not with their product.
fn fits(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text
        .strip_prefix(first)
        .and_then(|text| text.strip_suffix(last))
    else {
        return false;
    };
    between.split('*').all(|piece| {
        let found = text.find(piece);
        text = found.map_or(text, |at| &text[at + piece.len()..]);
        found.is_some()
    })
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let shortened = || text.chars().take(120).collect::<String>();
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong(shortened()));
        }
        if text.bytes().filter(|byte| *byte == b'*').count() > MAX_STARS {
            return Err(PatternError::TooManyStars(shortened()));
        }
        // `orn` and `urn` have a namespace before the reference, all other schemes have none.
        let colons = if text.starts_with("orn:") || text.starts_with("urn:") {
            1
        } else {
            0
        };
        let (rid_type, reference) = match text.match_indices(':').nth(colons) {
            None => (text, None),
            Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
        };
        if rid_type.contains('*') {
            return Err(PatternError::StarInType(shortened()));
        }
        if reference == Some("") {
            return Err(PatternError::EmptyReference(shortened()));
        }
        let rid_type = RidType::parse(rid_type)?;
        Ok(Self {
            rid_type,
            reference: reference.map(str::to_owned),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            None => write!(f, "{}", self.rid_type),
            Some(reference) => write!(f, "{}:{reference}", self.rid_type),
        }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
