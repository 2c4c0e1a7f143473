//! Handlers answer every object, and the same object twice in the same way.

use std::collections::BTreeMap;

use koi_registry::{HandlerDescription, Invocation};
use koi_rid::{Bundle, Contents, EventType, Rid};
use koi_runtime::ports::KnownBundle;
use koi_runtime::{KnowledgeObject, Outcome, Phase, Replacement};
use serde_json::{Value, json};

use super::{Rids, schemas};
use crate::generate::Source;
use crate::node::{network_node, now};
use crate::report::Code;
use crate::run::{Asked, Ended, Run};

pub(super) async fn check(run: &mut Run<'_>, rids: &Rids) {
    let description = run.entry.description.clone();
    let open = json!({"type": "object"});
    for handler in &description.handlers {
        for rid_type in &handler.rid_types {
            let rid_type = rid_type.as_str();
            let subject = format!("handler {} of {rid_type}", handler.phase.as_str());
            let source = schemas::contents_source(run, &description, rid_type);
            let source = source.or_else(|| Source::new(&open, run.random(&subject)));
            let Some(mut source) = source else { continue };
            let cases = match handler.phase {
                // What they see of contents is a hash.
                Phase::Rid | Phase::Manifest => 1,
                _ => run.options.cases,
            };
            let valid = source.valid(cases);
            let mutilated = source.mutilated(&valid, cases);
            let (valid, mutilated) = (contents(&valid), contents(&mutilated));
            let rids = rids.of(rid_type);
            of_type(run, &subject, handler, rids, &valid, &mutilated).await;
        }
    }
}

/// Contents are objects, within their bounds; what is not never gets to a handler.
fn contents(values: &[Value]) -> Vec<Contents> {
    let contents = values
        .iter()
        .filter_map(|value| Contents::from_serialize(value).ok());
    contents.filter(|contents| !contents.is_empty()).collect()
}

async fn of_type(
    run: &mut Run<'_>,
    subject: &str,
    handler: &HandlerDescription,
    rids: &[Rid],
    valid: &[Contents],
    mutilated: &[Contents],
) {
    const ALL: [EventType; 3] = [EventType::New, EventType::Update, EventType::Forget];
    let events = match handler.event_types.is_empty() {
        true => &ALL[..],
        false => &handler.event_types[..],
    };
    if rids.is_empty() || valid.is_empty() {
        let message = "the check has no RID or no contents to show it: give `examples` of references and contents";
        run.find(Code::NotChecked, subject, message, None);
        return;
    }
    for event in events {
        let cases = valid.iter().map(|contents| (contents, true));
        let cases = cases.chain(mutilated.iter().map(|contents| (contents, false)));
        for ((contents, fits), rid) in cases.zip(rids.iter().cycle()) {
            if run.is_over() {
                return;
            }
            let previous = valid.first().filter(|_| *event != EventType::New);
            let object = object(handler.phase, rid, *event, contents, previous);
            if !twice(run, subject, &object, fits).await {
                return;
            }
        }
    }
}

fn object(
    phase: Phase,
    rid: &Rid,
    event: EventType,
    contents: &Contents,
    previous: Option<&Contents>,
) -> KnowledgeObject {
    let known = |contents: &Contents| {
        let mut bundle = Bundle::generate(rid.clone(), contents.clone());
        bundle.manifest.timestamp = now();
        KnownBundle {
            bundle,
            written_by: None,
        }
    };
    let previous = previous.map(known);
    // What is forgotten is shown as it was.
    let shown = match event {
        EventType::Forget => previous.clone(),
        _ => None,
    };
    let bundle = shown.unwrap_or_else(|| known(contents)).bundle;
    let neighbour = network_node("neighbour", "b").ok();
    KnowledgeObject {
        rid: rid.clone(),
        phase,
        event_type: Some(event),
        normalized: match phase {
            Phase::Rid => (event == EventType::Forget).then_some(event),
            _ => Some(event),
        },
        source: neighbour.clone(),
        manifest: (phase > Phase::Rid).then_some(bundle.manifest),
        contents: (phase > Phase::Manifest).then_some(bundle.contents),
        network_targets: match phase {
            Phase::Network | Phase::Final => neighbour.into_iter().collect(),
            _ => Vec::new(),
        },
        previous: previous.filter(|_| phase > Phase::Manifest),
        depth: 0,
    }
}

