//! The host's own rules for every object, whatever its type: pure decisions on values.

use koi_rid::{EventType, Manifest, Rid};

use crate::Flow;

/// What the RID and the sender allow. A node alone decides about its own profile.
pub(crate) fn judge_rid(rid: &Rid, source: Option<&Rid>, this_node: &Rid) -> Flow {
    if rid == this_node && source.is_some() {
        return Flow::Stop("this node's own profile is changed by this node alone".to_owned());
    }
    Flow::Continue
}

/// What an object does to what is known: its normalised event type, or the reason why nothing.
pub(crate) fn judge_manifest(
    manifest: &Manifest,
    stored: Option<&Manifest>,
) -> Result<EventType, String> {
    let Some(stored) = stored else {
        return Ok(EventType::New);
    };
    if manifest.sha256_hash == stored.sha256_hash {
        return Err("the same contents are stored already".to_owned());
    }
    if manifest.timestamp <= stored.timestamp {
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
            judge_manifest(&manifest(r#"{"a":1}"#, 1), None),
            Ok(EventType::New)
        );
    }

    #[test]
    fn other_contents_with_a_later_timestamp_are_an_update() {
        let stored = manifest(r#"{"a":1}"#, 1);
        assert_eq!(
            judge_manifest(&manifest(r#"{"a":2}"#, 2), Some(&stored)),
            Ok(EventType::Update)
        );
    }

    #[test]
    fn the_same_contents_change_nothing_however_late() {
        let stored = manifest(r#"{"a":1}"#, 1);
        assert!(judge_manifest(&manifest(r#"{"a":1}"#, 9), Some(&stored)).is_err());
    }

    #[test]
    fn what_is_not_later_changes_nothing() {
        let stored = manifest(r#"{"a":1}"#, 5);
        assert!(judge_manifest(&manifest(r#"{"a":2}"#, 5), Some(&stored)).is_err());
        assert!(judge_manifest(&manifest(r#"{"a":2}"#, 4), Some(&stored)).is_err());
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
