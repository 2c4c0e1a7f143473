//! Fresh stores of every backend.

use std::path::PathBuf;

use tempfile::TempDir;

use super::server;
use crate::{Stores, postgres, sqlite};

/// A store, and the place that is its own.
pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    pub(crate) place: Place,
}

/// Where a store is kept.
pub(crate) enum Place {
    Folder(TempDir),
    Database(postgres::Settings),
}

impl Place {
    /// Opens the store that is there.
    pub(crate) async fn open(&self) -> Stores {
        match self {
            Self::Folder(folder) => sqlite::open(&file(folder)).unwrap(),
            Self::Database(settings) => postgres::open(settings.clone()).await.unwrap(),
        }
    }
}

pub(crate) fn sqlite() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    Fixture {
        stores: sqlite::open(&file(&folder)).unwrap(),
        place: Place::Folder(folder),
    }
}

pub(crate) async fn postgres() -> Fixture {
    let place = Place::Database(server::settings());
    Fixture {
        stores: place.open().await,
        place,
    }
}

pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("store.db")
}
