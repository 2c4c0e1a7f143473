//! What is checked, one module for each part of the contract, in the order of an extension's life.

pub(crate) mod describe;
mod grants;
mod handlers;
mod lifecycle;
mod limits;
mod lists;
mod more;
mod references;
mod schemas;
mod tools;

use koi_rid::Rid;

use crate::run::Run;

/// All checks after `describe`.
pub(crate) async fn all(run: &mut Run<'_>) {
    schemas::examples_fit(run);
    if !lists::check(run).await {
        return;
    }
    lifecycle::start(run).await;
    let rids = references::check(run).await;
    tools::examples(run).await;
    schemas::check(run, &rids).await;
    handlers::check(run, &rids).await;
    tools::check(run).await;
    more::check(run).await;
    lists::again(run).await;
    lifecycle::stop(run).await;
    grants::check(run);
    limits::check(run);
}

/// RIDs of each RID type that the extension has to do with, in a fixed order.
pub(crate) struct Rids(Vec<(String, Vec<Rid>)>);

impl Rids {
    /// Those of a type.
    fn of(&self, rid_type: &str) -> &[Rid] {
        let found = self.0.iter().find(|(name, _)| name == rid_type);
        found.map_or(&[], |(_, rids)| rids)
    }
}
