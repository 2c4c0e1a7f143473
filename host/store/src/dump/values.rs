//! What is in a column.

use std::fmt::Display;

use koi_rid::{Contents, EventType, Extras, Rid, Timestamp};

use crate::rows::LISTED;

/// A value on its way out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CellRef<'r> {
    Null,
    Text(&'r str),
    Number(i64),
    Bytes(&'r [u8]),
}

/// A value on its way in. The order is that of the rows: of texts, that of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Any text.
    Text,
    /// A RID in its canonical spelling.
    Rid,
    /// A point in time as manifests have it.
    Timestamp,
    /// A JSON object.
    Contents,
    /// The members of a manifest beyond the three.
    Extras,
    /// NEW, UPDATE or FORGET.
    EventType,
    /// The same, or what is no event.
    Arrival,
    /// A number from 1 on, that grows from row to row.
    Id,
    /// A number from 0 on.
    Number,
    /// A number of 32 bits from 0 on.
    Count,
    /// Microseconds since 1970.
    Micros,
    /// Any bytes.
    Bytes,
}

impl Holds {
    /// Whether the file has it as a JSON number.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Id | Self::Number | Self::Count | Self::Micros)
    }

    /// Whether the file has it as base64.
    pub(crate) fn is_bytes(self) -> bool {
        self == Self::Bytes
    }

    /// Looks at a text; else what is wrong with it.
    pub(crate) fn check_text(self, text: &str) -> Result<(), String> {
        match self {
            Self::Rid => same(Rid::parse(text), text, Rid::as_str),
            Self::Timestamp => same(Timestamp::parse(text), text, Timestamp::as_str),
            Self::Contents => same(Contents::parse(text), text, Contents::as_str),
            Self::Extras => Extras::parse(text).map(drop).map_err(told),
            Self::EventType => text.parse::<EventType>().map(drop).map_err(told),
            Self::Arrival if text == LISTED => Ok(()),
            Self::Arrival => Self::EventType.check_text(text),
            _ => Ok(()),
        }
    }

    /// Looks at a number; else what would have been right.
    pub(crate) fn check_number(self, number: i64) -> Result<(), String> {
        let expected = match self {
            Self::Id if number < 1 => "a number from 1 on",
            Self::Number if number < 0 => "a number from 0 on",
            Self::Count if u32::try_from(number).is_err() => "a number of 32 bits from 0 on",
            _ => return Ok(()),
        };
        Err(format!("it is {number}, and not {expected}"))
    }
}

/// A value that is spelt as it is printed, which is how it is looked for.
fn same<T, E: Display>(
    value: Result<T, E>,
    text: &str,
    print: impl Fn(&T) -> &str,
) -> Result<(), String> {
    let value = value.map_err(told)?;
    if print(&value) != text {
        return Err("it is not in its canonical spelling".to_owned());
    }
    Ok(())
}

fn told(error: impl Display) -> String {
    error.to_string()
}
