//! RIDs and RID types: `type ":" reference`, the type a scheme or, for `orn` and `urn`, a scheme
//! and a namespace. Neither case nor percent-encoding is touched.
//!
//! A [`Rid`] is always in the canonical form that peers re-print and sign. Spellings of the 28
//! built-in types that have another canonical form are changed to it on parsing; the few odd URLs
//! whose canonical form would change again when it is parsed are refused.

mod builtin;
mod url;

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest RID or RID type, in bytes.
pub const MAX_RID_BYTES: usize = 4096;

/// Longest RID, in bytes, that a Python peer survives: it names a file after it.
pub const MAX_PYTHON_RID_BYTES: usize = 187;

/// Why a string is no RID or RID type. The text named in the message is shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RidError {
    /// A RID without type and reference, or a type without a namespace that needs one.
    #[error("{rid:?} lacks {part}")]
    Missing {
        /// The input.
        rid: String,
        /// The part that is absent or empty.
        part: &'static str,
    },
    /// A RID type with more parts than its scheme has.
    #[error("{rid_type:?} is no RID type: it has a ':' too many")]
    ExtraPart {
        /// The input.
        rid_type: String,
    },
    /// A reference that its built-in type does not allow.
    #[error("{rid:?} is no {rid_type} RID: the reference has to be {expected}")]
    Reference {
        /// The input.
        rid: String,
        /// The built-in type.
        rid_type: String,
        /// What the reference has to look like.
        expected: &'static str,
    },
    /// Longer than [`MAX_RID_BYTES`].
    #[error("{rid:?}… is longer than {MAX_RID_BYTES} bytes")]
    TooLong {
        /// The beginning of the input.
        rid: String,
    },
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

fn missing(rid: &str, part: &'static str) -> RidError {
    RidError::Missing {
        rid: shortened(rid),
        part,
    }
}

fn has_namespace(scheme: &str) -> bool {
    matches!(scheme, "orn" | "urn")
}

fn check_length(text: &str) -> Result<(), RidError> {
    if text.len() > MAX_RID_BYTES {
        return Err(RidError::TooLong {
            rid: shortened(text),
        });
    }
    Ok(())
}

/// A kind of RID: `orn:koi-net.node`, `https`, `urn:isbn`. Ordered as text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RidType(Arc<str>);

impl RidType {
    /// Parses a type string, which has no reference.
    pub fn parse(text: &str) -> Result<RidType, RidError> {
        check_length(text)?;
        match text.split_once(':') {
            None if has_namespace(text) => return Err(missing(text, "a namespace")),
            None if text.is_empty() => return Err(missing(text, "a scheme")),
            None => {}
            Some((scheme, namespace)) => {
                if !has_namespace(scheme) || namespace.contains(':') {
                    return Err(RidError::ExtraPart {
                        rid_type: shortened(text),
                    });
                }
                if namespace.is_empty() {
                    return Err(missing(text, "a namespace"));
                }
            }
        }
        Ok(RidType(text.into()))
    }

    /// The type string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A reference identifier in canonical form. Clones share the text. Ordered as text.
#[derive(Clone)]
pub struct Rid {
    text: Arc<str>,
    /// Where the `:` between type and reference is.
    type_end: u32,
}

impl Rid {
    /// Parses a RID and brings it to its canonical form.
    pub fn parse(text: &str) -> Result<Rid, RidError> {
        let canonical = canonical(text)?;
        let (rid_type, _) = split(&canonical)?;
        Ok(Rid {
            // At most MAX_RID_BYTES: the cast keeps the value.
            type_end: rid_type.len() as u32,
            text: canonical.into(),
        })
    }

    /// The RID of an edge, from the SHA-256 digest that tells which.
    pub fn edge(digest: [u8; 32]) -> Rid {
        const TYPE: &str = "orn:koi-net.edge";
        Rid {
            text: format!("{TYPE}:{}", hex::encode(digest)).into(),
            type_end: TYPE.len() as u32,
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type.
    pub fn rid_type(&self) -> RidType {
        RidType(self.type_str().into())
    }

    /// The type string, without making a [`RidType`].
    pub fn type_str(&self) -> &str {
        &self.text[..self.type_end as usize]
    }

    /// What follows the type and its `:`.
    pub fn reference(&self) -> &str {
        &self.text[self.type_end as usize + 1..]
    }
}

/// Splits into type and reference, both non-empty.
fn split(text: &str) -> Result<(&str, &str), RidError> {
    let (scheme, rest) = text
        .split_once(':')
        .ok_or_else(|| missing(text, "a ':' between type and reference"))?;
    if scheme.is_empty() {
        return Err(missing(text, "a scheme"));
    }
    let (rid_type, reference) = if has_namespace(scheme) {
        let (namespace, reference) = rest
            .split_once(':')
            .ok_or_else(|| missing(text, "a reference"))?;
        if namespace.is_empty() {
            return Err(missing(text, "a namespace"));
        }
        (&text[..scheme.len() + 1 + namespace.len()], reference)
    } else {
        (scheme, rest)
    };
    if reference.is_empty() {
        return Err(missing(text, "a reference"));
    }
    Ok((rid_type, reference))
}

fn canonical(text: &str) -> Result<Cow<'_, str>, RidError> {
    check_length(text)?;
    let (rid_type, reference) = split(text)?;
    match builtin::canonical_reference(rid_type, reference) {
        Ok(Cow::Borrowed(same)) if same.len() == reference.len() => Ok(Cow::Borrowed(text)),
        Ok(other) => Ok(Cow::Owned(format!("{rid_type}:{other}"))),
        Err(builtin::Refusal::Inner(error)) => Err(error),
        Err(builtin::Refusal::Expected(expected)) => Err(RidError::Reference {
            rid: shortened(text),
            rid_type: rid_type.to_owned(),
            expected,
        }),
    }
}

impl PartialEq for Rid {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Rid {}

impl PartialOrd for Rid {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rid {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl std::hash::Hash for Rid {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

macro_rules! as_text {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = RidError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    };
}

as_text!(Rid);
as_text!(RidType);
