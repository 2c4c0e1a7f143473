//! Values under keys, in buckets. They belong to the extension and outlive its revisions. Needs the
//! capability `keyvalue`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{atomics, batch, keyvalue as host};
use crate::{Error, ErrorKind, Json, Result};

/// A set of keys with values.
pub struct Bucket {
    name: String,
    bucket: host::Bucket,
}

impl Bucket {
    /// Opens a bucket by name.
    ///
    /// # Errors
    /// `denied` without the capability `keyvalue`, `invalid-input` if there is no such bucket.
    pub fn open(name: &str) -> Result<Self> {
        let bucket = host::open(name).map_err(|error| failed(name, error))?;
        Ok(Self {
            name: name.into(),
            bucket,
        })
    }

    /// The value, if there is one.
    ///
    /// # Errors
    /// As for every function here: `denied`; `transient` if the store is out of reach for a while;
    /// `permanent` if it refuses, as it does a key that is too long or a value beyond the quota.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.told(self.bucket.get(key))
    }

    /// The value as JSON, if there is one.
    ///
    /// # Errors
    /// As [`get`](Bucket::get); `invalid-input` if it does not have the form of `T`.
    pub fn get_as<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(bytes) = self.get(key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::invalid_input(format!(
                "the value of `{key}` in the bucket `{}` is not as expected: {error}",
                self.name
            ))
        })
    }

    /// Stores a value, in place of an earlier one.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>) -> Result<()> {
        self.told(self.bucket.set(key, value.as_ref()))
    }

    /// Stores a value as JSON, in place of an earlier one.
    ///
    /// # Errors
    /// As [`get`](Bucket::get); `permanent` if the value has no JSON form.
    pub fn set_as(&self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.set(key, Json::of(value)?.as_str())
    }

    /// Removes a value; nothing happens if there is none.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn delete(&self, key: &str) -> Result<()> {
        self.told(self.bucket.delete(key))
    }

    /// Whether there is a value.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn exists(&self, key: &str) -> Result<bool> {
        self.told(self.bucket.exists(key))
    }

    /// All keys, read page by page.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn keys(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.told(self.bucket.list_keys(cursor))?;
            keys.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Adds to a decimal number stored as text (a missing one counts as 0) and returns the sum.
    /// Nobody can come in between.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn increment(&self, key: &str, delta: u64) -> Result<u64> {
        self.told(atomics::increment(&self.bucket, key, delta))
    }

    /// The values of several keys, in their order; none where there is no value.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let values = self.told(batch::get_many(&self.bucket, keys))?;
        Ok(values
            .into_iter()
            .map(|entry| entry.map(|(_, value)| value))
            .collect())
    }

    /// Stores several values, all or none.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<()> {
        self.told(batch::set_many(&self.bucket, entries))
    }

    /// Removes several values, all or none.
    ///
    /// # Errors
    /// As [`get`](Bucket::get).
    pub fn delete_many(&self, keys: &[String]) -> Result<()> {
        self.told(batch::delete_many(&self.bucket, keys))
    }

    fn told<T>(&self, result: Result<T, host::Error>) -> Result<T> {
        result.map_err(|error| failed(&self.name, error))
    }
}

fn failed(bucket: &str, error: host::Error) -> Error {
    let (kind, reason) = match error {
        host::Error::NoSuchStore => (ErrorKind::InvalidInput, "there is none".to_owned()),
        host::Error::AccessDenied => (ErrorKind::Denied, "it is not granted".to_owned()),
        // The interface has no kinds of failure: the host begins the text of one that may pass so.
        host::Error::Other(reason) => match reason.strip_prefix("transient: ") {
            Some(reason) => (ErrorKind::Transient, reason.to_owned()),
            None => (ErrorKind::Permanent, reason),
        },
    };
    Error {
        kind,
        message: format!("the key-value bucket `{bucket}` could not be used: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Node;

    #[test]
    fn only_what_the_host_calls_transient_is_worth_another_try() {
        let kind = |reason: &str| failed("b", host::Error::Other(reason.into())).kind;
        assert_eq!(kind("transient: the store is locked"), ErrorKind::Transient);
        assert_eq!(kind("a key has 1 to 512 bytes"), ErrorKind::Permanent);
        Node::fresh();
        let bucket = Bucket::open("b").unwrap();
        bucket.set("n", "text").unwrap();
        assert_eq!(
            bucket.increment("n", 1).unwrap_err().kind,
            ErrorKind::Permanent
        );
    }
}
