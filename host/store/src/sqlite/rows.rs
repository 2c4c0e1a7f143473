//! The rows and parameters of SQLite.

use std::borrow::Cow;

use rusqlite::{Row, Statement};

use crate::rows::{Bind, Columns};
use crate::{Result, StoreError};

/// Binds a statement's parameters one after the other.
pub(super) struct Binding<'s, 'c> {
    statement: &'s mut Statement<'c>,
    bound: usize,
}

impl<'s, 'c> Binding<'s, 'c> {
    pub(super) fn new(statement: &'s mut Statement<'c>) -> Self {
        Self {
            statement,
            bound: 0,
        }
    }

    /// How many rows changed.
    pub(super) fn execute(self) -> Result<usize> {
        Ok(self.statement.raw_execute()?)
    }
}

impl<'v> Bind<'v> for Binding<'_, '_> {
    fn text(&mut self, text: Option<Cow<'v, str>>) -> Result<()> {
        self.bound += 1;
        self.statement
            .raw_bind_parameter(self.bound, text.as_deref())?;
        Ok(())
    }

    fn number(&mut self, number: Option<i64>) -> Result<()> {
        self.bound += 1;
        self.statement.raw_bind_parameter(self.bound, number)?;
        Ok(())
    }
}

/// Reads a row's columns one after the other.
pub(super) struct RowColumns<'r> {
    row: &'r Row<'r>,
    read: usize,
}

impl<'r> RowColumns<'r> {
    pub(super) fn new(row: &'r Row<'r>) -> Self {
        Self { row, read: 0 }
    }
}

impl Columns for RowColumns<'_> {
    fn text(&mut self) -> Result<Option<&str>> {
        let text = self.row.get_ref(self.read)?.as_str_or_null();
        self.read += 1;
        text.map_err(|error| StoreError::damaged("a text", error))
    }

    fn integer(&mut self) -> Result<Option<i64>> {
        let number = self.row.get(self.read)?;
        self.read += 1;
        Ok(number)
    }
}
