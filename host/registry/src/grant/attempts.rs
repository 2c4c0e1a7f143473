//! What an extension tried and was refused, so that its operator can grant just that.
//!
//! Kept in memory, from when learning is switched on until the node stops; bounded. To learn changes
//! nothing about what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use koi_rid::RidType;
use serde::Serialize;

use super::{Access, Grant, Pattern, Right};

/// Different attempts that are kept in mind.
const MAX_ATTEMPTS: usize = 512;

/// References of one RID type that are proposed one by one; of more, what they have in common.
const MAX_REFERENCES: usize = 8;

/// What one extension was refused.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    learning: AtomicBool,
    tried: Mutex<Tried>,
}

#[derive(Debug, Default)]
struct Tried {
    /// The smallest grant that would have allowed it, and how often it was missing.
    grants: BTreeMap<Grant, u64>,
    /// How often there was no room for another.
    more: u64,
}

/// What an extension tried and was refused while its attempts were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Learned {
    /// Whether attempts are being recorded.
    pub learning: bool,
    /// What it tried: the grant that would have allowed just that, and how often.
    pub tried: Vec<(Grant, u64)>,
    /// Attempts that are not in the list, since it is full.
    pub not_listed: u64,
    /// The smallest grants that allow what it tried and asks for.
    pub propose: Vec<Grant>,
    /// What it tried and does not ask for in its description, so that it cannot be granted.
    pub not_asked: Vec<Grant>,
}

impl Attempts {
    /// Begins or ends recording; beginning forgets what was recorded before.
    pub(crate) fn learn(&self, on: bool) {
        if on {
            *self.tried() = Tried::default();
        }
        self.learning.store(on, Ordering::Relaxed);
    }

    /// Records a refusal, if that is switched on.
    pub(super) fn note(&self, missing: impl FnOnce() -> Option<Grant>) {
        if !self.learning.load(Ordering::Relaxed) {
            return;
        }
        let Some(grant) = missing() else { return };
        let mut tried = self.tried();
        if tried.grants.len() == MAX_ATTEMPTS && !tried.grants.contains_key(&grant) {
            tried.more += 1;
        } else {
            *tried.grants.entry(grant).or_default() += 1;
        }
    }

    /// What follows from it for what the extension may do now.
    pub(crate) fn learned(&self, access: &Access) -> Learned {
        let tried = self.tried();
        let granted = access.granted();
        let asked = |grant: &Grant| {
            let mut asks = access.asks().iter();
            asks.any(|ask| grant.shared(ask).as_ref() == Some(grant))
        };
        let missing = tried.grants.keys().filter(|grant| !granted.include(grant));
        let (propose, not_asked): (Vec<Grant>, Vec<Grant>) =
            missing.cloned().partition(|grant| asked(grant));
        Learned {
            learning: self.learning.load(Ordering::Relaxed),
            tried: tried
                .grants
                .iter()
                .map(|(grant, times)| (grant.clone(), *times))
                .collect(),
            not_listed: tried.more,
            propose: narrowed(gathered(propose), access),
            not_asked: gathered(not_asked),
        }
    }

