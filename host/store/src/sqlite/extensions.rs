//! Installed extensions.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::rows::RowColumns;
use super::{Sqlite, audit};
use crate::extensions::{
    change, collected, deprecated, no_such_revision, pinned as pinned_change, whole,
};
use crate::rows::{Columns, activation_columns, revision as number, revision_columns};
use crate::{Activation, Component, Extensions, NewRevision, Result, Revision, Role};

macro_rules! select_revisions {
    ($rest:literal) => {
        concat!("SELECT ", revision_columns!(), " FROM revision ", $rest)
    };
}

macro_rules! select_activations {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            activation_columns!(),
            " FROM revision JOIN active_revision USING (extension, revision) ",
            $rest
        )
    };
}

mod roles;

#[async_trait]
impl Extensions for Sqlite {
    async fn install(
        &self,
        new: NewRevision,
        component: Component,
        role: Role,
        who: &str,
    ) -> Result<Revision> {
        let who = who.to_owned();
        let installed_at = Timestamp::now();
        self.writer
            .write(move |connection| {
                let before = roles::serving(connection, &new.extension)?;
                let put = put(connection, &new, &component, &installed_at, &who)?;
                let digest = component.digest.to_string();
                let installed =
                    Revision::installed(new.clone(), put, digest, installed_at, role, &who);
                roles::release_held(connection, &new.extension)?;
                roles::put(connection, &installed, role, &installed_at)?;
                let before = before.map(|before| before.summary(Role::Serving));
                let after = Some(installed.summary(role));
                let change = change(&who, "install", &new.extension, before, after);
                audit::insert(connection, &change)?;
                Ok(installed)
            })
            .await
    }

    async fn activations(&self) -> Result<Vec<Activation>> {
        self.readers
            .read(|connection| {
                let sql = select_activations!("ORDER BY extension, revision");
                roles::activations(connection, sql, [])
            })
            .await
    }

    async fn activate(&self, extension: &str, revision: u64, role: Role, who: &str) -> Result<()> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                roles::change(connection, &extension, revision, role, &who, "activate")
            })
            .await
    }

    async fn approve(&self, extension: &str, revision: u64, grants: &str, who: &str) -> Result<()> {
        let (extension, grants, who) = (extension.to_owned(), grants.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                update_grants(connection, &extension, revision, &grants)?;
                let serving = Role::Serving;
                roles::change(connection, &extension, revision, serving, &who, "approve")
            })
            .await
    }

    async fn retire(&self, extension: &str, revision: u64, who: &str) -> Result<bool> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| roles::retire(connection, &extension, revision, &who))
            .await
    }

    async fn pin(&self, extension: &str, revision: u64, pinned: bool, who: &str) -> Result<()> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                let is_there = connection
                    .prepare_cached(
                        "UPDATE revision SET pinned = ? WHERE extension = ? AND revision = ?",
                    )?
                    .execute(params![pinned, extension, number(revision)?])?;
                if is_there == 0 {
                    return Err(no_such_revision(&extension, revision));
                }
                let change = pinned_change(&who, &extension, revision, pinned);
                audit::insert(connection, &change)
            })
            .await
    }

    async fn deprecate(
        &self,
        extension: &str,
        revision: u64,
        reason: Option<String>,
        who: &str,
    ) -> Result<()> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(move |connection| {
                let before = revision_of(connection, &extension, revision)?.deprecated;
                connection
                    .prepare_cached(
                        "UPDATE revision SET deprecated = ? WHERE extension = ? AND revision = ?",
                    )?
                    .execute(params![reason, extension, number(revision)?])?;
                let (before, after) = (before.as_deref(), reason.as_deref());
                let change = deprecated(&who, &extension, revision, before, after);
                audit::insert(connection, &change)
            })
            .await
    }

    async fn collect(&self, extension: &str, keep: usize) -> Result<Vec<u64>> {
        let extension = extension.to_owned();
        let keep = i64::try_from(keep.max(1)).unwrap_or(i64::MAX);
        self.writer
            .write(move |connection| collect(connection, &extension, keep))
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
                let before = roles::serving(connection, &extension)?;
                let before = before.map(|before| before.summary(Role::Serving));
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
                let before = update_grants(connection, &extension, revision, &grants)?;
                let after = Some(grants.clone());
                let change = change(&who, "grants", &extension, Some(before), after);
                audit::insert(connection, &change)
            })
            .await
    }
}

