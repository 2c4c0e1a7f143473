//! Rows to lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use koi_rid::json::write_string;
use sha2::{Digest, Sha256};

use super::values::CellRef;
use super::{FORMAT, Kind, MAX_LINE, PART, Rows, VERSION};
use crate::{Result, StoreError};

/// How much is gathered before it is sent.
const PIECE: usize = 64 * 1024;

/// An export that is being written.
pub(crate) struct Writer {
    text: String,
    digest: Sha256,
    rows: Rows,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            text: format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION}}}\n"),
            digest: Sha256::new(),
            rows: Rows::new(),
        }
    }

    /// Writes a row, whose values `cell` gives by their place among the kind's columns.
    pub(crate) fn row<'r>(
        &mut self,
        kind: &Kind,
        cell: impl Fn(usize) -> Result<CellRef<'r>>,
    ) -> Result<()> {
        let mut line = String::new();
        let mut opened = '{';
        for (place, column) in kind.columns.iter().enumerate() {
            let cell = cell(place)?;
            if cell == CellRef::Null {
                continue;
            }
            line.push(opened);
            opened = ',';
            write_string(column.name, &mut line);
            line.push(':');
            match cell {
                CellRef::Null => {}
                CellRef::Text(text) => write_string(text, &mut line),
                CellRef::Number(number) => line.push_str(&number.to_string()),
                CellRef::Bytes(bytes) => {
                    let last = self.parts(bytes);
                    base64(last, &mut line);
                }
            }
        }
        let before = self.text.len();
        self.text.push('{');
        write_string(kind.name, &mut self.text);
        self.text.push(':');
        self.text.push_str(&line);
        self.text.push_str("}}\n");
        if self.text.len() - before > MAX_LINE {
            return Err(StoreError::Invalid {
                what: format!(
                    "a row of {} is too large to be exported, with more than {MAX_LINE} bytes in one \
                     line: make it smaller",
                    kind.name
                ),
            });
        }
        match self.rows.last_mut() {
            Some((last, rows)) if *last == kind.name => *rows += 1,
            _ => self.rows.push((kind.name, 1)),
        }
        Ok(())
    }

    /// Writes bytes but for what goes into the row's line.
    fn parts<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        while let Some((part, rest)) = bytes.split_at_checked(PART)
            && !rest.is_empty()
        {
            self.text.push_str("{\"part\":");
            base64(part, &mut self.text);
            self.text.push_str("}\n");
            bytes = rest;
        }
        bytes
    }

    /// What was gathered, if it is worth sending.
    pub(crate) fn piece(&mut self) -> Option<Bytes> {
        (self.text.len() >= PIECE).then(|| self.take())
    }

    fn take(&mut self) -> Bytes {
        let piece = Bytes::from(std::mem::take(&mut self.text));
        self.digest.update(&piece);
        piece
    }

    /// What is left, with the last line.
    pub(crate) fn end(mut self) -> [Bytes; 2] {
        let piece = self.take();
        let mut last = "{\"end\":{\"rows\":{".to_owned();
        for (place, (kind, rows)) in self.rows.iter().enumerate() {
            if place > 0 {
                last.push(',');
            }
            write_string(kind, &mut last);
            last.push_str(&format!(":{rows}"));
        }
        let digest = hex::encode(self.digest.finalize());
        last.push_str(&format!("}},\"sha256\":\"{digest}\"}}}}\n"));
        [piece, Bytes::from(last)]
    }
}

fn base64(bytes: &[u8], out: &mut String) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}
