//! Which revisions are active as what.

use deadpool_postgres::ClientWrapper;
use koi_rid::Timestamp;

use super::{Connected, RowColumns, Value, audit, number, query, revision_of};
use crate::extensions::change as audit_change;
use crate::rows::{Columns, activation_columns};
use crate::{Activation, Result, Revision, Role};

pub(super) async fn activations(
    client: &impl Connected,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Activation>> {
    let rows = query::rows(client, sql, values).await?;
    rows.iter()
        .map(|row| RowColumns::new(row).activation())
        .collect()
}

/// The revision of an extension that serves.
pub(super) async fn serving(client: &ClientWrapper, extension: &str) -> Result<Option<Revision>> {
    let sql = select_activations!("WHERE extension = $1 AND role = 'serving'");
    let found = activations(client, sql, &[extension.into()]).await?.pop();
    Ok(found.map(|activation| activation.revision))
}

/// Nothing waits for approval any more.
pub(super) async fn release_held(client: &ClientWrapper, extension: &str) -> Result<()> {
    let sql = "DELETE FROM active_revision WHERE extension = $1 AND role = 'held'";
    query::execute(client, sql, &[extension.into()]).await?;
    Ok(())
}

/// Makes a revision active in a role.
pub(super) async fn put(
    client: &ClientWrapper,
    revision: &Revision,
    role: Role,
    now: &Timestamp,
) -> Result<()> {
    let (extension, at) = (&revision.extension, number(revision.revision)?);
    let serving = serving(client, extension).await?;
    let serving = serving.map(|serving| serving.revision);
    role.check(extension, revision.revision, serving)?;
    let sql = "DELETE FROM active_revision
               WHERE extension = $1 AND (revision = $2 OR role = $3 AND role <> 'beside')";
    let values = [extension.into(), at.into(), role.as_str().into()];
    query::execute(client, sql, &values).await?;
    let sql = "INSERT INTO active_revision (extension, revision, role, share)
               VALUES ($1, $2, $3, $4)";
    let values = [
        extension.into(),
        at.into(),
        role.as_str().into(),
        role.share().into(),
    ];
    query::execute(client, sql, &values).await?;
    if role == Role::Serving {
        let sql = "UPDATE revision SET served_at = $3 WHERE extension = $1 AND revision = $2";
        let values = [extension.into(), at.into(), now.as_str().into()];
        query::execute(client, sql, &values).await?;
    }
    Ok(())
}

/// Makes a revision that is stored active in a role, with an entry in the audit log.
pub(super) async fn change(
    client: &ClientWrapper,
    extension: &str,
    revision: u64,
    role: Role,
    who: &str,
    action: &str,
) -> Result<()> {
    let before = serving(client, extension).await?;
    let before = before.filter(|_| role == Role::Serving);
    let before = before.map(|before| before.summary(Role::Serving));
    let revision = revision_of(client, extension, revision).await?;
    put(client, &revision, role, &Timestamp::now()).await?;
    let after = Some(revision.summary(role));
    let change = audit_change(who, action, extension, before, after);
    audit::insert(client, &change).await
}

/// Ends a role that is not that of serving.
pub(super) async fn retire(
    client: &ClientWrapper,
    extension: &str,
    revision: u64,
    who: &str,
) -> Result<bool> {
    let sql = select_activations!("WHERE extension = $1 AND revision = $2 AND role <> 'serving'");
    let values = [extension.into(), number(revision)?.into()];
    let Some(found) = activations(client, sql, &values).await?.pop() else {
        return Ok(false);
    };
    let sql = "DELETE FROM active_revision WHERE extension = $1 AND revision = $2";
    query::execute(client, sql, &values).await?;
    let before = Some(found.revision.summary(found.role));
    let change = audit_change(who, "retire", extension, before, None);
    audit::insert(client, &change).await?;
    Ok(true)
}