/// Replaces the grants of a revision and gives those before.
fn update_grants(
    connection: &Connection,
    extension: &str,
    revision: u64,
    grants: &str,
) -> Result<String> {
    let before = revision_of(connection, extension, revision)?.grants;
    connection
        .prepare_cached("UPDATE revision SET grants = ? WHERE extension = ? AND revision = ?")?
        .execute(params![grants, extension, number(revision)?])?;
    Ok(before)
}

/// Stores a component and adds the next revision of an extension, whose number it gives.
/// Stores a component, unless it is there. Bytes that the disk has changed since are put right.
fn put_component(connection: &Connection, component: &Component) -> Result<()> {
    let (digest, bytes) = (&*component.digest, &*component.bytes);
    let is_there = connection
        .prepare_cached("SELECT bytes FROM component WHERE digest = ?")?
        .query_row([digest], |row| {
            Ok(row.get_ref(0)?.as_blob().ok() == Some(bytes))
        })
        .optional()?;
    if is_there != Some(true) {
        connection
            .prepare_cached(
                "INSERT INTO component (digest, bytes) VALUES (?, ?)
                 ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes",
            )?
            .execute(params![digest, bytes])?;
    }
    Ok(())
}

fn put(
    connection: &Connection,
    new: &NewRevision,
    component: &Component,
    installed_at: &Timestamp,
    who: &str,
) -> Result<u64> {
    let digest = &*component.digest;
    put_component(connection, component)?;
    let revision: i64 = connection
        .prepare_cached(
            "INSERT INTO revision (extension, revision, digest, version, description, grants,
             settings, tool_prefix, source, installed_at, installed_by, publisher)
             SELECT ?1, 1 + coalesce(max(revision), 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
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
                who,
                new.publisher,
            ],
            |row| row.get(0),
        )?;
    Ok(revision.unsigned_abs())
}

fn collect(connection: &Connection, extension: &str, keep: i64) -> Result<Vec<u64>> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM revision WHERE extension = ?1 AND pinned = 0
         AND revision NOT IN (SELECT revision FROM active_revision WHERE extension = ?1)
         AND revision NOT IN
             (SELECT revision FROM revision WHERE extension = ?1 ORDER BY revision DESC LIMIT ?2)
         RETURNING revision, digest",
    )?;
    let mut rows = statement.query(params![extension, keep])?;
    let mut gone = Vec::new();
    while let Some(row) = rows.next()? {
        gone.push((
            row.get::<_, i64>(0)?.unsigned_abs(),
            row.get::<_, String>(1)?,
        ));
    }
    gone.sort();
    for (_, digest) in &gone {
        connection
            .prepare_cached(
                "DELETE FROM component WHERE digest = ?1
                 AND NOT EXISTS (SELECT 1 FROM revision WHERE digest = ?1)",
            )?
            .execute([digest])?;
    }
    let gone: Vec<_> = gone.into_iter().map(|(revision, _)| revision).collect();
    if !gone.is_empty() {
        audit::insert(connection, &collected(extension, &gone))?;
    }
    Ok(gone)
}

/// A revision that has to be there.
fn revision_of(connection: &Connection, extension: &str, revision: u64) -> Result<Revision> {
    let sql = select_revisions!("WHERE extension = ? AND revision = ?");
    let found = revisions(connection, sql, params![extension, number(revision)?])?.pop();
    found.ok_or_else(|| no_such_revision(extension, revision))
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
