//! References of RID types: what is parsed and printed is canonical, and is parsed again.

use koi_rid::Rid;
use koi_runtime::ParsedReference;

use super::Rids;
use crate::report::Code;
use crate::run::{Asked, Ended, Run};

/// References that many RID types understand one of.
const USUAL: [&str; 12] = [
    "alpha",
    "alpha/beta",
    "alpha/beta/1",
    "alpha:1",
    "alpha/1",
    "1",
    "alpha@1.0.0",
    "ALPHA",
    "3f2a6c1e-8f4b-4d0a-9b57-1c2d3e4f5a6b",
    "https://example.com/alpha",
    "example.com/alpha",
    "2026-01-02",
];

/// RIDs of a type that are gone on with.
const MAX_RIDS: usize = 4;

/// Checks the references of the types that the extension owns and parses; gives RIDs of each type that it
/// owns or handles.
pub(super) async fn check(run: &mut Run<'_>) -> Rids {
    let description = run.entry.description.clone();
    let mut rids = Vec::new();
    for owned in &description.rid_types {
        let rid_type = owned.rid_type.as_str();
        let given = run.examples.references(rid_type).to_vec();
        let usual = USUAL.iter().map(|reference| (*reference).to_owned());
        let candidates: Vec<String> = given.iter().cloned().chain(usual).collect();
        let references = match owned.parses {
            true => parsed(run, rid_type, &candidates, given.len()).await,
            false => candidates,
        };
        rids.push((rid_type.to_owned(), of_type(rid_type, &references)));
    }
    for handler in &description.handlers {
        for rid_type in &handler.rid_types {
            let rid_type = rid_type.as_str();
            if !rids.iter().any(|(known, _)| known == rid_type) {
                let usual: Vec<String> = USUAL.iter().map(|text| (*text).to_owned()).collect();
                rids.push((rid_type.to_owned(), of_type(rid_type, &usual)));
            }
        }
    }
    Rids(rids)
}

fn of_type(rid_type: &str, references: &[String]) -> Vec<Rid> {
    // A RID type that is a scheme, such as `https`, has references of its own kind.
    let reference = |reference: &String| Rid::parse(&format!("{rid_type}:{reference}")).ok();
    references
        .iter()
        .filter_map(reference)
        .take(MAX_RIDS)
        .collect()
}

/// The canonical references among the candidates, of which the first so many are the extension's own.
async fn parsed(
    run: &mut Run<'_>,
    rid_type: &str,
    candidates: &[String],
    own: usize,
) -> Vec<String> {
    let subject = format!("RID type {rid_type}");
    let mut canonical: Vec<String> = Vec::new();
    for (index, reference) in candidates.iter().enumerate() {
        if run.is_over() {
            break;
        }
        match parse(run, &subject, rid_type, reference).await {
            Ended::Badly => break,
            Ended::Error(error) if index < own => {
                let message =
                    format!("it does not parse a reference that is among its `examples`: {error}");
                run.find(Code::ExampleMisfit, &subject, message, Some(reference));
            }
            Ended::Error(_) => {}
            Ended::Answer(parsed) => {
                if !canonical.contains(&parsed.canonical)
                    && is_canonical(run, &subject, rid_type, reference, &parsed).await
                {
                    canonical.push(parsed.canonical);
                }
            }
        }
    }
    if canonical.is_empty() {
        let message = "it parses none of the references that the check knows: give some in its `examples` in `describe`, \
                       such as `\"examples\": [\"sales/orders\"]`";
        run.find(Code::NotChecked, &subject, message, None);
    }
    canonical
}

async fn parse(
    run: &mut Run<'_>,
    subject: &str,
    rid_type: &str,
    reference: &str,
) -> Ended<ParsedReference> {
    let callee = run.entry.callee.clone();
    let invocation = koi_registry::Invocation::new(subject);
    let call = callee.parse_reference(rid_type, reference, invocation);
    run.call(asked(subject, reference), call, |parsed| parsed.parts.len())
        .await
}

fn asked<'a>(subject: &'a str, input: &'a str) -> Asked<'a> {
    Asked {
        kind: "reference",
        trapped: Code::ReferenceTrapped,
        subject,
        input: Some(input),
    }
}

/// Whether the canonical reference is parsed as itself, and its parts are printed as it.
async fn is_canonical(
    run: &mut Run<'_>,
    subject: &str,
    rid_type: &str,
    reference: &str,
    parsed: &ParsedReference,
) -> bool {
    let ParsedReference { canonical, parts } = parsed;
    if Rid::parse(&format!("{rid_type}:{canonical}")).is_err() {
        let message = format!("its canonical form `{canonical}` makes no RID");
        run.find(
            Code::ReferenceNotCanonical,
            subject,
            message,
            Some(reference),
        );
        return false;
    }
    let callee = run.entry.callee.clone();
    let invocation = koi_registry::Invocation::new(subject);
    let print = callee.print_reference(rid_type, parts, invocation);
    let printed = match run.call(asked(subject, parts), print, String::len).await {
        Ended::Answer(printed) => printed,
        Ended::Badly => return false,
        Ended::Error(error) => {
            let message = format!(
                "`print-reference` refuses the parts {parts} that `parse-reference` gave: {error}"
            );
            run.find(
                Code::ReferenceNotCanonical,
                subject,
                message,
                Some(reference),
            );
            return false;
        }
    };
    if printed != *canonical {
        let message = format!(
            "its parts {parts} are printed as `{printed}`, and `parse-reference` calls `{canonical}` canonical: \
             both have to be the same"
        );
        run.find(
            Code::ReferenceNotCanonical,
            subject,
            message,
            Some(reference),
        );
        return false;
    }
    match parse(run, subject, rid_type, canonical).await {
        Ended::Answer(again) if again.canonical == *canonical => true,
        Ended::Answer(again) => {
            let message = format!(
                "the canonical form `{canonical}` is itself parsed to `{}`: no RID of it would ever be accepted",
                again.canonical
            );
            run.find(
                Code::ReferenceNotCanonical,
                subject,
                message,
                Some(reference),
            );
            false
        }
        Ended::Error(error) => {
            let message = format!("the canonical form `{canonical}` is not parsed again: {error}");
            run.find(
                Code::ReferenceNotCanonical,
                subject,
                message,
                Some(reference),
            );
            false
        }
        Ended::Badly => false,
    }
}
