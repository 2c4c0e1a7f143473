//! Keeps the store's indexes as the extensions declare them.
//!
//! Promise: what the RID types of the Snapshot declare is declared in the store, at the start and after
//! each change, and what that begins is brought to its end, in steps between other writes. An extension
//! that could not be activated keeps its indexes. Failure: is told in the log and tried again.

use std::sync::Arc;
use std::time::Duration;

use koi_registry::{Description, Registry, Snapshot};
use koi_store::{Declaration, Indexes, StoreError};
use tokio_util::sync::CancellationToken;

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_secs(10);

/// Runs until the node stops.
pub(crate) async fn keep(
    registry: Registry,
    indexes: Arc<dyn Indexes>,
    stopping: CancellationToken,
) {
    let mut changes = registry.changes();
    loop {
        changes.mark_unchanged();
        let wanted = wanted(&registry.snapshot());
        let done = tokio::select! {
            () = stopping.cancelled() => return,
            done = bring_about(&*indexes, &wanted) => done,
            // Begun anew with what is declared now.
            changed = changes.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let retry = match done {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(%error, "the indexes of the store are not as extensions declare them");
                Some(RETRY)
            }
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(retry.unwrap_or_default()), if retry.is_some() => {}
        }
    }
}

async fn bring_about(indexes: &dyn Indexes, wanted: &[Declaration]) -> Result<(), StoreError> {
    indexes.declare(wanted).await?;
    while indexes.tend().await? {}
    Ok(())
}

/// What extensions declare.
fn wanted(snapshot: &Snapshot) -> Vec<Declaration> {
    let active = snapshot
        .extensions
        .values()
        .flat_map(|extension| &extension.description.rid_types);
    let failed: Vec<Description> = snapshot
        .failed
        .values()
        .filter_map(|failed| Description::parse(&failed.revision.description).ok())
        .collect();
    let failed = failed.iter().flat_map(|description| &description.rid_types);
    let mut wanted: Vec<_> = active
        .chain(failed)
        .flat_map(|owned| {
            owned.indexes.iter().map(|path| Declaration {
                rid_type: owned.rid_type.clone(),
                path: path.clone(),
            })
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    wanted
}
