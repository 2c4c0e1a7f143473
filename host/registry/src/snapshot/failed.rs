//! Extensions that are installed and do not run.

use std::collections::BTreeSet;

use koi_rid::{Rid, RidType};
use koi_store::Revision;

use crate::description::{Description, HOST_RID_TYPES};
use crate::entry::ExtensionEntry;
use crate::grant::{Grants, Right};

/// An extension that does not do its part for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing<'s> {
    /// Its name.
    pub extension: &'s str,
    /// Why.
    pub reason: &'s str,
}

/// Whether objects of this RID are checked by an extension's rules or shown to its handlers.
pub(super) fn has_a_say_in(entry: &ExtensionEntry, rid: &Rid) -> bool {
    let rid_type = rid.rid_type();
    let is_hosts = HOST_RID_TYPES.contains(&rid_type.as_str());
    entry
        .rid_types
        .iter()
        .any(|owned| owned.rid_type == rid_type)
        || !is_hosts
            && entry.access.allows(Right::Handle, rid)
            && entry
                .handlers
                .iter()
                .any(|handler| handler.rid_types.contains(&rid_type))
}

/// An extension that is installed and could not be activated when the node started.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The revision that should run.
    pub revision: Revision,
    /// Why it does not.
    pub error: String,
    owned: BTreeSet<RidType>,
    handled: BTreeSet<RidType>,
    granted: Grants,
}

impl Failed {
    /// What its part in the pipeline is follows from what it said of itself when it was installed, and from
    /// what it was granted. If that cannot be read any more it has none.
    pub(crate) fn new(revision: Revision, error: String) -> Self {
        let description = Description::parse(&revision.description).ok();
        let (mut owned, mut handled) = (BTreeSet::new(), BTreeSet::new());
        if let Some(description) = &description {
            let types = description.rid_types.iter();
            owned.extend(types.map(|owned| owned.rid_type.clone()));
            let types = description.handlers.iter();
            let types = types.flat_map(|handler| &handler.rid_types);
            let types = types.filter(|of| !HOST_RID_TYPES.contains(&of.as_str()));
            handled.extend(types.cloned());
        }
        let granted = serde_json::from_str(&revision.grants).unwrap_or_default();
        Self {
            revision,
            error,
            owned,
            handled,
            granted,
        }
    }

    pub(super) fn missing(&self) -> Missing<'_> {
        Missing {
            extension: &self.revision.extension,
            reason: &self.error,
        }
    }

    /// Whether objects of this RID are checked by its rules or shown to its handlers while it runs. Nodes and
    /// edges are the host's own, and without them a node would be cut off: they wait for nobody.
    pub(crate) fn has_a_say_in(&self, rid: &Rid) -> bool {
        let rid_type = rid.rid_type();
        self.owned.contains(&rid_type)
            || self.handled.contains(&rid_type) && self.granted.cover(Right::Handle, rid)
    }
}
