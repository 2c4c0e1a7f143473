//! Lists that depend on knowledge.

use koi_rid::RidType;

use super::Registry;

#[derive(Default)]
pub(super) struct Relisting {}

impl Registry {
    /// Tells that a bundle of the type was stored or forgotten. Returns at once; the extensions
    /// whose lists depend on it are asked for them again a little later.
    pub fn knowledge_changed(&self, rid_type: &RidType) {
        for name in self.inner.snapshot.load().dependents(rid_type) {
            self.relist(name);
        }
    }

    pub(super) fn relist(&self, _name: &str) {}
}
