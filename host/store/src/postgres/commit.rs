//! Batches of changes: one statement for each, sent one behind the other.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::{Bundle, Rid, Timestamp};
use tokio_postgres::Row;

use super::query::{self, Binding, Request, Value};
use super::{Postgres, dead_letters, inbox, outbox};
use crate::indexes::Declared;
use crate::rows::{Bind, id, stored_bundle_columns};
use crate::{Batch, Commits, Committed, Op, Result, Sent, StoreError, Writer};

#[async_trait]
impl Commits for Postgres {
    async fn commit(&self, batch: Batch) -> Result<Committed> {
        let due = Timestamp::now();
        let declared = self.declared.clone();
        self.writer
            .write(async move |client| {
                let requests = batch
                    .ops
                    .iter()
                    .map(|op| request(op, &due, &declared))
                    .collect::<Result<Vec<_>>>()?;
                let answers = query::pipelined(client, &requests).await?;
                let mut committed = Committed::default();
                for (op, rows) in batch.ops.iter().zip(answers) {
                    settle(client, op, &rows, &mut committed).await?;
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

/// The statement that makes a change.
fn request<'v>(op: &'v Op, due: &'v Timestamp, declared: &Declared) -> Result<Request<'v>> {
    let (sql, values) = match op {
        Op::PutBundle {
            bundle,
            written_by,
            source,
        } => {
            let keys = declared.keys(bundle);
            return put(bundle, written_by.as_ref(), source.as_ref(), keys);
        }
        Op::Accept(arrival) => return inbox::insert(arrival, due),
        Op::Enqueue(outgoing) => return outbox::insert(outgoing),
        Op::Bury(draft) => return dead_letters::insert(draft),
        Op::DeleteBundle { rid } => (
            "DELETE FROM bundle WHERE sha256(rid) = sha256($1)",
            vec![rid.into()],
        ),
        Op::Acknowledge(entry) => ("DELETE FROM inbox WHERE id = $1", vec![id(*entry).into()]),
        Op::Postpone {
            id: entry,
            attempts,
            due,
        } => (
            "UPDATE inbox SET attempts = $1, due = $2 WHERE id = $3",
            vec![
                i64::from(*attempts).into(),
                due.as_str().into(),
                id(*entry).into(),
            ],
        ),
        Op::Delivered { sent } => (concat!("DELETE FROM outbox USING ", sent!()), columns(sent)),
        Op::Attempted { sent } => (
            concat!(
                "UPDATE outbox SET attempts = attempts + times FROM ",
                sent!()
            ),
            columns(sent),
        ),
        Op::Given { sent } => (
            concat!("UPDATE outbox SET given = given + times FROM ", sent!()),
            columns(sent),
        ),
        Op::Withdraw { peer, rid } => (
            "DELETE FROM outbox WHERE sha256(peer) = sha256($1) AND sha256(rid) = sha256($2)",
            vec![peer.into(), rid.into()],
        ),
        Op::DropPeer { peer } => (
            "DELETE FROM outbox WHERE sha256(peer) = sha256($1)",
            vec![peer.into()],
        ),
        Op::Exhume(letter) => (
            "DELETE FROM dead_letter WHERE id = $1 RETURNING id",
            vec![id(*letter).into()],
        ),
    };
    Ok(Request { sql, values })
}

/// What follows from what a change's statement gave.
async fn settle(
    client: &ClientWrapper,
    op: &Op,
    rows: &[Row],
    committed: &mut Committed,
) -> Result<()> {
    match op {
        Op::Accept(_) => committed.accepted.push(inbox::entry(rows)?),
        Op::Enqueue(outgoing) => outbox::inserted(client, outgoing, rows).await?,
        Op::Bury(draft) => dead_letters::inserted(client, draft, rows).await?,
        Op::Exhume(letter) if rows.is_empty() => {
            return Err(StoreError::NotFound {
                what: format!("dead letter {letter}"),
            });
        }
        _ => {}
    }
    Ok(())
}

/// What was sent, as two columns.
fn columns(sent: &[Sent]) -> Vec<Value<'static>> {
    vec![
        Value::Numbers(sent.iter().map(|sent| id(sent.id)).collect()),
        Value::Numbers(sent.iter().map(|sent| sent.version.into()).collect()),
    ]
}

macro_rules! put_bundle {
    () => {
        concat!(
            "INSERT INTO bundle (",
            stored_bundle_columns!(),
            ", rid_type, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (sha256(rid)) DO UPDATE SET timestamp = excluded.timestamp,
             sha256_hash = excluded.sha256_hash, extras = excluded.extras,
             contents = excluded.contents, writer_extension = excluded.writer_extension,
             writer_revision = excluded.writer_revision, writer_digest = excluded.writer_digest,
             source = excluded.source, time = excluded.time"
        )
    };
}

/// Keeps a bundle, and its keys if there are indexes for its type.
fn put<'v>(
    bundle: &'v Bundle,
    written_by: Option<&'v Writer>,
    source: Option<&'v Rid>,
    keys: Option<Vec<(i64, Vec<u8>)>>,
) -> Result<Request<'v>> {
    let mut bind = Binding::default();
    bind.stored_bundle(bundle, written_by, source)?;
    bind.string(bundle.manifest.rid.type_str())?;
    bind.number(Some(bundle.manifest.timestamp.to_micros()))?;
    let mut values = bind.values;
    let Some(keys) = keys else {
        let sql = put_bundle!();
        return Ok(Request { sql, values });
    };
    let (indexes, keys) = keys.into_iter().unzip();
    values.extend([Value::Numbers(indexes), Value::Owned(keys)]);
    Ok(Request {
        sql: concat!(
            "WITH kept AS (",
            put_bundle!(),
            " RETURNING id, rid), gone AS (
                 DELETE FROM bundle_key USING kept
                 WHERE bundle = kept.id AND bundle_index <> ALL ($12::bigint[])
             )
             INSERT INTO bundle_key (bundle, bundle_index, key, bundle_rid)
             SELECT kept.id, named.number, named.key, kept.rid
             FROM kept, unnest($12::bigint[], $13::bytea[]) AS named (number, key)
             ON CONFLICT (bundle, bundle_index) DO UPDATE SET key = excluded.key"
        ),
        values,
    })
}
