//! The saved states of extensions.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Sqlite;
use crate::rows::revision as number;
use crate::{Result, SavedStates};

#[async_trait]
impl SavedStates for Sqlite {
    async fn load(&self, extension: &str) -> Result<Option<Vec<u8>>> {
        let extension = extension.to_owned();
        self.readers
            .read(move |connection| {
                let state = connection
                    .prepare_cached("SELECT state FROM saved_state WHERE extension = ?")?
                    .query_row([&extension], |row| row.get(0))
                    .optional()?;
                Ok(state)
            })
            .await
    }

    async fn save(&self, extension: &str, revision: u64, state: Vec<u8>) -> Result<()> {
        let extension = extension.to_owned();
        let saved_at = Timestamp::now();
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO saved_state (extension, revision, saved_at, state)
                         VALUES (?, ?, ?, ?)
                         ON CONFLICT (extension) DO UPDATE SET revision = excluded.revision,
                         saved_at = excluded.saved_at, state = excluded.state",
                    )?
                    .execute(params![
                        extension,
                        number(revision)?,
                        saved_at.as_str(),
                        state
                    ])?;
                Ok(())
            })
            .await
    }
}
