//! From a change to the mailboxes: what the registry and the pipeline tell, as notices.

use std::collections::BTreeSet;
use std::sync::Weak;
use std::time::Duration;

use koi_pipeline::Change;
use koi_rid::{EventType, RidType};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::notices::Lists;
use crate::shared::Shared;
use crate::view::View;

/// How long changes of lists are gathered before clients hear of them: a hundred bundles are one
/// notice.
const GATHERING: Duration = Duration::from_millis(50);

/// What has changed since clients were last told.
#[derive(Default)]
struct Gathered {
    lists: Lists,
    rid_types: BTreeSet<RidType>,
    due: Option<Instant>,
}

impl Gathered {
    fn begin(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + GATHERING);
    }
}

/// Tells listeners of changes until the server ends.
pub(crate) async fn listen(
    server: Weak<Shared>,
    mut changes: broadcast::Receiver<Change>,
    ending: CancellationToken,
) {
    let Some(shared) = server.upgrade() else {
        return;
    };
    let mut generations = shared.generations();
    let mut told = shared.view();
    drop(shared);
    let mut gathered = Gathered::default();
    let (mut registry_ended, mut knowledge_ended) = (false, false);
    loop {
        let due = gathered.due;
        let gathering = async move {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ending.cancelled() => return,
            published = generations.changed(), if !registry_ended => {
                registry_ended = published.is_err();
                let Some(shared) = server.upgrade() else { return };
                let view = shared.view();
                let changed = view.differs_from(&told);
                if let Some(search) = &shared.search {
                    search.prepare(view.clone());
                }
                told = view;
                gathered.lists.tools |= changed.tools;
                gathered.lists.resources |= changed.resources;
                gathered.lists.prompts |= changed.prompts;
                gathered.begin();
            }
            change = changes.recv(), if !knowledge_ended => {
                let Some(shared) = server.upgrade() else { return };
                match change {
                    Ok(change) => heard(&shared, &shared.view(), change, &mut gathered),
                    Err(RecvError::Lagged(_)) => missed(&shared, &shared.view(), &mut gathered),
                    Err(RecvError::Closed) => knowledge_ended = true,
                }
            }
            () = gathering => {
                let Some(shared) = server.upgrade() else { return };
                tell(&shared, std::mem::take(&mut gathered));
            }
        }
    }
}

fn heard(shared: &Shared, view: &View, change: Change, gathered: &mut Gathered) {
    let rid_type = change.rid.rid_type();
    if view.rid_type(&rid_type).is_some() {
        shared.hub.resource_updated(change.rid.as_str());
        if change.event_type != EventType::Update {
            gathered.lists.resources = true;
            gathered.begin();
        }
    }
    if !view.snapshot.dependents(&rid_type).is_empty() {
        gathered.rid_types.insert(rid_type);
        gathered.begin();
    }
}

/// More has changed than was heard of: as if everything had.
fn missed(shared: &Shared, view: &View, gathered: &mut Gathered) {
    for uri in shared.hub.watched() {
        shared.hub.resource_updated(&uri);
    }
    gathered.lists.resources |= !view.rid_types.is_empty();
    gathered.begin();
}

fn tell(shared: &Shared, gathered: Gathered) {
    shared.hub.lists_changed(gathered.lists);
    if gathered.rid_types.is_empty() {
        return;
    }
    // An extension whose lists depend on knowledge makes its resources of it too.
    let view = shared.view();
    let dependents: BTreeSet<_> = gathered
        .rid_types
        .iter()
        .flat_map(|of| view.snapshot.dependents(of))
        .collect();
    for uri in shared.hub.watched() {
        if view
            .owner_of(&uri)
            .is_some_and(|owner| dependents.contains(&owner))
        {
            shared.hub.resource_updated(&uri);
        }
    }
}
