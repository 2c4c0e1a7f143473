//! The host's own rules for every object, whatever its type: pure decisions on values.

use koi_rid::{EventType, Manifest, Rid, Timestamp};

use crate::Flow;

/// How far a node's clock may be ahead, in microseconds: a day, which is more than any time zone
/// taken for another. What is of a later time would keep out all that follows.
const MAX_AHEAD: i64 = 24 * 3600 * 1_000_000;

/// What the RID and the sender allow. A node alone decides about its own profile.
pub(crate) fn judge_rid(rid: &Rid, source: Option<&Rid>, this_node: &Rid) -> Flow {
    if rid == this_node && source.is_some() {
        return Flow::Stop("this node's own profile is changed by this node alone".to_owned());
    }
    Flow::Continue
}

/// Whether a manifest from another node is of a time that cannot be.
pub(crate) fn is_of_the_future(manifest: &Manifest) -> bool {
    manifest.timestamp.to_micros().saturating_sub(MAX_AHEAD) > Timestamp::now().to_micros()
}

/// Whether an object is as late as it says. Of what a node tells of itself, nobody else's word is
/// newer, whatever their clock said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    ByTime,
    OwnWord,
}

/// What an object does to what is known: its normalised event type, or the reason why nothing.
pub(crate) fn judge_manifest(
    manifest: &Manifest,
    stored: Option<&Manifest>,
    order: Order,
) -> Result<EventType, String> {
    let Some(stored) = stored else {
        return Ok(EventType::New);
    };
    if manifest.sha256_hash == stored.sha256_hash {
        return Err("the same contents are stored already".to_owned());
    }
    if order == Order::ByTime && manifest.timestamp <= stored.timestamp {
        return Err(format!(
            "it is of {}, and what is stored is of {}",
            manifest.timestamp.as_str(),
            stored.timestamp.as_str()
        ));
    }
    Ok(EventType::Update)
}

#[cfg(test)]
mod tests {
    use koi_rid::{Bundle, Contents, Timestamp};

    use super::*;

    fn manifest(contents: &str, micros: i64) -> Manifest {
        let rid = Rid::parse("orn:test.note:1").unwrap();
        let mut manifest = Bundle::generate(rid, Contents::parse(contents).unwrap()).manifest;
        manifest.timestamp = Timestamp::from_micros(micros);
        manifest
    }

    #[test]
    fn what_is_unknown_is_new() {
        assert_eq!(
            judge_manifest(&manifest(r#"{"a":1}"#, 1), None, Order::ByTime),
            Ok(EventType::New)
        );
    }

    #[test]
    fn other_contents_with_a_later_timestamp_are_an_update() {
        let stored = manifest(r#"{"a":1}"#, 1);
        assert_eq!(
            judge_manifest(&manifest(r#"{"a":2}"#, 2), Some(&stored), Order::ByTime),
            Ok(EventType::Update)
        );
    }

    #[test]
    fn the_same_contents_change_nothing_however_late() {
        let stored = manifest(r#"{"a":1}"#, 1);
        assert!(judge_manifest(&manifest(r#"{"a":1}"#, 9), Some(&stored), Order::ByTime).is_err());
    }

    #[test]
    fn what_is_not_later_changes_nothing() {
        let stored = manifest(r#"{"a":1}"#, 5);
        assert!(judge_manifest(&manifest(r#"{"a":2}"#, 5), Some(&stored), Order::ByTime).is_err());
        assert!(judge_manifest(&manifest(r#"{"a":2}"#, 4), Some(&stored), Order::ByTime).is_err());
    }

    #[test]
    fn what_a_node_says_of_itself_counts_more_than_an_earlier_rumour_with_a_later_time() {
        let stored = manifest(r#"{"a":1}"#, 5);
        let own = judge_manifest(&manifest(r#"{"a":2}"#, 4), Some(&stored), Order::OwnWord);
        assert_eq!(own, Ok(EventType::Update));
    }

    #[test]
    fn a_clock_may_be_ahead_by_hours_and_not_by_days() {
        let now = Timestamp::now().to_micros();
        let hour = 3600 * 1_000_000;
        assert!(!is_of_the_future(&manifest("{}", now + 14 * hour)));
        assert!(is_of_the_future(&manifest("{}", now + 25 * hour)));
    }

    #[test]
    fn only_this_node_changes_its_own_profile() {
        let me = Rid::parse("orn:koi-net.node:me+1").unwrap();
        let peer = Rid::parse("orn:koi-net.node:peer+2").unwrap();
        assert_eq!(judge_rid(&me, None, &me), Flow::Continue);
        assert_eq!(judge_rid(&peer, Some(&peer), &me), Flow::Continue);
        assert!(matches!(judge_rid(&me, Some(&peer), &me), Flow::Stop(_)));
    }
}