/// Shows an object, and shows it again with what came of the first time, as after a crash. Then the node is
/// as it was. False if further objects need not be shown.
async fn twice(run: &mut Run<'_>, subject: &str, object: &KnowledgeObject, fits: bool) -> bool {
    let before = run.node.kept().clone();
    let input = shown(object);
    let first = handle(run, subject, object, &input).await;
    let goes_on = match first {
        Ended::Badly => false,
        // Whether objects that never come come to the same is nobody's business.
        _ if !fits => true,
        first => {
            let left = knowledge(run);
            let second = handle(run, subject, object, &input).await;
            let message = difference(&first, &second).or_else(|| {
                let now = knowledge(run);
                let differs = now.iter().find(|(rid, hash)| left.get(*rid) != Some(*hash));
                let gone = left.keys().find(|rid| !now.contains_key(*rid));
                let rid = differs.map(|(rid, _)| rid).or(gone)?;
                Some(format!(
                    "what is stored under {rid} is something else after the second time"
                ))
            });
            if let Some(message) = message.filter(|_| !second.badly()) {
                let message = format!(
                    "{message}: objects come again after a crash, so the same object twice has to lead to the same"
                );
                run.find(Code::HandlerNotIdempotent, subject, message, Some(&input));
                false
            } else {
                !second.badly()
            }
        }
    };
    *run.node.kept() = before;
    goes_on
}

async fn handle(
    run: &mut Run<'_>,
    subject: &str,
    object: &KnowledgeObject,
    input: &str,
) -> Ended<Outcome> {
    let callee = run.entry.callee.clone();
    let asked = Asked {
        kind: "handler",
        trapped: Code::HandlerTrapped,
        subject,
        input: Some(input),
    };
    let ended = run
        .call(asked, callee.handle(object, Invocation::new(subject)), size)
        .await;
    if let Ended::Answer(Outcome::Replace(replacement)) = &ended
        && let Some(misfit) = misfit(object.phase, replacement)
    {
        run.find(Code::OutcomeMisfit, subject, misfit, Some(input));
    }
    ended
}

/// What keeps a replacement from being carried out.
fn misfit(phase: Phase, replacement: &Replacement) -> Option<String> {
    let Replacement {
        contents,
        normalized,
        network_targets,
    } = replacement;
    let only = |what: &str, phases: &str| {
        Some(format!(
            "it replaces {what} in the phase `{}`; only in {phases} can it",
            phase.as_str()
        ))
    };
    if let Some(contents) = contents {
        if phase != Phase::Bundle {
            return only("the contents", "`bundle`");
        }
        if let Err(error) = Contents::parse(contents) {
            return Some(format!("its new contents are no contents: {error}"));
        }
    }
    if let Some(event) = normalized {
        if !matches!(phase, Phase::Manifest | Phase::Bundle) {
            return only("the event type", "`manifest` and `bundle`");
        }
        if event.parse::<EventType>().is_err() {
            return Some(format!("its new event type `{event}` is none"));
        }
    }
    if let Some(targets) = network_targets {
        if phase != Phase::Network {
            return only("the nodes to tell", "`network`");
        }
        if let Some(target) = targets.iter().find(|target| Rid::parse(target).is_err()) {
            return Some(format!("`{target}`, a node to tell, is no RID"));
        }
    }
    None
}

fn difference(first: &Ended<Outcome>, second: &Ended<Outcome>) -> Option<String> {
    let same = match (first, second) {
        (Ended::Answer(first), Ended::Answer(second)) => first == second,
        (Ended::Error(first), Ended::Error(second)) => first.kind == second.kind,
        _ => false,
    };
    (!same).then(|| {
        format!(
            "it came to {} and, when it came again, to {}",
            told(first),
            told(second)
        )
    })
}

fn told(ended: &Ended<Outcome>) -> String {
    match ended {
        Ended::Answer(Outcome::Unchanged) => "`unchanged`".to_owned(),
        Ended::Answer(Outcome::Replace(_)) => "a replacement".to_owned(),
        Ended::Answer(Outcome::Stop(reason)) => format!("`stop` ({reason})"),
        Ended::Error(error) => format!("an error ({error})"),
        Ended::Badly => "nothing".to_owned(),
    }
}

fn size(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Replace(replacement) => replacement.contents.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

/// What is stored, by its hashes.
fn knowledge(run: &Run<'_>) -> BTreeMap<Rid, String> {
    let kept = run.node.kept();
    let hash = |known: &KnownBundle| known.bundle.manifest.sha256_hash.clone();
    kept.knowledge
        .iter()
        .map(|(rid, known)| (rid.clone(), hash(known)))
        .collect()
}

/// An object as JSON, for people.
fn shown(object: &KnowledgeObject) -> String {
    let contents = object
        .contents
        .as_ref()
        .map(|contents| contents.as_str().to_owned());
    let contents: Option<Value> = contents.and_then(|text| serde_json::from_str(&text).ok());
    json!({
        "rid": object.rid.as_str(),
        "event-type": object.event_type.map(EventType::as_str),
        "contents": contents,
    })
    .to_string()
}
