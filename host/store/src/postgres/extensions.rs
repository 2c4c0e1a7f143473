//! Installed extensions.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Timestamp;

use super::query::{self, Connected, RowColumns, Value};
use super::{Postgres, audit, blocking};
use crate::extensions::{change, digest, no_such_revision, whole};
use crate::rows::{Columns, revision as number, revision_columns};
use crate::{Extensions, NewRevision, Result, Revision};

macro_rules! select_revisions {
    ($rest:literal) => {
        concat!("SELECT ", revision_columns!(), " FROM revision ", $rest)
    };
}

#[async_trait]
impl Extensions for Postgres {
    async fn install(&self, new: NewRevision, component: &[u8], who: &str) -> Result<Revision> {
        let (component, who) = (component.to_vec(), who.to_owned());
        // Components are large: hashed where blocking is allowed, and not by the writer.
        let (component, digest) = blocking(move || {
            let digest = digest(&component);
            Ok((component, digest))
        })
        .await?;
        let installed_at = Timestamp::now();
        self.writer
            .write(async move |client| {
                let before = active(client, &new.extension).await?;
                put_component(client, &digest, &component).await?;
                let revision = install(client, &new, &digest, &installed_at).await?;
                let installed = Revision::installed(new, revision, digest, installed_at);
                let after = Some(installed.summary());
                let change = change(&who, "install", &installed.extension, before, after);
                audit::insert(client, &change).await?;
                Ok(installed)
            })
            .await
    }

    async fn active(&self) -> Result<Vec<Revision>> {
        let sql = select_revisions!(
            "JOIN active_revision USING (extension, revision) ORDER BY extension"
        );
        revisions(&*self.reader().await?, sql, &[]).await
    }

    async fn revisions(&self, extension: &str) -> Result<Vec<Revision>> {
        let sql = select_revisions!("WHERE extension = $1 ORDER BY revision");
        revisions(&*self.reader().await?, sql, &[extension.into()]).await
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM component WHERE digest = $1";
        let Some(row) = query::row(&*self.reader().await?, sql, &[digest.into()]).await? else {
            return Ok(None);
        };
        let digest = digest.to_owned();
        blocking(move || {
            let bytes = RowColumns::new(&row).bytes()?.map(<[u8]>::to_vec);
            bytes.map(|bytes| whole(&digest, bytes)).transpose()
        })
        .await
    }

    async fn deactivate(&self, extension: &str, who: &str) -> Result<bool> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(async move |client| {
                let before = active(client, &extension).await?;
                let sql = "DELETE FROM active_revision WHERE extension = $1";
                let removed = query::execute(client, sql, &[(&extension).into()]).await?;
                if removed > 0 {
                    let change = change(&who, "remove", &extension, before, None);
                    audit::insert(client, &change).await?;
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
            .write(async move |client| {
                let values = [
                    (&extension).into(),
                    number(revision)?.into(),
                    (&grants).into(),
                ];
                let sql = "SELECT grants FROM revision WHERE extension = $1 AND revision = $2";
                let row = query::row(client, sql, &values[..2]).await?;
                let row = row.ok_or_else(|| no_such_revision(&extension, revision))?;
                let before = RowColumns::new(&row).maybe_string()?;
                let sql = "UPDATE revision SET grants = $3 WHERE extension = $1 AND revision = $2";
                query::execute(client, sql, &values).await?;
                let change = change(&who, "grants", &extension, before, Some(grants.clone()));
                audit::insert(client, &change).await
            })
            .await
    }
}

/// The active revision of an extension, as the audit log shows it.
async fn active(client: &ClientWrapper, extension: &str) -> Result<Option<String>> {
    let sql =
        select_revisions!("JOIN active_revision USING (extension, revision) WHERE extension = $1");
    let active = revisions(client, sql, &[extension.into()]).await?;
    Ok(active.first().map(Revision::summary))
}

/// Stores a component. Bytes that the disk has changed since are put right.
async fn put_component(client: &ClientWrapper, digest: &str, component: &[u8]) -> Result<()> {
    let sql = "INSERT INTO component (digest, bytes) VALUES ($1, $2)
               ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes
               WHERE component.bytes IS DISTINCT FROM excluded.bytes";
    query::execute(client, sql, &[digest.into(), Value::Bytes(component)]).await?;
    Ok(())
}

/// Adds the next revision of an extension, makes it the active one and gives its number.
async fn install(
    client: &ClientWrapper,
    new: &NewRevision,
    digest: &str,
    installed_at: &Timestamp,
) -> Result<u64> {
    let sql = "
        INSERT INTO revision (extension, revision, digest, version, description, grants, settings,
            tool_prefix, source, installed_at)
        SELECT $1::bytea, 1 + coalesce(max(revision), 0), $2::bytea, $3::bytea, $4::bytea,
            $5::bytea, $6::bytea, $7::bytea, $8::bytea, $9::bytea
        FROM revision WHERE extension = $1
        RETURNING revision";
    let values = [
        (&new.extension).into(),
        digest.into(),
        (&new.version).into(),
        (&new.description).into(),
        (&new.grants).into(),
        (&new.settings).into(),
        (&new.tool_prefix).into(),
        (&new.source).into(),
        installed_at.as_str().into(),
    ];
    let revision = query::number(client, sql, &values).await?;
    let sql = "INSERT INTO active_revision (extension, revision) VALUES ($1, $2)
               ON CONFLICT (extension) DO UPDATE SET revision = excluded.revision";
    let values = [(&new.extension).into(), number(revision)?.into()];
    query::execute(client, sql, &values).await?;
    Ok(revision)
}

async fn revisions(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Revision>> {
    let rows = query::rows(client, sql, values).await?;
    rows.iter()
        .map(|row| RowColumns::new(row).revision())
        .collect()
}
