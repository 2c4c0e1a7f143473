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

/// Keeps values. Every change is durable when the call returns.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value under a key.
    async fn get(&self, extension: &str, bucket: &str, key: &str) -> Result<Option<Vec<u8>>>;

    /// Puts a value under a key.
    async fn set(&self, extension: &str, bucket: &str, key: &str, value: &[u8]) -> Result<()>;

    /// Removes a key, if it is there.
    async fn delete(&self, extension: &str, bucket: &str, key: &str) -> Result<()>;

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

    /// The values under several keys, in the order asked, as of one moment.
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
