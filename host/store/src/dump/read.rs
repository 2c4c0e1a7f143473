//! Lines to rows, each looked at before it is given out.

use std::borrow::Cow;
use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koi_rid::json::{Document, Kind as Json, Value};
use sha2::{Digest, Sha256};

use super::kinds::Column;
use super::values::Cell;
use super::{FORMAT, KINDS, Kind, MAX_LINE, PART, Rows, VERSION};
use crate::{Result, StoreError};

/// Most bytes of one value.
const MAX_VALUE: usize = 512 * 1024 * 1024;

/// A row as it was read.
pub(crate) struct Entry {
    pub(crate) kind: &'static Kind,
    /// The values in the order of the kind's columns.
    pub(crate) cells: Vec<Cell>,
    /// Where it stands.
    pub(crate) line: u64,
}

/// An export that is being read.
pub(crate) struct Reader<R> {
    input: R,
    /// The longest line that is read.
    longest: usize,
    /// The line that was read last, counted from 1.
    line: u64,
    digest: Sha256,
    rows: Rows,
    /// Which kind the last row was of, and its key.
    last: Option<(usize, Vec<Cell>)>,
    /// The beginning of the bytes of the next row.
    parts: Vec<u8>,
}

/// What is wrong, without the line.
type Checked<T> = Result<T, String>;

impl<R: BufRead> Reader<R> {
    /// Begins to read, with the first line.
    pub(crate) fn new(input: R) -> Result<Self> {
        Self::with_lines_of(input, MAX_LINE)
    }

    fn with_lines_of(input: R, longest: usize) -> Result<Self> {
        let mut reader = Self {
            input,
            longest,
            line: 0,
            digest: Sha256::new(),
            rows: Rows::new(),
            last: None,
            parts: Vec::new(),
        };
        let first = reader.read_line()?;
        reader.digest.update(&first);
        reader.judge(begins(&first))?;
        Ok(reader)
    }

    /// The next row; none after the last one, if all is as it has to be.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            let line = self.read_line()?;
            let taken = self.take(&line);
            match self.judge(taken)? {
                Taken::Row(entry) => {
                    self.digest.update(&line);
                    return Ok(Some(entry));
                }
                Taken::Part => self.digest.update(&line),
                Taken::End => {
                    let after = self.input.fill_buf().map_err(unreadable)?;
                    let is_last = after.is_empty();
                    self.judge(match is_last {
                        true => Ok(()),
                        false => Err("it is the last one, and yet more comes after it".to_owned()),
                    })?;
                    return Ok(None);
                }
            }
        }
    }

    /// How many rows were read by now.
    pub(crate) fn rows(&self) -> Rows {
        self.rows.clone()
    }

    /// A line with its end, which the last one may lack.
    fn read_line(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        let most = self.longest as u64 + 1;
        let read = (&mut self.input).take(most).read_until(b'\n', &mut line);
        read.map_err(unreadable)?;
        if line.is_empty() {
            return Err(invalid(match self.line {
                0 => "the export is empty".to_owned(),
                line => format!(
                    "the export ends after line {line}, and not with its last line: it was cut off; \
                     export again"
                ),
            }));
        }
        self.line += 1;
        if line.len() > self.longest {
            let what = format!("it has more than {} bytes", self.longest);
            return self.judge(Err(what));
        }
        Ok(line)
    }

    /// Says where it is that something is wrong.
    fn judge<T>(&self, checked: Checked<T>) -> Result<T> {
        checked.map_err(|what| invalid(format!("line {} of the export: {what}", self.line)))
    }

    fn take(&mut self, line: &[u8]) -> Checked<Taken> {
        let Some(inner) = line.strip_suffix(b"\n") else {
            // The very last line, or a piece of another.
            let end = document(line).and_then(|text| self.take_text(text));
            return match end {
                Ok(Taken::End) => Ok(Taken::End),
                Ok(_) | Err(_) => Err(
                    "it has no end, or is not as it was: the export was cut off or \
                                       changed; export again"
                        .to_owned(),
                ),
            };
        };
        self.take_text(document(inner)?)
    }

    fn take_text(&mut self, text: &str) -> Checked<Taken> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let mut members = document.root().members();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err("expected an object with one member, the kind of the row".to_owned());
        };
        match &*name {
            "part" => self.take_part(value).map(|()| Taken::Part),
            "end" => self.check_end(value).map(|()| Taken::End),
            name => self.take_row(name, value).map(Taken::Row),
        }
    }

    fn take_part(&mut self, value: Value<'_, '_>) -> Checked<()> {
        let part = bytes(value)?;
        if part.len() > PART || self.parts.len() + part.len() > MAX_VALUE {
            return Err(format!(
                "a value has more than {MAX_VALUE} bytes, or a part more than {PART}"
            ));
        }
        self.parts.extend(part);
        Ok(())
    }

    fn take_row(&mut self, name: &str, value: Value<'_, '_>) -> Checked<Entry> {
        let place = KINDS.iter().position(|kind| kind.name == name);
        let (place, kind) = place
            .and_then(|place| Some((place, KINDS.get(place)?)))
            .ok_or_else(|| format!("{:?} is no kind of row", short(name)))?;
        let mut cells = cells(kind, value)?;
        if !self.parts.is_empty() {
            let parts = std::mem::take(&mut self.parts);
            let whole = cells.iter_mut().find_map(|cell| match cell {
                Cell::Bytes(bytes) => Some(bytes),
                _ => None,
            });
            let whole = whole.ok_or("parts of bytes are before it, and it has none")?;
            let end = std::mem::replace(whole, parts);
            whole.extend(end);
        }
        if let Some(check) = kind.check {
            check(&cells).map_err(|what| format!("{name}: {what}"))?;
        }
        let key = cells.get(..kind.key).unwrap_or_default().to_vec();
        if self
            .last
            .as_ref()
            .is_some_and(|(last, last_key)| place < *last || (place == *last && key <= *last_key))
        {
            return Err(format!(
                "{name}: rows have to be in the order of their kinds and keys, each of them once"
            ));
        }
        self.last = Some((place, key));
        match self.rows.last_mut() {
            Some((last, rows)) if *last == kind.name => *rows += 1,
            _ => self.rows.push((kind.name, 1)),
        }
        Ok(Entry {
            kind,
            cells,
            line: self.line,
        })
    }

    /// Whether all is there, and as it was written.
    fn check_end(&self, value: Value<'_, '_>) -> Checked<()> {
        let counted = value.get("rows").map(|rows| {
            let rows = rows.members();
            rows.map(|(kind, rows)| (kind, rows.text().to_owned()))
                .collect::<Vec<_>>()
        });
        let found = self.rows.iter();
        let found: Vec<(Cow<'_, str>, String)> = found
            .map(|(kind, rows)| (Cow::Borrowed(*kind), rows.to_string()))
            .collect();
        if counted.as_ref() != Some(&found) || !self.parts.is_empty() {
            return Err(
                "there are not as many rows before it as it counts: some were lost; export \
                        again"
                    .to_owned(),
            );
        }
        let digest = hex::encode(self.digest.clone().finalize());
        let named = value.get("sha256").and_then(Value::as_str);
        if named.as_deref() != Some(&digest) {
            return Err(format!(
                "the lines before it are not as they were written: their SHA-256 is {digest}; export \
                 again"
            ));
        }
        Ok(())
    }
}