    /// Nothing panics while it holds the lock, and no guest runs.
    fn tried(&self) -> MutexGuard<'_, Tried> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Many references of one type become what they have in common.
fn gathered(grants: Vec<Grant>) -> Vec<Grant> {
    let mut references: BTreeMap<(Right, RidType), BTreeSet<String>> = BTreeMap::new();
    let mut gathered = BTreeSet::new();
    for grant in grants {
        match &grant {
            Grant::Knowledge(right, pattern) => {
                let of = references.entry((*right, pattern.rid_type().clone()));
                let reference = pattern.reference().unwrap_or("*");
                of.or_default().insert(reference.to_owned());
            }
            _ => {
                gathered.insert(grant);
            }
        }
    }
    for ((right, rid_type), references) in references {
        if references.len() <= MAX_REFERENCES {
            let each = references
                .iter()
                .map(|reference| pattern(&rid_type, reference));
            gathered.extend(each.map(|pattern| Grant::Knowledge(right, pattern)));
        } else {
            let common = common_path(&references);
            let pattern = pattern(&rid_type, &format!("{common}*"));
            gathered.insert(Grant::Knowledge(right, pattern));
        }
    }
    gathered.into_iter().collect()
}

/// What was gathered may be more than was asked for: then it is what was asked for.
fn narrowed(grants: Vec<Grant>, access: &Access) -> Vec<Grant> {
    let narrowed: BTreeSet<Grant> = grants
        .iter()
        .flat_map(|grant| {
            access
                .asks()
                .iter()
                .filter_map(move |ask| grant.shared(ask))
        })
        .collect();
    narrowed.into_iter().collect()
}

fn pattern(rid_type: &RidType, reference: &str) -> Pattern {
    let whole = || Pattern::whole(rid_type.clone());
    if reference == "*" {
        return whole();
    }
    // A reference that makes no pattern, such as one with many `*`, is within the whole type.
    format!("{rid_type}:{reference}")
        .parse()
        .unwrap_or_else(|_| whole())
}

/// The text up to a `/` with which all begin.
fn common_path(references: &BTreeSet<String>) -> &str {
    let (Some(first), Some(last)) = (references.first(), references.last()) else {
        return "";
    };
    // In their order what the first and the last have in common all have.
    let common = first
        .bytes()
        .zip(last.bytes())
        .take_while(|(one, other)| one == other)
        .count();
    let end = first.as_bytes()[..common]
        .iter()
        .rposition(|byte| *byte == b'/');
    end.map_or("", |end| &first[..=end])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use koi_rid::Rid;

    use super::*;
    use crate::grant::{Capability, Grants};

    fn grants(texts: &[&str]) -> Grants {
        Grants::new(texts.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    fn learning(asks: &[&str]) -> (Access, Arc<Attempts>) {
        let attempts = Arc::new(Attempts::default());
        attempts.learn(true);
        let access = Access::new("a".into(), grants(asks), Grants::default());
        (access.learning(attempts.clone()), attempts)
    }

    fn texts(grants: &[Grant]) -> Vec<String> {
        grants.iter().map(Grant::to_string).collect()
    }

    #[test]
    fn what_was_refused_becomes_the_smallest_grant() {
        let (access, attempts) = learning(&["read=orn:t.t", "capability=config"]);
        let one = Rid::parse("orn:t.t:one").unwrap();
        for _ in 0..2 {
            assert!(access.require(Right::Read, &one).is_err());
        }
        assert!(access.require(Right::Publish, &one).is_err());
        assert!(access.require_capability(Capability::Config).is_err());
        let learned = attempts.learned(&access);
        assert_eq!(
            texts(&learned.propose),
            ["read=orn:t.t:one", "capability=config"]
        );
        assert_eq!(texts(&learned.not_asked), ["publish=orn:t.t:one"]);
        assert_eq!(learned.tried[0].1, 2);
        access.grant(grants(&["read=orn:t.t:*"]));
        assert_eq!(
            texts(&attempts.learned(&access).propose),
            ["capability=config"]
        );
    }

    #[test]
    fn many_references_become_what_they_have_in_common_and_was_asked_for() {
        let (access, attempts) = learning(&["read=orn:t.t:sales/*", "forget=orn:t.t:sales/2026/*"]);
        for number in 0..20 {
            let rid = Rid::parse(&format!("orn:t.t:sales/2026/{number}")).unwrap();
            assert!(access.require(Right::Read, &rid).is_err());
            assert!(access.require(Right::Forget, &rid).is_err());
        }
        assert_eq!(
            texts(&attempts.learned(&access).propose),
            ["read=orn:t.t:sales/2026/*", "forget=orn:t.t:sales/2026/*"]
        );
    }

    #[test]
    fn nothing_is_recorded_unless_it_is_switched_on_and_never_without_end() {
        let (access, attempts) = learning(&["read=orn:t.t"]);
        for number in 0..MAX_ATTEMPTS + 5 {
            let rid = Rid::parse(&format!("orn:t.t:{number}")).unwrap();
            assert!(access.require(Right::Read, &rid).is_err());
        }
        let learned = attempts.learned(&access);
        assert_eq!(learned.tried.len(), MAX_ATTEMPTS);
        assert_eq!(learned.not_listed, 5);
        assert_eq!(texts(&learned.propose), ["read=orn:t.t"]);
        attempts.learn(true);
        attempts.learn(false);
        assert!(access.require_capability(Capability::Config).is_err());
        assert_eq!(attempts.learned(&access).tried, []);
    }
}
