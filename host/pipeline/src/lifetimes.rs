//! How long knowledge is kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use koi_rid::{Manifest, RidType};

/// For some RID types, how long their knowledge is kept after the time of its manifest. Of all others
/// it is kept for good. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Lifetimes(Arc<BTreeMap<RidType, Duration>>);

impl Lifetimes {
    /// By type. Types that the host itself needs (nodes and edges) are for the caller to keep out.
    #[must_use]
    pub fn new(by_type: BTreeMap<RidType, Duration>) -> Self {
        Self(Arc::new(by_type))
    }

    /// How long knowledge of a type is kept, if not for good.
    #[must_use]
    pub fn of(&self, rid_type: &RidType) -> Option<Duration> {
        self.0.get(rid_type).copied()
    }

    /// Whether what a manifest is about is kept no longer, by this node's clock.
    #[must_use]
    pub fn are_over_for(&self, manifest: &Manifest) -> bool {
        let now = koi_rid::Timestamp::now().to_micros();
        self.end(manifest).is_some_and(|end| end <= now)
    }

    /// The types whose knowledge is not kept for good.
    pub(crate) fn types(&self) -> impl Iterator<Item = &RidType> {
        self.0.keys()
    }

    /// When what a manifest is about is kept no longer, in microseconds since 1970.
    pub(crate) fn end(&self, manifest: &Manifest) -> Option<i64> {
        if self.0.is_empty() {
            return None;
        }
        let lifetime = self.of(&manifest.rid.rid_type())?;
        let lifetime = i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX);
        Some(manifest.timestamp.to_micros().saturating_add(lifetime))
    }
}

#[cfg(test)]
mod tests {
    use koi_rid::{Bundle, Contents, Rid, Timestamp};

    use super::*;

    #[test]
    fn a_lifetime_counts_from_the_manifest_and_for_its_type_alone() {
        let lifetime = [(RidType::parse("orn:a").unwrap(), Duration::from_secs(60))];
        let lifetimes = Lifetimes::new(lifetime.into());
        let manifest = |rid: &str, seconds_ago: i64| {
            let rid = Rid::parse(rid).unwrap();
            let mut manifest = Bundle::generate(rid, Contents::parse("{}").unwrap()).manifest;
            let at = Timestamp::now().to_micros() - seconds_ago * 1_000_000;
            manifest.timestamp = Timestamp::from_micros(at);
            manifest
        };
        assert!(lifetimes.are_over_for(&manifest("orn:a:1", 61)));
        assert!(!lifetimes.are_over_for(&manifest("orn:a:1", 50)));
        assert!(!lifetimes.are_over_for(&manifest("orn:b:1", 61)));
        assert!(!Lifetimes::default().are_over_for(&manifest("orn:a:1", 61)));
    }
}
