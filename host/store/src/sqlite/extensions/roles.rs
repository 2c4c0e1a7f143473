//! Which revisions are active as what.

use koi_rid::Timestamp;
use rusqlite::{Connection, Params, params};

use super::{RowColumns, audit, number, revision_of};
use crate::extensions::change as audit_change;
use crate::rows::{Columns, activation_columns};
use crate::{Activation, Result, Revision, Role};

pub(super) fn activations(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Activation>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut activations = Vec::new();
    while let Some(row) = rows.next()? {
        activations.push(RowColumns::new(row).activation()?);
    }
    Ok(activations)
}

/// The revision of an extension that serves.
pub(super) fn serving(connection: &Connection, extension: &str) -> Result<Option<Revision>> {
    let sql = select_activations!("WHERE extension = ? AND role = 'serving'");
    let found = activations(connection, sql, [extension])?.pop();
    Ok(found.map(|activation| activation.revision))
}

/// Nothing waits for approval any more.
pub(super) fn release_held(connection: &Connection, extension: &str) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM active_revision WHERE extension = ? AND role = 'held'")?
        .execute([extension])?;
    Ok(())
}

/// Makes a revision active in a role.
pub(super) fn put(
    connection: &Connection,
    revision: &Revision,
    role: Role,
    now: &Timestamp,
) -> Result<()> {
    let (extension, at) = (&revision.extension, number(revision.revision)?);
    let serving = serving(connection, extension)?.map(|serving| serving.revision);
    role.check(extension, revision.revision, serving)?;
    connection
        .prepare_cached(
            "DELETE FROM active_revision
             WHERE extension = ?1 AND (revision = ?2 OR role = ?3 AND role <> 'beside')",
        )?
        .execute(params![extension, at, role.as_str()])?;
    connection
        .prepare_cached(
            "INSERT INTO active_revision (extension, revision, role, share) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![extension, at, role.as_str(), role.share()])?;
    if role == Role::Serving {
        connection
            .prepare_cached(
                "UPDATE revision SET served_at = ? WHERE extension = ? AND revision = ?",
            )?
            .execute(params![now.as_str(), extension, at])?;
    }
    Ok(())
}

/// Makes a revision that is stored active in a role, with an entry in the audit log.
pub(super) fn change(
    connection: &Connection,
    extension: &str,
    revision: u64,
    role: Role,
    who: &str,
    action: &str,
) -> Result<()> {
    let before = serving(connection, extension)?.filter(|_| role == Role::Serving);
    let before = before.map(|before| before.summary(Role::Serving));
    let revision = revision_of(connection, extension, revision)?;
    put(connection, &revision, role, &Timestamp::now())?;
    let after = Some(revision.summary(role));
    audit::insert(
        connection,
        &audit_change(who, action, extension, before, after),
    )
}

/// Ends a role that is not that of serving.
pub(super) fn retire(
    connection: &Connection,
    extension: &str,
    revision: u64,
    who: &str,
) -> Result<bool> {
    let sql = select_activations!("WHERE extension = ? AND revision = ? AND role <> 'serving'");
    let Some(found) = activations(connection, sql, params![extension, number(revision)?])?.pop()
    else {
        return Ok(false);
    };
    connection
        .prepare_cached("DELETE FROM active_revision WHERE extension = ? AND revision = ?")?
        .execute(params![extension, number(revision)?])?;
    let before = Some(found.revision.summary(found.role));
    audit::insert(
        connection,
        &audit_change(who, "retire", extension, before, None),
    )?;
    Ok(true)
}
