//! Why a text was refused as JSON.

/// A refusal, with the byte offset where reading stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON.
    #[error("invalid JSON at byte {at}: expected {expected}")]
    Syntax {
        /// Byte offset.
        at: usize,
        /// What would have been right there.
        expected: &'static str,
    },
    /// The same member name twice in one object.
    #[error("duplicate member name {name:?} in the object at byte {at}")]
    Duplicate {
        /// Byte offset of the object.
        at: usize,
        /// The name, shortened.
        name: String,
    },
    /// Half of a surrogate pair, which no UTF-8 text can hold.
    #[error("lone surrogate in the string at byte {at}")]
    LoneSurrogate {
        /// Byte offset of the escape.
        at: usize,
    },
    /// A number that does not fit a double, or an integer of too many digits.
    #[error("number out of range at byte {at}")]
    NumberRange {
        /// Byte offset of the number.
        at: usize,
    },
    /// Nested more deeply than is read.
    #[error("nested deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// Byte offset.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// Longer than is read.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// More values than are read.
    #[error("more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
}
