//! What an extension's keys and values may take, and how a number among them grows.

use crate::{KeyValueUsage, MAX_KEY_VALUE_BYTES, MAX_KEYS, MAX_VALUES_BYTES, Result, StoreError};

/// What is to be put under keys, counted against what is there.
pub(crate) struct Quota {
    before: KeyValueUsage,
    after: KeyValueUsage,
    freed: u64,
}

impl Quota {
    /// Counts from what an extension has.
    pub(crate) fn of(before: KeyValueUsage) -> Self {
        Self {
            before,
            after: before,
            freed: 0,
        }
    }

    /// Counts a value in place of one with so many bytes. A key that is there twice counts twice.
    pub(crate) fn add(&mut self, key: &str, value: &[u8], replaced: Option<u64>) {
        match replaced {
            Some(length) => self.freed += length,
            None => {
                self.after.keys += 1;
                self.after.bytes += key.len() as u64;
            }
        }
        self.after.bytes += value.len() as u64;
    }

    /// Whether there is room for what was counted.
    pub(crate) fn check(mut self, extension: &str) -> Result<()> {
        self.after.bytes = self.after.bytes.saturating_sub(self.freed);
        let (before, after) = (self.before, self.after);
        let beyond = |what: &str, of: u64, limit: u64| {
            Err(StoreError::Invalid {
                what: format!(
                    "{extension} would have {of} {what} in its buckets, beyond its quota of \
                     {limit}: delete some first"
                ),
            })
        };
        // What makes it less is welcome, however much there is.
        if after.bytes > MAX_KEY_VALUE_BYTES && after.bytes > before.bytes {
            return beyond("bytes of keys and values", after.bytes, MAX_KEY_VALUE_BYTES);
        }
        if after.keys > MAX_KEYS && after.keys > before.keys {
            return beyond("keys", after.keys, MAX_KEYS);
        }
        Ok(())
    }
}

/// The sum of `delta` and the number that is kept under a key as decimal digits.
pub(crate) fn sum(key: &str, before: Option<&[u8]>, delta: u64) -> Result<u64> {
    let refused = |what: String| StoreError::Invalid { what };
    let number = |digits: &[u8]| str::from_utf8(digits).ok()?.parse::<u64>().ok();
    let before = before.map_or(Some(0), number).ok_or_else(|| {
        refused(format!(
            "the value under {key:?} is no number: delete it, or set digits"
        ))
    })?;
    before
        .checked_add(delta)
        .ok_or_else(|| refused(format!("the number under {key:?} would go beyond 64 bits")))
}

/// The values asked for together are larger than may be.
pub(crate) fn too_many_values() -> StoreError {
    StoreError::Invalid {
        what: format!(
            "the values under these keys have more than {MAX_VALUES_BYTES} bytes together: ask for \
             fewer keys at once"
        ),
    }
}
