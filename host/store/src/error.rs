//! How a store fails.

/// What every call of a store returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a call failed. It has left nothing behind, but for [`StoreError::Unconfirmed`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room to write; reading goes on, and writing does as soon as there is room.
    #[error(
        "the store is full and nothing was written: free space on the disk that holds it, or raise \
         its quota"
    )]
    Full,
    /// What is on the disk is not what was written there.
    #[error(
        "the store is damaged ({what}): stop the node, keep a copy of what is there, and restore it \
         from a backup"
    )]
    Corrupt {
        /// What was found, and where.
        what: String,
    },
    /// The file or the schema is something else than a store.
    #[error("{path} is not a store of koi-mcp: name another place, or move what is there away")]
    Foreign {
        /// The file or the schema.
        path: String,
    },
    /// A newer koi-mcp has written this store.
    #[error(
        "{path} has schema version {found}, this koi-mcp knows versions up to {known}: run the \
         newer koi-mcp, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The file or the schema.
        path: String,
        /// The version found in it.
        found: i64,
        /// The newest version that this program knows.
        known: usize,
    },
    /// Another program holds the store's lock for longer than can be waited for.
    #[error("the store is locked by another program: end what has it open, then try again")]
    Busy,
    /// Another node uses the store.
    #[error(
        "{store} is in use by another node: stop that one, or give this one a schema of its own"
    )]
    Taken {
        /// Where the store is.
        store: String,
    },
    /// There is no connection to the database; nothing was written. The next call tries again.
    #[error(
        "the store's database cannot be reached ({why}): see that its server runs and that its \
         address and password are right; the store connects by itself as soon as it can"
    )]
    Unreachable {
        /// What happened on the way to it.
        why: String,
    },
    /// The connection broke after a write was sent to the database and before it was confirmed. The
    /// one error after which something may have been kept.
    #[error(
        "the connection to the store's database broke before a write was confirmed, which may have \
         been kept or not: look what is there before doing it again"
    )]
    Unconfirmed,
    /// The database refused.
    #[error(
        "the store's database refused ({why}): look into the server's log, and see what the store's \
         user is allowed"
    )]
    Refused {
        /// What it said.
        why: String,
    },
    /// The store has been closed, or its writer has stopped.
    #[error("the store is closed: restart the node")]
    Closed,
    /// What a call relies on is not there (any more).
    #[error("{what} is not in the store")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// An index that a call needs is not whole yet.
    #[error("the index of {what} is still being filled: try again a little later")]
    Filling {
        /// What it is on.
        what: String,
    },
    /// The caller gave something that cannot be stored or understood.
    #[error("{what}")]
    Invalid {
        /// What it was, and what would have been right.
        what: String,
    },
    /// The file system or the database refused.
    #[error("{what} failed: {source}; check the disk and the rights of the data folder")]
    Io {
        /// What was being done.
        what: String,
        /// What the file system or the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether nothing was written, and the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Full
                | Self::Busy
                | Self::Taken { .. }
                | Self::Unreachable { .. }
                | Self::Filling { .. }
        )
    }

    /// A row that is not as it was written.
    pub(crate) fn damaged(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            what: format!("{what}: {error}"),
        }
    }
}