enum Taken {
    Row(Entry),
    Part,
    End,
}

/// Looks at the first line.
fn begins(line: &[u8]) -> Checked<()> {
    let not_ours = || "it is not the first line of an export of koi-mcp".to_owned();
    let text = document(line)?;
    let document = Document::parse(text).map_err(|_| not_ours())?;
    let root = document.root();
    let format = root.get("format").and_then(Value::as_str);
    if format.as_deref() != Some(FORMAT) {
        return Err(not_ours());
    }
    let version = root.get("version").map(Value::text);
    if version.and_then(|version| version.parse().ok()) != Some(VERSION) {
        return Err(format!(
            "the export has version {} of the format, and this koi-mcp reads version {VERSION}: import \
             it with the koi-mcp that wrote it, or a newer one",
            short(version.unwrap_or("?"))
        ));
    }
    Ok(())
}

fn document(line: &[u8]) -> Checked<&str> {
    str::from_utf8(line).map_err(|_| "it is no UTF-8 text".to_owned())
}

/// The values of a row in the order of its columns.
fn cells(kind: &Kind, row: Value<'_, '_>) -> Checked<Vec<Cell>> {
    if row.kind() != Json::Object {
        return Err(format!("{}: expected an object", kind.name));
    }
    let mut cells = vec![Cell::Null; kind.columns.len()];
    for (name, value) in row.members() {
        let mut columns = kind.columns.iter().zip(&mut cells);
        let (column, cell) = columns
            .find(|(column, _)| column.name == name)
            .ok_or_else(|| format!("{}: there is no column {:?}", kind.name, short(&name)))?;
        *cell = value_of(column, value)
            .map_err(|what| format!("{}.{}: {what}", kind.name, column.name))?;
    }
    for (column, cell) in kind.columns.iter().zip(&cells) {
        if *cell == Cell::Null && !column.is_optional {
            return Err(format!("{}: there is no {}", kind.name, column.name));
        }
    }
    Ok(cells)
}

fn value_of(column: &Column, value: Value<'_, '_>) -> Checked<Cell> {
    if column.holds.is_number() {
        let number = (value.kind() == Json::Integer).then(|| value.text().parse().ok());
        let number = number.flatten().ok_or("expected a number of 64 bits")?;
        column.holds.check_number(number)?;
        return Ok(Cell::Number(number));
    }
    if column.holds.is_bytes() {
        return bytes(value).map(Cell::Bytes);
    }
    let text = value.as_str().ok_or("expected a text")?;
    column.holds.check_text(&text)?;
    Ok(Cell::Text(text.into_owned()))
}

fn bytes(value: Value<'_, '_>) -> Checked<Vec<u8>> {
    let text = value.as_str().ok_or("expected bytes in base64")?;
    STANDARD
        .decode(&*text)
        .map_err(|error| format!("expected bytes in base64: {error}"))
}

/// As much of a name as is told.
fn short(name: &str) -> String {
    name.chars().take(40).collect()
}

fn invalid(what: String) -> StoreError {
    StoreError::Invalid { what }
}

fn unreadable(error: std::io::Error) -> StoreError {
    StoreError::Io {
        what: "reading the export".to_owned(),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_read_no_further_than_lines_go() {
        struct Endless(u64);
        impl std::io::Read for Endless {
            fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
                to.fill(b' ');
                self.0 += to.len() as u64;
                assert!(self.0 < 100_000, "it goes on reading");
                Ok(to.len())
            }
        }
        let first = format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION}}}\n");
        let input = std::io::Read::chain(first.as_bytes(), Endless(0));
        let input = std::io::BufReader::new(input);
        let mut reader = Reader::with_lines_of(input, 1000).unwrap();
        let told = reader.next().err().unwrap().to_string();
        assert_eq!(told, "line 2 of the export: it has more than 1000 bytes");
    }
}
