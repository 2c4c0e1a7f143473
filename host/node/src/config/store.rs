//! Where the node keeps what it knows.

use std::fmt;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use koi_store::Stores;
use koi_store::postgres::Settings;
use serde::{Deserialize, Serialize};

/// Where knowledge, queues, extensions and sessions are kept: a file in the data folder, or a
/// PostgreSQL server. Keys, secrets and compiled code stay in the data folder either way.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The PostgreSQL server, user and database, such as `postgres://user:password@host:5432/koi`. Left
    /// out: the file.
    pub url: Option<String>,
    /// A PEM file with the authorities that the server's certificate may come from. Left out: the
    /// system's.
    pub roots: Option<PathBuf>,
    /// The schema of the tables, made if it is not there. Left out: `koi`.
    pub schema: Option<String>,
    /// How many connections to the server read at a time; one more writes.
    pub readers: NonZero<u32>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: None,
            roots: None,
            schema: None,
            readers: NonZero::<u32>::MIN.saturating_add(7),
        }
    }
}

/// Without the address, which may hold a password.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("roots", &self.roots)
            .field("schema", &self.schema)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// Opens the store of the node with this data folder.
    ///
    /// # Errors
    /// As the backends' `open`.
    pub(crate) async fn open(&self, data_dir: &Path) -> koi_store::Result<Stores> {
        let Some(url) = self.url.clone() else {
            return koi_store::sqlite::open(&data_dir.join("koi.sqlite"));
        };
        let settings = Settings {
            url,
            roots: self.roots.clone(),
            schema: self.schema.clone(),
            readers: self.readers.get() as usize,
        };
        koi_store::postgres::open(settings).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_in_the_address_is_not_shown() {
        let config = StoreConfig {
            url: Some("postgres://me:hidden@db.example.com/koi".to_owned()),
            ..StoreConfig::default()
        };
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
