//! The durable facts of extensions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Sqlite;
use super::rows::RowColumns;
use crate::quota::{self, Quota};
use crate::rows::{Columns, id};
use crate::{KeyPage, KeyValue, KeyValueUsage, MAX_PAGE, MAX_VALUES_BYTES, Result};

/// What a write makes of its input. A refusal has written nothing, and so is no failure that would
/// undo what others write in the same transaction.
type Written<T> = Result<Result<T>>;

#[async_trait]
impl KeyValue for Sqlite {
    async fn get(&self, extension: &str, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let (bucket, key) = (Bucket::new(extension, bucket), key.to_owned());
        self.readers
            .read(move |connection| bucket.get(connection, &key))
            .await
    }

    async fn exists(&self, extension: &str, bucket: &str, key: &str) -> Result<bool> {
        let (bucket, key) = (Bucket::new(extension, bucket), key.to_owned());
        self.readers
            .read(move |connection| {
                let sql = "SELECT 1 FROM key_value WHERE extension = ? AND bucket = ? AND key = ?";
                let params = params![bucket.extension, bucket.name, key];
                Ok(connection.prepare_cached(sql)?.exists(params)?)
            })
            .await
    }

    async fn list_keys(
        &self,
        extension: &str,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage> {
        let bucket = Bucket::new(extension, bucket);
        self.readers
            .read(move |connection| bucket.list_keys(connection, cursor.unwrap_or(0)))
            .await
    }

    async fn increment(&self, extension: &str, bucket: &str, key: &str, delta: u64) -> Result<u64> {
        let (bucket, key) = (Bucket::new(extension, bucket), key.to_owned());
        self.writer
            .write(move |connection| bucket.increment(connection, &key, delta))
            .await?
    }

    async fn used(&self, extension: &str) -> Result<KeyValueUsage> {
        let extension = extension.to_owned();
        self.readers
            .read(move |connection| used(connection, &extension))
            .await
    }

    async fn get_many(
        &self,
        extension: &str,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let (bucket, keys) = (Bucket::new(extension, bucket), keys.to_owned());
        self.readers
            .read(move |connection| bucket.get_many(connection, &keys))
            .await
    }

    async fn set_many(
        &self,
        extension: &str,
        bucket: &str,
        values: Vec<(String, Vec<u8>)>,
    ) -> Result<()> {
        let bucket = Bucket::new(extension, bucket);
        self.writer
            .write(move |connection| bucket.set_many(connection, &values))
            .await?
    }

    async fn delete_many(&self, extension: &str, bucket: &str, keys: &[String]) -> Result<()> {
        let (bucket, keys) = (Bucket::new(extension, bucket), keys.to_owned());
        self.writer
            .write(move |connection| {
                keys.iter()
                    .try_for_each(|key| bucket.delete(connection, key))
            })
            .await
    }
}

/// One bucket of one extension.
struct Bucket {
    extension: String,
    name: String,
}

impl Bucket {
    fn new(extension: &str, name: &str) -> Self {
        Self {
            extension: extension.to_owned(),
            name: name.to_owned(),
        }
    }

    fn get(&self, connection: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(connection
            .prepare_cached(
                "SELECT value FROM key_value WHERE extension = ? AND bucket = ? AND key = ?",
            )?
            .query_row(params![self.extension, self.name, key], |row| row.get(0))
            .optional()?)
    }

    fn get_many(&self, connection: &Connection, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut left = MAX_VALUES_BYTES;
        keys.iter()
            .map(|key| {
                let value = self.get(connection, key)?;
                left = left
                    .checked_sub(value.as_ref().map_or(0, Vec::len))
                    .ok_or_else(quota::too_many_values)?;
                Ok(value)
            })
            .collect()
    }

    fn set_many(&self, connection: &Connection, values: &[(String, Vec<u8>)]) -> Written<()> {
        if let Err(refusal) = self.check_quota(connection, values)? {
            return Ok(Err(refusal));
        }
        for (key, value) in values {
            self.set(connection, key, value)?;
        }
        Ok(Ok(()))
    }

    /// Whether there is room for these values.
    fn check_quota(&self, connection: &Connection, values: &[(String, Vec<u8>)]) -> Written<()> {
        let mut quota = Quota::of(used(connection, &self.extension)?);
        for (key, value) in values {
            quota.add(key, value, self.length(connection, key)?);
        }
        Ok(quota.check(&self.extension))
    }

    /// The bytes of the value under a key.
    fn length(&self, connection: &Connection, key: &str) -> Result<Option<u64>> {
        Ok(connection
            .prepare_cached(
                "SELECT length(value) FROM key_value WHERE extension = ? AND bucket = ? AND key = ?",
            )?
            .query_row(params![self.extension, self.name, key], |row| count(row, 0))
            .optional()?)
    }

    fn set(&self, connection: &Connection, key: &str, value: &[u8]) -> Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO key_value (extension, bucket, key, value) VALUES (?, ?, ?, ?)
                 ON CONFLICT (extension, bucket, key) DO UPDATE SET value = excluded.value",
            )?
            .execute(params![self.extension, self.name, key, value])?;
        Ok(())
    }

    fn delete(&self, connection: &Connection, key: &str) -> Result<()> {
        connection
            .prepare_cached("DELETE FROM key_value WHERE extension = ? AND bucket = ? AND key = ?")?
            .execute(params![self.extension, self.name, key])?;
        Ok(())
    }

    fn increment(&self, connection: &Connection, key: &str, delta: u64) -> Written<u64> {
        let before = self.get(connection, key)?;
        let sum = match quota::sum(key, before.as_deref(), delta) {
            Ok(sum) => sum,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let digits = [(key.to_owned(), sum.to_string().into_bytes())];
        Ok(self.set_many(connection, &digits)?.map(|()| sum))
    }

    fn list_keys(&self, connection: &Connection, after: u64) -> Result<KeyPage> {
        let mut statement = connection.prepare_cached(
            "SELECT id, key FROM key_value WHERE extension = ? AND bucket = ? AND id > ?
             ORDER BY id LIMIT ?",
        )?;
        // One more than a page, to know whether there is a next one.
        let params = params![self.extension, self.name, id(after), MAX_PAGE + 1];
        let mut rows = statement.query(params)?;
        let mut keys = Vec::new();
        let mut last = 0;
        while let Some(row) = rows.next()? {
            if keys.len() == MAX_PAGE as usize {
                return Ok(KeyPage {
                    keys,
                    cursor: Some(last),
                });
            }
            let mut columns = RowColumns::new(row);
            last = columns.number()?;
            keys.push(columns.string()?);
        }
        Ok(KeyPage { keys, cursor: None })
    }
}

fn used(connection: &Connection, extension: &str) -> Result<KeyValueUsage> {
    let usage = connection
        .prepare_cached("SELECT keys, bytes FROM key_value_usage WHERE extension = ?")?
        .query_row([extension], |row| {
            Ok(KeyValueUsage {
                keys: count(row, 0)?,
                bytes: count(row, 1)?,
            })
        })
        .optional()?;
    Ok(usage.unwrap_or_default())
}

/// A column that is never below zero.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
