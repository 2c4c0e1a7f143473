//! Keys and values. Names and sizes are bounded as they are on a node by default.

use async_trait::async_trait;
use koi_registry::Capability;
use koi_runtime::ports::{CallContext, KeyPage, KeyValue, PortError};

use super::{Kept, Node};

/// Keys of one page.
const PAGE: usize = 1000;

fn at(bucket: &str, key: &str) -> (String, String) {
    (bucket.to_owned(), key.to_owned())
}

impl Node {
    /// Does something with keys and values, where that was asked for.
    fn with<T>(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: &[&str],
        work: impl FnOnce(&mut Kept) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        self.require_capability(call, Capability::KeyValue)?;
        koi_registry::check_bucket(bucket)?;
        koi_registry::check_keys(keys.iter().copied())?;
        work(&mut self.kept())
    }
}

#[async_trait]
impl KeyValue for Node {
    async fn open(&self, call: &CallContext, bucket: &str) -> Result<(), PortError> {
        self.with(call, bucket, &[], |_| Ok(()))
    }

    async fn get(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.with(call, bucket, &[key], |kept| {
            Ok(kept.key_value.get(&at(bucket, key)).cloned())
        })
    }

    async fn set(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), PortError> {
        koi_registry::check_value(&value)?;
        self.with(call, bucket, &[key], |kept| {
            kept.key_value.insert(at(bucket, key), value);
            Ok(())
        })
    }

    async fn delete(&self, call: &CallContext, bucket: &str, key: &str) -> Result<(), PortError> {
        self.with(call, bucket, &[key], |kept| {
            kept.key_value.remove(&at(bucket, key));
            Ok(())
        })
    }

    async fn exists(&self, call: &CallContext, bucket: &str, key: &str) -> Result<bool, PortError> {
        let value = self.get(call, bucket, key).await?;
        Ok(value.is_some())
    }

    async fn list_keys(
        &self,
        call: &CallContext,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage, PortError> {
        let from = usize::try_from(cursor.unwrap_or_default()).unwrap_or(usize::MAX);
        self.with(call, bucket, &[], |kept| {
            let keys = kept.key_value.keys().filter(|(of, _)| of == bucket);
            let mut keys = keys.map(|(_, key)| key.clone()).skip(from);
            let page: Vec<String> = keys.by_ref().take(PAGE).collect();
            let next = keys.next().map(|_| (from + page.len()) as u64);
            Ok(KeyPage { keys: page, next })
        })
    }

    async fn increment(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        delta: u64,
    ) -> Result<u64, PortError> {
        self.with(call, bucket, &[key], |kept| {
            let value = kept
                .key_value
                .entry(at(bucket, key))
                .or_insert(b"0".to_vec());
            let number = std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse::<u64>().ok());
            let sum = number
                .and_then(|number| number.checked_add(delta))
                .ok_or_else(|| {
                    PortError::Permanent(format!(
                        "what is under the key `{key}` is no number to add to"
                    ))
                })?;
            *value = sum.to_string().into_bytes();
            Ok(sum)
        })
    }

    async fn get_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, PortError> {
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.with(call, bucket, &names, |kept| {
            let value = |key: &str| kept.key_value.get(&at(bucket, key)).cloned();
            Ok(names
                .iter()
                .map(|key| Some(((*key).to_owned(), value(key)?)))
                .collect())
        })
    }

    async fn set_many(
        &self,
        call: &CallContext,
        bucket: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), PortError> {
        let names: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        entries
            .iter()
            .try_for_each(|(_, value)| koi_registry::check_value(value))?;
        self.with(call, bucket, &names, |kept| {
            let entries = entries
                .iter()
                .map(|(key, value)| (at(bucket, key), value.clone()));
            kept.key_value.extend(entries);
            Ok(())
        })
    }

    async fn delete_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<(), PortError> {
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.with(call, bucket, &names, |kept| {
            for key in &names {
                kept.key_value.remove(&at(bucket, key));
            }
            Ok(())
        })
    }
}
