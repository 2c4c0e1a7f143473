//! Who yields where two extensions list the same.
//!
//! Names in a list may be made of knowledge, which anybody may publish: such a list must not take
//! anything from another extension, let alone keep it from running. So whoever's list depends on
//! knowledge leaves the name out; of two such, the one that came last.

use std::collections::BTreeMap;
use std::sync::Arc;

use koi_rid::Rid;

use super::{ClaimKind, Collision, Snapshot};
use crate::entry::{ExtensionEntry, Lists};

/// Leaves names out of lists until each has one owner. Where both lists depend on knowledge, or
/// neither does, `latest` yields, else the second by name. Gives what was left out, with those who
/// yielded as claimants.
pub(crate) fn yield_names(
    extensions: &mut BTreeMap<String, Arc<ExtensionEntry>>,
    latest: Option<&str>,
) -> Vec<Collision> {
    let lost = lost(extensions, latest);
    let mut by_claimant: BTreeMap<&str, Vec<Collision>> = BTreeMap::new();
    for collision in &lost {
        let of = by_claimant.entry(&collision.claimant).or_default();
        of.push(collision.clone());
    }
    for (claimant, collisions) in by_claimant {
        if let Some(entry) = extensions.get_mut(claimant) {
            *entry = Arc::new(entry.yielding(collisions));
        }
    }
    lost
}

fn lost(
    extensions: &BTreeMap<String, Arc<ExtensionEntry>>,
    latest: Option<&str>,
) -> Vec<Collision> {
    // The sort is stable and extensions come by name.
    let mut order: Vec<_> = extensions.values().collect();
    order.sort_by_key(|entry| (entry.follows_knowledge(), Some(entry.name()) == latest));
    let rid_types: BTreeMap<&str, &str> = order
        .iter()
        .flat_map(|entry| &entry.rid_types)
        .map(|owned| (owned.rid_type.as_str(), &*owned.extension))
        .collect();
    let mut held: BTreeMap<(ClaimKind, &str), &str> = BTreeMap::new();
    let mut lost = Vec::new();
    for entry in order {
        let claimant = entry.name();
        for (kind, what) in names(&entry.lists) {
            // A RID is the URI of the bundle under it.
            let of_bundle = (kind == ClaimKind::Resource)
                .then(|| Rid::parse(what).ok())
                .flatten()
                .and_then(|rid| rid_types.get(rid.type_str()))
                .filter(|owner| **owner != claimant);
            match of_bundle.or_else(|| held.get(&(kind, what))) {
                Some(holder) => lost.push(Collision {
                    kind,
                    what: what.to_owned(),
                    holder: (*holder).to_owned(),
                    claimant: claimant.to_owned(),
                }),
                None => drop(held.insert((kind, what), claimant)),
            }
        }
    }
    lost
}

fn names(lists: &Lists) -> impl Iterator<Item = (ClaimKind, &str)> {
    let tools = lists.tools.keys().map(|name| (ClaimKind::Tool, &**name));
    let resources = lists
        .resources
        .keys()
        .map(|uri| (ClaimKind::Resource, &**uri));
    let templates = lists
        .templates
        .keys()
        .map(|uri| (ClaimKind::Template, &**uri));
    let prompts = lists
        .prompts
        .keys()
        .map(|name| (ClaimKind::Prompt, &**name));
    tools.chain(resources).chain(templates).chain(prompts)
}

impl Snapshot {
    /// The extensions that left a name out which is free now.
    pub(crate) fn may_list_more(&self) -> impl Iterator<Item = &str> {
        self.extensions
            .values()
            .filter(|entry| entry.left_out.iter().any(|name| !self.is_held(name)))
            .map(|entry| entry.name())
    }

    /// Whether what stood in the way of a list still does.
    fn is_held(&self, collision: &Collision) -> bool {
        let (what, holder) = (collision.what.as_str(), collision.holder.as_str());
        match collision.kind {
            ClaimKind::Tool => self
                .tools
                .get(what)
                .is_some_and(|e| *e.extension == *holder),
            ClaimKind::Template => self
                .templates
                .get(what)
                .is_some_and(|e| *e.extension == *holder),
            ClaimKind::Prompt => self
                .prompts
                .get(what)
                .is_some_and(|e| *e.extension == *holder),
            ClaimKind::Resource => {
                let of_bundle = Rid::parse(what)
                    .ok()
                    .and_then(|rid| self.rid_types.get(&rid.rid_type()));
                self.resources
                    .get(what)
                    .is_some_and(|e| *e.extension == *holder)
                    || of_bundle.is_some_and(|e| *e.extension == *holder)
            }
            ClaimKind::RidType | ClaimKind::Schema => true,
        }
    }
}
