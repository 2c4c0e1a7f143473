//! The tables, and how older schemas become like newer ones.
//!
//! A row of an index holds some 2.7 kB at the most, and RIDs, keys and URIs may be longer. So what is
//! equal is found by its SHA-256, and what has an order by its first 1024 bytes ([`head`]) and then by
//! the whole: that is the order of the whole.

pub(super) mod migrations;

use deadpool_postgres::ClientWrapper;
use migrations::MIGRATIONS;

use super::place::Place;
use crate::{Result, StoreError};

/// The beginning of a column or parameter, which indexes hold.
macro_rules! head {
    ($what:literal) => {
        concat!("substring(", $what, ", 1, 1024)")
    };
}

pub(super) use head;

/// Makes the schema if it is not there, brings it up to date, and makes it the one of the connection.
/// Only whoever holds the node's lock does so. Refuses a schema that is something else, and changes
/// none.
pub(super) async fn open(client: &mut ClientWrapper, place: &Place) -> Result<()> {
    let schema = place.quoted_schema();
    let transaction = client.transaction().await?;
    let sql = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    // Asked first: making one that is there takes a right that using it does not.
    let is_there: bool = transaction
        .query_one(sql, &[&place.schema])
        .await?
        .try_get(0)?;
    if !is_there {
        let make = format!("CREATE SCHEMA {schema}");
        transaction.batch_execute(&make).await?;
    }
    let enter = format!("SET search_path TO {schema}");
    transaction.batch_execute(&enter).await?;
    migrate(&transaction, place).await?;
    Ok(transaction.commit().await?)
}

async fn migrate(client: &tokio_postgres::Transaction<'_>, place: &Place) -> Result<()> {
    let found = version(client, place).await?;
    if found == MIGRATIONS.len() {
        return Ok(());
    }
    for statements in &MIGRATIONS[found..] {
        client.batch_execute(statements).await?;
    }
    let known = MIGRATIONS.len() as i64;
    client
        .execute("UPDATE koi_store SET version = $1", &[&known])
        .await?;
    Ok(())
}

/// The version of what is in the schema, 0 if there is nothing.
async fn version(client: &tokio_postgres::Transaction<'_>, place: &Place) -> Result<usize> {
    let sql = "SELECT count(*) FILTER (WHERE relname = 'koi_store'), count(*)
               FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
               WHERE nspname = $1";
    let row = client.query_one(sql, &[&place.schema]).await?;
    let (ours, all): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if ours == 0 && all == 0 {
        return Ok(0);
    }
    if ours == 0 {
        return Err(StoreError::Foreign {
            path: place.shown.clone(),
        });
    }
    let found: i64 = client
        .query_one("SELECT version FROM koi_store", &[])
        .await?
        .try_get(0)?;
    match usize::try_from(found) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        Ok(_) => Err(StoreError::Newer {
            path: place.shown.clone(),
            found,
            known: MIGRATIONS.len(),
        }),
        Err(error) => Err(StoreError::damaged("the schema version", error)),
    }
}
