//! Keys and values of an extension's own, bounded.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, KeyPage, KeyValue, PortError};
use koi_store::{KeyValue as Store, StoreError};

use crate::grant::{Access, Capability};
use crate::secret::{Guard, refuse};

/// Longest name of a bucket, in bytes.
const MAX_BUCKET_BYTES: usize = 64;
/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 512;
/// Longest value, in bytes.
const MAX_VALUE_BYTES: usize = 4 << 20;
/// Most keys in one call.
const MAX_KEYS: usize = 1000;

pub(super) struct GrantedKeyValue {
    store: Arc<dyn Store>,
    access: Arc<Access>,
    guard: Option<Arc<Guard>>,
}

impl GrantedKeyValue {
    pub(super) fn new(
        store: Arc<dyn Store>,
        access: Arc<Access>,
        guard: Option<Arc<Guard>>,
    ) -> Self {
        Self {
            store,
            access,
            guard,
        }
    }

    /// That what is to be kept has no secret in it.
    fn check_secrets(&self, key: &str, value: &[u8]) -> Result<(), PortError> {
        refuse(self.guard.as_ref(), "the key", key.as_bytes())?;
        refuse(self.guard.as_ref(), "the value", value)
    }

    fn check(&self, bucket: &str) -> Result<(), PortError> {
        self.access.require_capability(Capability::KeyValue)?;
        check_bucket(bucket)
    }
}

/// # Errors
/// If a bucket cannot have that name.
pub fn check_bucket(bucket: &str) -> Result<(), PortError> {
    let fits = (1..=MAX_BUCKET_BYTES).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if fits {
        return Ok(());
    }
    Err(PortError::InvalidInput(format!(
        "a bucket's name has 1 to {MAX_BUCKET_BYTES} letters, digits and `._-`"
    )))
}

fn check_key(key: &str) -> Result<(), PortError> {
    if (1..=MAX_KEY_BYTES).contains(&key.len()) {
        return Ok(());
    }
    Err(PortError::InvalidInput(format!(
        "a key has 1 to {MAX_KEY_BYTES} bytes"
    )))
}

/// # Errors
/// If one is no key, they are too many for one call, or one of them is there twice.
pub fn check_keys<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> Result<(), PortError> {
    if keys.len() > MAX_KEYS {
        return Err(PortError::InvalidInput(format!(
            "one call takes at most {MAX_KEYS} keys"
        )));
    }
    let mut seen = BTreeSet::new();
    for key in keys {
        check_key(key)?;
        if !seen.insert(key) {
            return Err(PortError::InvalidInput(format!(
                "the key `{key}` stands there twice"
            )));
        }
    }
    Ok(())
}

/// # Errors
/// If a value is too long.
pub fn check_value(value: &[u8]) -> Result<(), PortError> {
    if value.len() <= MAX_VALUE_BYTES {
        return Ok(());
    }
    Err(PortError::InvalidInput(format!(
        "a value has at most {MAX_VALUE_BYTES} bytes"
    )))
}

/// What the guest can do about a store that fails.
fn port_error(error: StoreError) -> PortError {
    match error {
        StoreError::Invalid { what } => PortError::InvalidInput(what),
        error if error.is_transient() => PortError::Transient(error.to_string()),
        _ => PortError::Permanent(error.to_string()),
    }
}

#[async_trait]
impl KeyValue for GrantedKeyValue {
    async fn open(&self, _: &CallContext, bucket: &str) -> Result<(), PortError> {
        self.check(bucket)
    }

    async fn get(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.check(bucket)?;
        check_key(key)?;
        self.store
            .get(&call.extension, bucket, key)
            .await
            .map_err(port_error)
    }

    async fn set(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), PortError> {
        self.check(bucket)?;
        check_key(key)?;
        check_value(&value)?;
        self.check_secrets(key, &value)?;
        self.store
            .set(&call.extension, bucket, key, &value)
            .await
            .map_err(port_error)
    }

    async fn delete(&self, call: &CallContext, bucket: &str, key: &str) -> Result<(), PortError> {
        self.check(bucket)?;
        check_key(key)?;
        self.store
            .delete(&call.extension, bucket, key)
            .await
            .map_err(port_error)
    }

    async fn exists(&self, call: &CallContext, bucket: &str, key: &str) -> Result<bool, PortError> {
        self.check(bucket)?;
        check_key(key)?;
        self.store
            .exists(&call.extension, bucket, key)
            .await
            .map_err(port_error)
    }

    async fn list_keys(
        &self,
        call: &CallContext,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage, PortError> {
        self.check(bucket)?;
        let page = self
            .store
            .list_keys(&call.extension, bucket, cursor)
            .await
            .map_err(port_error)?;
        Ok(KeyPage {
            keys: page.keys,
            next: page.cursor,
        })
    }

    async fn increment(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        delta: u64,
    ) -> Result<u64, PortError> {
        self.check(bucket)?;
        check_key(key)?;
        refuse(self.guard.as_ref(), "the key", key.as_bytes())?;
        self.store
            .increment(&call.extension, bucket, key, delta)
            .await
            .map_err(port_error)
    }

    async fn get_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, PortError> {
        self.check(bucket)?;
        check_keys(keys.iter().map(String::as_str))?;
        let values = self
            .store
            .get_many(&call.extension, bucket, &keys)
            .await
            .map_err(port_error)?;
        Ok(keys
            .into_iter()
            .zip(values)
            .map(|(key, value)| Some((key, value?)))
            .collect())
    }

    async fn set_many(
        &self,
        call: &CallContext,
        bucket: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), PortError> {
        self.check(bucket)?;
        check_keys(entries.iter().map(|(key, _)| key.as_str()))?;
        entries
            .iter()
            .try_for_each(|(_, value)| check_value(value))?;
        entries
            .iter()
            .try_for_each(|(key, value)| self.check_secrets(key, value))?;
        self.store
            .set_many(&call.extension, bucket, entries)
            .await
            .map_err(port_error)
    }

    async fn delete_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<(), PortError> {
        self.check(bucket)?;
        check_keys(keys.iter().map(String::as_str))?;
        self.store
            .delete_many(&call.extension, bucket, &keys)
            .await
            .map_err(port_error)
    }
}
