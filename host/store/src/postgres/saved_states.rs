//! The saved states of extensions.

use async_trait::async_trait;
use koi_rid::Timestamp;

use super::Postgres;
use super::query::{self, RowColumns, Value};
use crate::rows::revision as number;
use crate::{Result, SavedStates};

#[async_trait]
impl SavedStates for Postgres {
    async fn load(&self, extension: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT state FROM saved_state WHERE extension = $1";
        let Some(row) = query::row(&*self.reader().await?, sql, &[extension.into()]).await? else {
            return Ok(None);
        };
        Ok(RowColumns::new(&row).bytes()?.map(<[u8]>::to_vec))
    }

    async fn save(&self, extension: &str, revision: u64, state: Vec<u8>) -> Result<()> {
        let extension = extension.to_owned();
        let saved_at = Timestamp::now();
        self.writer
            .write(async move |client| {
                let sql = "INSERT INTO saved_state (extension, revision, saved_at, state)
                           VALUES ($1, $2, $3, $4)
                           ON CONFLICT (extension) DO UPDATE SET revision = excluded.revision,
                           saved_at = excluded.saved_at, state = excluded.state";
                let values = [
                    (&extension).into(),
                    number(revision)?.into(),
                    saved_at.as_str().into(),
                    Value::Bytes(&state),
                ];
                query::execute(client, sql, &values).await?;
                Ok(())
            })
            .await
    }
}
