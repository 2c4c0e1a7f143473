//! The durable facts of extensions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::rows::{Columns, id};
use crate::{KeyPage, KeyValue, MAX_PAGE, Result, StoreError};

#[async_trait]
impl KeyValue for Sqlite {
    async fn get(&self, extension: &str, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let (bucket, key) = (Bucket::new(extension, bucket), key.to_owned());
        self.readers
            .read(move |connection| bucket.get(connection, &key))
            .await
    }

    async fn set(&self, extension: &str, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        let values = vec![(key.to_owned(), value.to_owned())];
        self.set_many(extension, bucket, values).await
    }

    async fn delete(&self, extension: &str, bucket: &str, key: &str) -> Result<()> {
        self.delete_many(extension, bucket, &[key.to_owned()]).await
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
            .read(move |connection| keys.iter().map(|key| bucket.get(connection, key)).collect())
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
            .write(move |connection| {
                values
                    .iter()
                    .try_for_each(|(key, value)| bucket.set(connection, key, value))
            })
            .await
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

    fn increment(&self, connection: &Connection, key: &str, delta: u64) -> Result<u64> {
        let before = match self.get(connection, key)? {
            None => 0,
            Some(value) => number(&value).ok_or_else(|| StoreError::Invalid {
                what: format!("the value under {key:?} is no number: delete it, or set digits"),
            })?,
        };
        let sum: u64 = before
            .checked_add(delta)
            .ok_or_else(|| StoreError::Invalid {
                what: format!("the number under {key:?} would go beyond 64 bits"),
            })?;
        self.set(connection, key, sum.to_string().as_bytes())?;
        Ok(sum)
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
            let mut columns = Columns::new(row);
            last = columns.number()?;
            keys.push(columns.value()?);
        }
        Ok(KeyPage { keys, cursor: None })
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}
