//! The durable facts of extensions: buckets of keys with bytes under them, each extension on its
//! own.

use async_trait::async_trait;

use crate::Result;

/// Some keys of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, at most [`crate::MAX_PAGE`], in the order in which they were first set.
    pub keys: Vec<String>,
    /// Where the list goes on; `None` on the last page.
    pub cursor: Option<u64>,
}

/// Most bytes that the keys and values of one extension have together.
pub const MAX_KEY_VALUE_BYTES: u64 = 64 << 20;

/// Most keys of one extension.
pub const MAX_KEYS: u64 = 100_000;

/// Most bytes of values that one call gives.
pub const MAX_VALUES_BYTES: usize = 8 << 20;

/// What an extension's keys and values take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyValueUsage {
    /// How many keys there are.
    pub keys: u64,
    /// How many bytes keys and values have together.
    pub bytes: u64,
}

/// Keeps values. Every change is durable when the call returns. One by which an extension would have
/// more than [`MAX_KEY_VALUE_BYTES`] or [`MAX_KEYS`] is refused with
/// [`crate::StoreError::Invalid`] and changes nothing.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value under a key.
    async fn get(&self, extension: &str, bucket: &str, key: &str) -> Result<Option<Vec<u8>>>;

    /// Puts a value under a key.
    async fn set(&self, extension: &str, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        let values = vec![(key.to_owned(), value.to_owned())];
        self.set_many(extension, bucket, values).await
    }

    /// Removes a key, if it is there.
    async fn delete(&self, extension: &str, bucket: &str, key: &str) -> Result<()> {
        self.delete_many(extension, bucket, &[key.to_owned()]).await
    }

    /// Whether there is something under a key.
    async fn exists(&self, extension: &str, bucket: &str, key: &str) -> Result<bool>;

    /// The keys of a bucket, from `cursor` on (`None`: from the first).
    async fn list_keys(
        &self,
        extension: &str,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage>;

    /// Adds `delta` to the number under a key, 0 if there is none, and answers with the sum. The
    /// number is kept as decimal digits; [`crate::StoreError::Invalid`] if something else is there
    /// or the sum goes beyond 64 bits.
    async fn increment(&self, extension: &str, bucket: &str, key: &str, delta: u64) -> Result<u64>;

    /// What all the extension's buckets take.
    async fn used(&self, extension: &str) -> Result<KeyValueUsage>;

    /// The values under several keys, in the order asked, as of one moment;
    /// [`crate::StoreError::Invalid`] if they have more than [`MAX_VALUES_BYTES`] together.
    async fn get_many(
        &self,
        extension: &str,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>>;

    /// Puts several values under their keys, all or none.
    async fn set_many(
        &self,
        extension: &str,
        bucket: &str,
        values: Vec<(String, Vec<u8>)>,
    ) -> Result<()>;

    /// Removes several keys, all or none.
    async fn delete_many(&self, extension: &str, bucket: &str, keys: &[String]) -> Result<()>;
}
