//! What an extension's handler may change of an object, by phase.

use koi_registry::HandlerEntry;
use koi_rid::{Bundle, Contents, Manifest, Rid, Timestamp};
use koi_runtime::{Phase, Replacement};

use crate::Object;
use crate::fault::Fault;

/// Most nodes that a handler may want to tell of one object.
const MAX_TARGETS: usize = 4096;

/// Makes the changes, or says which of them the phase does not have or the object cannot take. What
/// the host has `judged` in this phase is not exchanged for something that it has not.
pub(crate) fn apply(
    object: &mut Object,
    handler: &HandlerEntry,
    changes: Replacement,
    this_node: &Rid,
    judged: bool,
) -> Result<(), Fault> {
    let phase = object.knowledge.phase;
    let refuse =
        |reason: String| Fault::by_extension(handler.extension(), "bad-replacement", reason);
    if judged
        && phase == Phase::Bundle
        && (changes.normalized.is_some() || changes.contents.is_some())
    {
        return Err(refuse(format!(
            "the host itself judges objects of the type {}: a handler may stop one, not replace it",
            object.knowledge.rid.type_str()
        )));
    }
    let allow = |what: &str, phases: &[Phase]| {
        if phases.contains(&phase) {
            Ok(())
        } else {
            Err(refuse(format!(
                "a handler cannot replace the {what} in this phase"
            )))
        }
    };
    if let Some(event_type) = changes.normalized {
        allow("normalised event type", &[Phase::Manifest, Phase::Bundle])?;
        let event_type = event_type
            .parse()
            .map_err(|error| refuse(format!("the handler gave a wrong event type: {error}")))?;
        object.knowledge.normalized = Some(event_type);
    }
    if let Some(contents) = changes.contents {
        allow("contents", &[Phase::Bundle])?;
        let contents = Contents::parse(&contents)
            .map_err(|error| refuse(format!("the handler gave wrong contents: {error}")))?;
        if contents.is_empty() {
            return Err(refuse("the handler gave empty contents".to_owned()));
        }
        object.writer = Some(handler.writer.clone());
        let manifest = Manifest {
            timestamp: later_timestamp(object.knowledge.manifest.as_ref()),
            ..Bundle::generate(object.knowledge.rid.clone(), contents.clone()).manifest
        };
        object.knowledge.manifest = Some(manifest);
        object.knowledge.contents = Some(contents);
    }
    if let Some(targets) = changes.network_targets {
        allow("network targets", &[Phase::Network])?;
        if targets.len() > MAX_TARGETS {
            return Err(refuse(format!(
                "a handler names at most {MAX_TARGETS} nodes"
            )));
        }
        let mut nodes = targets
            .iter()
            .map(|target| Rid::parse(target))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse(format!("the handler gave a wrong target: {error}")))?;
        nodes.sort();
        nodes.dedup();
        nodes.retain(|node| node != this_node && node.type_str() == this_node.type_str());
        object.knowledge.network_targets = nodes;
        object.targets_by_guest = true;
    }
    Ok(())
}

/// Now, or the time of the contents that are replaced if their source's clock is ahead: the same
/// bundle, sent again, must not look newer than what was made of it.
fn later_timestamp(replaced: Option<&Manifest>) -> Timestamp {
    let now = Timestamp::now();
    replaced.map_or(now, |replaced| now.max(replaced.timestamp))
}
