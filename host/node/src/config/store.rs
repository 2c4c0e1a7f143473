//! Where the node keeps what it knows.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use koi_pipeline::Lifetimes;
use koi_store::postgres::Settings;
use koi_store::{Rows, Stores};
use serde::{Deserialize, Serialize};

use super::Fault;
use super::lifetime::{Lifetime, lifetimes};

/// The file in the data folder that holds the store.
pub(crate) const DATABASE: &str = "koi.sqlite";

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
    /// How long knowledge is kept, by RID type, counted from the time of its manifest. Of types that are
    /// left out: until it is forgotten.
    pub ttl: BTreeMap<String, Lifetime>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: None,
            roots: None,
            schema: None,
            readers: NonZero::<u32>::MIN.saturating_add(7),
            ttl: BTreeMap::new(),
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
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// Opens the store of the node with this data folder.
    ///
    /// # Errors
    /// As the backends' `open`.
    pub(crate) async fn open(&self, data_dir: &Path) -> koi_store::Result<Stores> {
        match self.server() {
            Some(settings) => koi_store::postgres::open(settings).await,
            None => koi_store::sqlite::open(&data_dir.join(DATABASE)),
        }
    }

    /// Reads an export into the store of the node with this data folder, which is empty and not open.
    ///
    /// # Errors
    /// As the backends' `import`.
    pub(crate) async fn import(
        &self,
        data_dir: &Path,
        export: impl BufRead + Send + 'static,
    ) -> Result<Rows> {
        if let Some(settings) = self.server() {
            return Ok(koi_store::postgres::import(settings, export).await?);
        }
        let file = data_dir.join(DATABASE);
        let imported =
            tokio::task::spawn_blocking(move || koi_store::sqlite::import(&file, export));
        Ok(imported.await.context("the import was broken off")??)
    }

    /// The server, if the store is on one.
    pub(crate) fn server(&self) -> Option<Settings> {
        Some(Settings {
            url: self.url.clone()?,
            roots: self.roots.clone(),
            schema: self.schema.clone(),
            readers: self.readers.get() as usize,
        })
    }

    /// Which knowledge is not kept for good.
    ///
    /// # Errors
    /// If a key is no RID type, or one of a type that the node itself needs.
    pub(crate) fn lifetimes(&self) -> Result<Lifetimes, Fault> {
        lifetimes(&self.ttl)
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
