//! The secrets of a node as they are at the moment, in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{SecretName, SecretValue};

/// Bytes of a placeholder's code: 128 bits, which nobody guesses.
const CODE_BYTES: usize = 16;

/// Secrets by name.
pub(super) type Values = BTreeMap<SecretName, Arc<SecretValue>>;

/// The secrets of a node. Whoever keeps them on disk puts them in here.
pub struct Vault {
    key: [u8; 32],
    values: ArcSwap<Values>,
}

impl Vault {
    /// An empty one. Placeholders follow from the key, which has to be the same in each run of a node
    /// and known to nobody else.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            values: ArcSwap::default(),
        }
    }

    /// These are the secrets from now on, in calls that are under way too.
    pub fn set(&self, values: BTreeMap<SecretName, SecretValue>) {
        let before = self.values.load();
        let values: Values = values
            .into_iter()
            .map(|(name, value)| match before.get(&name) {
                // What has not changed stays the same for those who compare.
                Some(same) if **same == value => (name, same.clone()),
                _ => (name, Arc::new(value)),
            })
            .collect();
        self.values.store(Arc::new(values));
    }

    pub(super) fn values(&self) -> Arc<Values> {
        self.values.load_full()
    }

    /// Whether these are the secrets of the moment.
    pub(super) fn has(&self, values: &Arc<Values>) -> bool {
        Arc::ptr_eq(&self.values.load(), values)
    }

    /// What stands for a secret in what an extension says: letters, digits and `-`, so that it stays
    /// the same in URLs, JSON and headers.
    pub(super) fn placeholder(&self, extension: &str, name: &SecretName) -> String {
        // A key of any length will do, so that this never fails.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        // Neither has a 0 in it.
        mac.update(extension.as_bytes());
        mac.update(&[0]);
        mac.update(name.as_str().as_bytes());
        let code = mac.finalize().into_bytes();
        format!("koi-secret-{}", hex::encode(&code[..CODE_BYTES]))
    }
}

impl Default for Vault {
    /// With a key of its own, for a node that keeps nothing.
    fn default() -> Self {
        Self::new(rand::random())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} secrets)", self.values.load().len())
    }
}
