//! Installed extensions.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Timestamp;

use super::query::{self, Connected, RowColumns, Value};
use super::{Postgres, audit, blocking};
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
impl Extensions for Postgres {
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
            .write(async move |client| {
                let before = roles::serving(client, &new.extension).await?;
                let Component { bytes, digest } = component;
                put_component(client, &digest, &bytes).await?;
                let revision = put(client, &new, &digest, &installed_at, &who).await?;
                let digest = digest.to_string();
                let installed =
                    Revision::installed(new, revision, digest, installed_at, role, &who);
                roles::release_held(client, &installed.extension).await?;
                roles::put(client, &installed, role, &installed_at).await?;
                let before = before.map(|before| before.summary(Role::Serving));
                let after = Some(installed.summary(role));
                let change = change(&who, "install", &installed.extension, before, after);
                audit::insert(client, &change).await?;
                Ok(installed)
            })
            .await
    }

    async fn activations(&self) -> Result<Vec<Activation>> {
        let sql = select_activations!("ORDER BY extension, revision");
        roles::activations(&*self.reader().await?, sql, &[]).await
    }

    async fn activate(&self, extension: &str, revision: u64, role: Role, who: &str) -> Result<()> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(async move |client| {
                roles::change(client, &extension, revision, role, &who, "activate").await
            })
            .await
    }

    async fn approve(&self, extension: &str, revision: u64, grants: &str, who: &str) -> Result<()> {
        let (extension, grants, who) = (extension.to_owned(), grants.to_owned(), who.to_owned());
        self.writer
            .write(async move |client| {
                update_grants(client, &extension, revision, &grants).await?;
                let serving = Role::Serving;
                roles::change(client, &extension, revision, serving, &who, "approve").await
            })
            .await
    }

    async fn retire(&self, extension: &str, revision: u64, who: &str) -> Result<bool> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(async move |client| roles::retire(client, &extension, revision, &who).await)
            .await
    }

    async fn pin(&self, extension: &str, revision: u64, pinned: bool, who: &str) -> Result<()> {
        let (extension, who) = (extension.to_owned(), who.to_owned());
        self.writer
            .write(async move |client| {
                let sql = "UPDATE revision SET pinned = $3 WHERE extension = $1 AND revision = $2";
                let values = [
                    (&extension).into(),
                    number(revision)?.into(),
                    i64::from(pinned).into(),
                ];
                if query::execute(client, sql, &values).await? == 0 {
                    return Err(no_such_revision(&extension, revision));
                }
                let change = pinned_change(&who, &extension, revision, pinned);
                audit::insert(client, &change).await
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
            .write(async move |client| {
                let before = revision_of(client, &extension, revision).await?.deprecated;
                let sql =
                    "UPDATE revision SET deprecated = $3 WHERE extension = $1 AND revision = $2";
                let values = [
                    (&extension).into(),
                    number(revision)?.into(),
                    reason.as_deref().into(),
                ];
                query::execute(client, sql, &values).await?;
                let (before, after) = (before.as_deref(), reason.as_deref());
                let change = deprecated(&who, &extension, revision, before, after);
                audit::insert(client, &change).await
            })
            .await
    }

    async fn collect(&self, extension: &str, keep: usize) -> Result<Vec<u64>> {
        let extension = extension.to_owned();
        let keep = i64::try_from(keep.max(1)).unwrap_or(i64::MAX);
        self.writer
            .write(async move |client| collect(client, &extension, keep).await)
            .await
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
                let before = roles::serving(client, &extension).await?;
                let before = before.map(|before| before.summary(Role::Serving));
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
                let before = update_grants(client, &extension, revision, &grants).await?;
                let (before, after) = (Some(before), Some(grants));
                let change = change(&who, "grants", &extension, before, after);
                audit::insert(client, &change).await
            })
            .await
    }
}

/// Replaces the grants of a revision and gives those before.
async fn update_grants(
    client: &ClientWrapper,
    extension: &str,
    revision: u64,
    grants: &str,
) -> Result<String> {
    let before = revision_of(client, extension, revision).await?.grants;
    let sql = "UPDATE revision SET grants = $3 WHERE extension = $1 AND revision = $2";
    let values = [extension.into(), number(revision)?.into(), grants.into()];
    query::execute(client, sql, &values).await?;
    Ok(before)
}

/// Stores a component. Bytes that the disk has changed since are put right.
async fn put_component(client: &ClientWrapper, digest: &str, component: &[u8]) -> Result<()> {
    let sql = "INSERT INTO component (digest, bytes) VALUES ($1, $2)
               ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes
               WHERE component.bytes IS DISTINCT FROM excluded.bytes";
    query::execute(client, sql, &[digest.into(), Value::Bytes(component)]).await?;
    Ok(())
}

/// Adds the next revision of an extension and gives its number.
async fn put(
    client: &ClientWrapper,
    new: &NewRevision,
    digest: &str,
    installed_at: &Timestamp,
    who: &str,
) -> Result<u64> {
    let sql = "
        INSERT INTO revision (extension, revision, digest, version, description, grants, settings,
            tool_prefix, source, installed_at, installed_by, publisher)
        SELECT $1::bytea, 1 + coalesce(max(revision), 0), $2::bytea, $3::bytea, $4::bytea,
            $5::bytea, $6::bytea, $7::bytea, $8::bytea, $9::bytea, $10::bytea, $11::bytea
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
        who.into(),
        new.publisher.as_deref().into(),
    ];
    query::number(client, sql, &values).await
}

async fn collect(client: &ClientWrapper, extension: &str, keep: i64) -> Result<Vec<u64>> {
    let sql = "
        DELETE FROM revision WHERE extension = $1 AND pinned = 0
        AND revision NOT IN (SELECT revision FROM active_revision WHERE extension = $1)
        AND revision NOT IN
            (SELECT revision FROM revision WHERE extension = $1 ORDER BY revision DESC LIMIT $2)
        RETURNING revision, digest";
    let mut gone: Vec<(u64, String)> = Vec::new();
    for row in query::rows(client, sql, &[extension.into(), keep.into()]).await? {
        let mut columns = RowColumns::new(&row);
        gone.push((columns.number()?, columns.string()?));
    }
    gone.sort();
    for (_, digest) in &gone {
        let sql = "DELETE FROM component WHERE digest = $1
                   AND NOT EXISTS (SELECT FROM revision WHERE digest = $1)";
        query::execute(client, sql, &[digest.into()]).await?;
    }
    let gone: Vec<_> = gone.into_iter().map(|(revision, _)| revision).collect();
    if !gone.is_empty() {
        audit::insert(client, &collected(extension, &gone)).await?;
    }
    Ok(gone)
}

/// A revision that has to be there.
async fn revision_of(client: &ClientWrapper, extension: &str, revision: u64) -> Result<Revision> {
    let sql = select_revisions!("WHERE extension = $1 AND revision = $2");
    let values = [extension.into(), number(revision)?.into()];
    let found = revisions(client, sql, &values).await?.pop();
    found.ok_or_else(|| no_such_revision(extension, revision))
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
