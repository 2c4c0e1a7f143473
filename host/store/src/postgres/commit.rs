//! Batches of changes.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::{Bundle, Rid, Timestamp};

use super::query::{self, Binding, Value};
use super::{Postgres, dead_letters, inbox, outbox};
use crate::rows::{Bind, id, stored_bundle_columns};
use crate::{Batch, Commits, Committed, Op, Result, Sent, Writer};

#[async_trait]
impl Commits for Postgres {
    async fn commit(&self, batch: Batch) -> Result<Committed> {
        self.writer
            .write(async move |client| {
                let mut committed = Committed::default();
                for op in &batch.ops {
                    apply(client, op, &mut committed).await?;
                }
                Ok(committed)
            })
            .await
    }
}

/// The rows that are what was sent, and how often each is named.
macro_rules! sent {
    () => {
        "(
             SELECT id AS sent, version AS sent_version, count(*) AS times
             FROM unnest($1::bigint[], $2::bigint[]) AS named (id, version) GROUP BY id, version
         ) AS named WHERE id = sent AND version = sent_version"
    };
}

async fn apply(client: &ClientWrapper, op: &Op, committed: &mut Committed) -> Result<()> {
    let execute = async |sql: &str, values: &[Value<'_>]| -> Result<()> {
        query::execute(client, sql, values).await.map(drop)
    };
    match op {
        Op::PutBundle {
            bundle,
            written_by,
            source,
        } => put(client, bundle, written_by.as_ref(), source.as_ref()).await,
        Op::DeleteBundle { rid } => {
            let sql = "DELETE FROM bundle WHERE sha256(rid) = sha256($1)";
            execute(sql, &[rid.into()]).await
        }
        Op::Accept(arrival) => {
            let entry = inbox::insert(client, arrival, &Timestamp::now()).await?;
            committed.accepted.push(entry);
            Ok(())
        }
        Op::Acknowledge(entry) => {
            execute("DELETE FROM inbox WHERE id = $1", &[id(*entry).into()]).await
        }
        Op::Postpone {
            id: entry,
            attempts,
            due,
        } => {
            let sql = "UPDATE inbox SET attempts = $1, due = $2 WHERE id = $3";
            let attempts = i64::from(*attempts);
            execute(
                sql,
                &[attempts.into(), due.as_str().into(), id(*entry).into()],
            )
            .await
        }
        Op::Enqueue(outgoing) => outbox::insert(client, outgoing).await,
        Op::Delivered { sent } => {
            let sql = concat!("DELETE FROM outbox USING ", sent!());
            execute(sql, &columns(sent)).await
        }
        Op::Attempted { sent } => {
            let sql = concat!(
                "UPDATE outbox SET attempts = attempts + times FROM ",
                sent!()
            );
            execute(sql, &columns(sent)).await
        }
        Op::Given { sent } => {
            let sql = concat!("UPDATE outbox SET given = given + times FROM ", sent!());
            execute(sql, &columns(sent)).await
        }
        Op::Withdraw { peer, rid } => outbox::withdraw(client, peer, rid).await,
        Op::DropPeer { peer } => {
            let sql = "DELETE FROM outbox WHERE sha256(peer) = sha256($1)";
            execute(sql, &[peer.into()]).await
        }
        Op::Bury(draft) => dead_letters::insert(client, draft).await,
        Op::Exhume(letter) => dead_letters::remove(client, *letter).await,
    }
}

/// What was sent, as two columns.
fn columns(sent: &[Sent]) -> [Value<'static>; 2] {
    [
        Value::Numbers(sent.iter().map(|sent| id(sent.id)).collect()),
        Value::Numbers(sent.iter().map(|sent| sent.version.into()).collect()),
    ]
}

async fn put(
    client: &ClientWrapper,
    bundle: &Bundle,
    written_by: Option<&Writer>,
    source: Option<&Rid>,
) -> Result<()> {
    let sql = concat!(
        "INSERT INTO bundle (",
        stored_bundle_columns!(),
        ", rid_type, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (sha256(rid)) DO UPDATE SET timestamp = excluded.timestamp,
         sha256_hash = excluded.sha256_hash, extras = excluded.extras,
         contents = excluded.contents, writer_extension = excluded.writer_extension,
         writer_revision = excluded.writer_revision, writer_digest = excluded.writer_digest,
         source = excluded.source, time = excluded.time"
    );
    let mut bind = Binding::default();
    bind.stored_bundle(bundle, written_by, source)?;
    bind.string(bundle.manifest.rid.type_str())?;
    bind.number(Some(bundle.manifest.timestamp.to_micros()))?;
    query::execute(client, sql, &bind.values).await?;
    Ok(())
}
