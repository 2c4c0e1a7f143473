//! Installed extensions.

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::rows::RowColumns;
use super::{Sqlite, audit};
use crate::extensions::{change, digest, no_such_revision, whole};
use crate::rows::{Columns, revision as number, revision_columns};
use crate::{Extensions, NewRevision, Result, Revision};

macro_rules! select_revisions {
    ($rest:literal) => {
        concat!("SELECT ", revision_columns!(), " FROM revision ", $rest)
    };
}

#[async_trait]
impl Extensions for Sqlite {
    async fn install(&self, new: NewRevision, component: &[u8], who: &str) -> Result<Revision> {
        let (component, who): (Arc<[u8]>, _) = (component.into(), who.to_owned());
        let digest = self.digest(Arc::clone(&component)).await?;
        let installed_at = Timestamp::now();
        self.writer
            .write(move |connection| {
                let before = active(connection, &new.extension)?;
                let installed = install(connection, &new, &component, &digest, &installed_at)?;
                let after = Some(installed.summary());
                let change = change(&who, "install", &new.extension, before, after);
                audit::insert(connection, &change)?;
                Ok(installed)
            })
            .await
    }

    async fn active(&self) -> Result<Vec<Revision>> {
        self.readers
            .read(|connection| {
                let sql = select_revisions!(
                    "JOIN active_revision USING (extension, revision) ORDER BY extension"
                );
                revisions(connection, sql, [])
            })
            .await
    }

    async fn revisions(&self, extension: &str) -> Result<Vec<Revision>> {
        let extension = extension.to_owned();
        self.readers
            .read(move |connection| {
                let sql = select_revisions!("WHERE extension = ? ORDER BY revision");
                revisions(connection, sql, [extension])
            })
            .await
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>> {
        let digest = digest.to_owned();
        self.readers
            .read(move |connection| {
                let bytes: Option<Vec<u8>> = connection
                    .prepare_cached("SELECT bytes FROM component WHERE digest = ?")?
                    .query_row([&digest], |row| row.get(0))
                    .optional()?;
                bytes.map(|bytes| whole(&digest, bytes)).transpose()
            })
            .await
    }

    async fn deactivate(&self, extension: &str, who: &str) -> Result<bool> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                let before = active(connection, &extension)?;
                let removed = connection
                    .prepare_cached("DELETE FROM active_revision WHERE extension = ?")?
                    .execute([&extension])?;
                if removed > 0 {
                    let change = change(&who, "remove", &extension, before, None);
                    audit::insert(connection, &change)?;
                }
                Ok(removed > 0)
            })
            .await
    }

    async fn set_grants(
        &self,
        extension: &str,
        revision: u64,
        grants: &str,
        who: &str,
    ) -> Result<()> {
        let (extension, grants, who) = (extension.to_owned(), grants.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                let before: Option<String> = connection
                    .prepare_cached(
                        "SELECT grants FROM revision WHERE extension = ? AND revision = ?",
                    )?
                    .query_row(params![extension, number(revision)?], |row| row.get(0))
                    .optional()?;
                if before.is_none() {
                    return Err(no_such_revision(&extension, revision));
                }
                connection
                    .prepare_cached(
                        "UPDATE revision SET grants = ? WHERE extension = ? AND revision = ?",
                    )?
                    .execute(params![grants, extension, number(revision)?])?;
                let after = Some(grants.clone());
                let change = change(&who, "grants", &extension, before, after);
                audit::insert(connection, &change)
            })
            .await
    }
}

impl Sqlite {
    /// Components are large: hashed where blocking is allowed, and not by the writer.
    async fn digest(&self, component: Arc<[u8]>) -> Result<String> {
        self.readers.read(move |_| Ok(digest(&component))).await
    }
}

/// The active revision of an extension, as the audit log shows it.
fn active(connection: &Connection, extension: &str) -> Result<Option<String>> {
    let sql =
        select_revisions!("JOIN active_revision USING (extension, revision) WHERE extension = ?");
    let active = revisions(connection, sql, [extension])?;
    Ok(active.first().map(Revision::summary))
}

fn install(
    connection: &Connection,
    new: &NewRevision,
    component: &[u8],
    digest: &str,
    installed_at: &Timestamp,
) -> Result<Revision> {
    // Bytes that the disk has changed since are put right.
    connection
        .prepare_cached(
            "INSERT INTO component (digest, bytes) VALUES (?, ?)
             ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes
             WHERE bytes IS NOT excluded.bytes",
        )?
        .execute(params![digest, component])?;
    let revision: i64 = connection
        .prepare_cached(
            "INSERT INTO revision (extension, revision, digest, version, description, grants,
             settings, tool_prefix, source, installed_at)
             SELECT ?1, 1 + coalesce(max(revision), 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
             FROM revision WHERE extension = ?1
             RETURNING revision",
        )?
        .query_row(
            params![
                new.extension,
                digest,
                new.version,
                new.description,
                new.grants,
                new.settings,
                new.tool_prefix,
                new.source,
                installed_at.as_str(),
            ],
            |row| row.get(0),
        )?;
    connection
        .prepare_cached(
            "INSERT INTO active_revision (extension, revision) VALUES (?, ?)
             ON CONFLICT (extension) DO UPDATE SET revision = excluded.revision",
        )?
        .execute(params![new.extension, revision])?;
    Ok(Revision::installed(
        new.clone(),
        revision.unsigned_abs(),
        digest.to_owned(),
        *installed_at,
    ))
}

fn revisions(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<Revision>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut revisions = Vec::new();
    while let Some(row) = rows.next()? {
        revisions.push(RowColumns::new(row).revision()?);
    }
    Ok(revisions)
}
