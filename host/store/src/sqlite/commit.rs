//! Batches of changes.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::rows::Binding;
use super::{Sqlite, dead_letters, inbox, indexes, outbox};
use crate::indexes::Declared;
use crate::rows::{Bind, id, stored_bundle_columns};
use crate::{Batch, Commits, Committed, Op, Result};

#[async_trait]
impl Commits for Sqlite {
    async fn commit(&self, batch: Batch) -> Result<Committed> {
        let declared = self.declared.clone();
        self.writer
            .write(move |connection| {
                let mut committed = Committed::default();
                for op in &batch.ops {
                    apply(connection, op, &declared, &mut committed)?;
                }
                Ok(committed)
            })
            .await
    }
}

fn apply(
    connection: &Connection,
    op: &Op,
    declared: &Declared,
    committed: &mut Committed,
) -> Result<()> {
    let execute = |sql, params: &[&dyn rusqlite::ToSql]| -> Result<usize> {
        Ok(connection.prepare_cached(sql)?.execute(params)?)
    };
    match op {
        Op::PutBundle {
            bundle,
            written_by,
            source,
        } => {
            let mut statement = connection.prepare_cached(concat!(
                "INSERT INTO bundle (",
                stored_bundle_columns!(),
                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (rid) DO UPDATE SET timestamp = excluded.timestamp,
                 sha256_hash = excluded.sha256_hash, extras = excluded.extras,
                 contents = excluded.contents, writer_extension = excluded.writer_extension,
                 writer_revision = excluded.writer_revision,
                 writer_digest = excluded.writer_digest, source = excluded.source"
            ))?;
            let mut bind = Binding::new(&mut statement);
            bind.stored_bundle(bundle, written_by.as_ref(), source.as_ref())?;
            bind.execute()?;
            if let Some(keys) = declared.keys(bundle) {
                indexes::put(connection, bundle.manifest.rid.as_str(), &keys)?;
            }
        }
        Op::DeleteBundle { rid } => {
            execute("DELETE FROM bundle WHERE rid = ?", params![rid.as_str()])?;
        }
        Op::Accept(arrival) => {
            let due = koi_rid::Timestamp::now();
            committed
                .accepted
                .push(inbox::insert(connection, arrival, &due)?);
        }
        Op::Acknowledge(entry) => {
            execute("DELETE FROM inbox WHERE id = ?", params![id(*entry)])?;
        }
        Op::Postpone {
            id: entry,
            attempts,
            due,
        } => {
            execute(
                "UPDATE inbox SET attempts = ?, due = ? WHERE id = ?",
                params![attempts, due.as_str(), id(*entry)],
            )?;
        }
        Op::Enqueue(outgoing) => outbox::insert(connection, outgoing)?,
        Op::Delivered { sent } => {
            for sent in sent {
                execute(
                    "DELETE FROM outbox WHERE id = ? AND version = ?",
                    params![id(sent.id), sent.version],
                )?;
            }
        }
        Op::Attempted { sent } => {
            for sent in sent {
                execute(
                    "UPDATE outbox SET attempts = attempts + 1 WHERE id = ? AND version = ?",
                    params![id(sent.id), sent.version],
                )?;
            }
        }
        Op::Given { sent } => {
            for sent in sent {
                execute(
                    "UPDATE outbox SET given = given + 1 WHERE id = ? AND version = ?",
                    params![id(sent.id), sent.version],
                )?;
            }
        }
        Op::Withdraw { peer, rid } => {
            execute(
                "DELETE FROM outbox WHERE peer = ? AND rid = ?",
                params![peer.as_str(), rid.as_str()],
            )?;
        }
        Op::DropPeer { peer } => {
            execute("DELETE FROM outbox WHERE peer = ?", params![peer.as_str()])?;
        }
        Op::Bury(draft) => dead_letters::insert(connection, draft)?,
        Op::Exhume(letter) => dead_letters::remove(connection, *letter)?,
    }
    Ok(())
}
