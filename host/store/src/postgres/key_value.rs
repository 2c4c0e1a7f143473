//! The durable facts of extensions.

use std::collections::HashMap;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;

use super::Postgres;
use super::query::{self, Connected, RowColumns, Value};
use crate::quota::{self, Quota};
use crate::rows::{Columns, id};
use crate::{KeyPage, KeyValue, KeyValueUsage, MAX_PAGE, MAX_VALUES_BYTES, Result, StoreError};

#[async_trait]
impl KeyValue for Postgres {
    async fn get(&self, extension: &str, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let row = get(&*self.reader().await?, extension, bucket, key).await?;
        row.as_ref().map(value).transpose()
    }

    async fn exists(&self, extension: &str, bucket: &str, key: &str) -> Result<bool> {
        let sql = "SELECT count(*) FROM key_value
                   WHERE extension = $1 AND bucket = $2 AND sha256(key) = sha256($3)";
        let values = [extension.into(), bucket.into(), key.into()];
        Ok(query::number(&*self.reader().await?, sql, &values).await? == 1)
    }

    async fn list_keys(
        &self,
        extension: &str,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage> {
        let sql = "SELECT id, key FROM key_value WHERE extension = $1 AND bucket = $2 AND id > $3
                   ORDER BY id LIMIT $4";
        // One more than a page, to know whether there is a next one.
        let values = [
            extension.into(),
            bucket.into(),
            id(cursor.unwrap_or(0)).into(),
            i64::from(MAX_PAGE + 1).into(),
        ];
        let rows = query::rows(&*self.reader().await?, sql, &values).await?;
        let mut page = KeyPage {
            keys: Vec::new(),
            cursor: None,
        };
        let mut last = 0;
        for row in &rows {
            if page.keys.len() == MAX_PAGE as usize {
                page.cursor = Some(last);
                break;
            }
            let mut columns = RowColumns::new(row);
            last = columns.number()?;
            page.keys.push(columns.string()?);
        }
        Ok(page)
    }

    async fn increment(&self, extension: &str, bucket: &str, key: &str, delta: u64) -> Result<u64> {
        let (bucket, key) = (Bucket::new(extension, bucket), key.to_owned());
        self.writer
            .write(async move |client| {
                let row = get(client, &bucket.extension, &bucket.name, &key).await?;
                let before = row.as_ref().map(value).transpose()?;
                let sum = quota::sum(&key, before.as_deref(), delta)?;
                let digits = [(key, sum.to_string().into_bytes())];
                bucket.set_many(client, &digits).await?;
                Ok(sum)
            })
            .await
    }

    async fn used(&self, extension: &str) -> Result<KeyValueUsage> {
        used(&*self.reader().await?, extension).await
    }

    async fn get_many(
        &self,
        extension: &str,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let sql = "
            SELECT total, CASE WHEN total <= $4 THEN value END FROM (
                SELECT place, value,
                    (sum(coalesce(octet_length(value), 0)) OVER ())::bigint AS total
                FROM unnest($3::bytea[]) WITH ORDINALITY AS asked (asked_key, place)
                LEFT JOIN key_value ON extension = $1 AND bucket = $2
                    AND sha256(key) = sha256(asked_key)
            ) AS found ORDER BY place";
        let values = [
            extension.into(),
            bucket.into(),
            Value::texts(keys.iter().map(String::as_str)),
            (MAX_VALUES_BYTES as i64).into(),
        ];
        let rows = query::rows(&*self.reader().await?, sql, &values).await?;
        rows.iter()
            .map(|row| {
                let mut columns = RowColumns::new(row);
                if columns.number::<usize>()? > MAX_VALUES_BYTES {
                    return Err(quota::too_many_values());
                }
                Ok(columns.bytes()?.map(<[u8]>::to_vec))
            })
            .collect()
    }

    async fn set_many(
        &self,
        extension: &str,
        bucket: &str,
        values: Vec<(String, Vec<u8>)>,
    ) -> Result<()> {
        let bucket = Bucket::new(extension, bucket);
        self.writer
            .write(async move |client| bucket.set_many(client, &values).await)
            .await
    }

    async fn delete_many(&self, extension: &str, bucket: &str, keys: &[String]) -> Result<()> {
        let (bucket, keys) = (Bucket::new(extension, bucket), keys.to_owned());
        self.writer
            .write(async move |client| {
                let sql = "DELETE FROM key_value WHERE extension = $1 AND bucket = $2
                           AND sha256(key) IN (SELECT sha256(key) FROM unnest($3::bytea[]) AS key)";
                let keys = Value::texts(keys.iter().map(String::as_str));
                let values = [(&bucket.extension).into(), (&bucket.name).into(), keys];
                query::execute(client, sql, &values).await?;
                Ok(())
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

    async fn set_many(&self, client: &ClientWrapper, values: &[(String, Vec<u8>)]) -> Result<()> {
        let lengths = self.lengths(client, values).await?;
        let mut quota = Quota::of(used(client, &self.extension).await?);
        for (key, value) in values {
            quota.add(key, value, lengths.get(key.as_str()).copied());
        }
        quota.check(&self.extension)?;
        // The last value of a key that is there twice, in the place of the first.
        let mut places = HashMap::with_capacity(values.len());
        let (mut keys, mut last) = (Vec::new(), Vec::new());
        for (key, value) in values {
            let place = *places.entry(key.as_str()).or_insert(keys.len());
            if place == keys.len() {
                keys.push(key.as_str());
                last.push(value.as_slice());
            }
            last[place] = value;
        }
        let sql = "
            INSERT INTO key_value (extension, bucket, key, value)
            SELECT $1::bytea, $2::bytea, given.key, given.value
            FROM unnest($3::bytea[], $4::bytea[]) WITH ORDINALITY AS given (key, value, place)
            ORDER BY place
            ON CONFLICT (extension, bucket, sha256(key)) DO UPDATE SET value = excluded.value";
        let values = [
            (&self.extension).into(),
            (&self.name).into(),
            Value::texts(keys),
            Value::Many(last),
        ];
        query::execute(client, sql, &values).await?;
        Ok(())
    }

    /// The bytes of the values under those keys that there are.
    async fn lengths(
        &self,
        client: &ClientWrapper,
        values: &[(String, Vec<u8>)],
    ) -> Result<HashMap<String, u64>> {
        let sql = "SELECT key, octet_length(value)::bigint FROM key_value
                   WHERE extension = $1 AND bucket = $2
                   AND sha256(key) IN (SELECT sha256(key) FROM unnest($3::bytea[]) AS key)";
        let keys = Value::texts(values.iter().map(|(key, _)| key.as_str()));
        let parameters = [(&self.extension).into(), (&self.name).into(), keys];
        let rows = query::rows(client, sql, &parameters).await?;
        rows.iter()
            .map(|row| {
                let mut columns = RowColumns::new(row);
                Ok((columns.string()?, columns.number()?))
            })
            .collect()
    }
}

/// The row with the value under a key.
async fn get(
    client: &impl Connected,
    extension: &str,
    bucket: &str,
    key: &str,
) -> Result<Option<Row>> {
    let sql = "SELECT value FROM key_value
               WHERE extension = $1 AND bucket = $2 AND sha256(key) = sha256($3)";
    query::row(client, sql, &[extension.into(), bucket.into(), key.into()]).await
}

fn value(row: &Row) -> Result<Vec<u8>> {
    RowColumns::new(row)
        .bytes()?
        .map(<[u8]>::to_vec)
        .ok_or_else(|| StoreError::damaged("a value", "there is none"))
}

async fn used(client: &impl Connected, extension: &str) -> Result<KeyValueUsage> {
    let sql = "SELECT keys, bytes FROM key_value_usage WHERE extension = $1";
    let Some(row) = query::row(client, sql, &[extension.into()]).await? else {
        return Ok(KeyValueUsage::default());
    };
    let mut columns = RowColumns::new(&row);
    Ok(KeyValueUsage {
        keys: columns.number()?,
        bytes: columns.number()?,
    })
}
