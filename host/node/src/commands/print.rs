//! What commands print: a table for a person, JSON for a program.
//!
//! Whoever reads may stop reading before the end, as `head` does: then printing fails with
//! [`OutputClosed`], which ends a command quietly. What peers and guests say is printed without its
//! control characters, which could make a terminal show something else.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{ErrorKind, IsTerminal, Write};

use anyhow::{Context, Result};
use serde_json::Value;

/// Nobody reads standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(crate) struct OutputClosed;

/// Prints a line of our own making.
pub(super) fn line(line: impl Display) -> Result<()> {
    print(&printable(&line.to_string(), Breaks::Escaped))
}

/// Prints a text of several lines as it is; to a terminal without control characters but the ends of
/// lines.
pub(super) fn text(text: &str) -> Result<()> {
    if std::io::stdout().is_terminal() {
        print(&printable(text, Breaks::Kept))
    } else {
        print(text)
    }
}

/// Prints a value as JSON.
pub(super) fn json(value: &Value) -> Result<()> {
    text(&format!("{value:#}"))
}

fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(OutputClosed.into()),
        printed => printed.context("cannot write to standard output"),
    }
}

/// Prints rows under a heading, each column as wide as its widest cell; the last one is not padded.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Result<()> {
    let mut widths = heading.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let row = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        line(padded.join("  ").trim_end())
    };
    row(heading)?;
    rows.iter()
        .try_for_each(|cells| row(std::array::from_fn(|column| cells[column].as_str())))
}

/// A member of a JSON object as a cell: text without control characters, nothing for null.
pub(super) fn cell(value: &Value, member: &str) -> String {
    let cell = match &value[member] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    };
    printable(&cell, Breaks::Escaped).into_owned()
}

/// What becomes of the ends of lines and of tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// They stay.
    Kept,
    /// They are escaped like other control characters.
    Escaped,
}

/// A text with its control characters as escapes, such as `\u{1b}`.
pub(crate) fn printable(text: &str, breaks: Breaks) -> Cow<'_, str> {
    let stays = |c: char| !c.is_control() || (breaks == Breaks::Kept && matches!(c, '\n' | '\t'));
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stays(c) {
            printable.push(c);
        } else {
            // Writing into a String does not fail.
            let _ = write!(printable, "{}", c.escape_default());
        }
    }
    Cow::Owned(printable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cell_cannot_speak_to_the_terminal() {
        let letter = json!({"reason": "\u{1b}[2Jgone\nNAME  fake\u{9b}1m", "id": 7});
        assert_eq!(
            cell(&letter, "reason"),
            r"\u{1b}[2Jgone\nNAME  fake\u{9b}1m"
        );
        assert_eq!(cell(&letter, "id"), "7");
        assert_eq!(cell(&letter, "none"), "");
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(printable("a\n\tb\u{7}", Breaks::Kept), "a\n\tb\\u{7}");
        assert_eq!(printable("ä ö", Breaks::Escaped), "ä ö");
    }
}
