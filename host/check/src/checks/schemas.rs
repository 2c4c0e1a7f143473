//! Schemas of contents: their examples, what the extension checks beyond them, and its transforms.

use koi_registry::Invocation;
use koi_rid::Contents;
use koi_runtime::GuestErrorKind;
use serde_json::Value;

use super::Rids;
use crate::generate::{Source, examples};
use crate::report::Code;
use crate::run::{Asked, Ended, Run};

fn subject(schema: &str) -> String {
    format!("schema {schema}")
}

/// Where the contents of a schema come from; none if the extension does not own it.
pub(super) fn source<'s>(
    run: &Run<'_>,
    schemas: &'s [koi_registry::SchemaDescription],
    name: &str,
) -> Option<Source<'s>> {
    let schema = schemas.iter().find(|schema| schema.name == name)?;
    Source::new(&schema.schema, run.random(&subject(name)))
}

/// The examples fit; no call is needed for that.
pub(super) fn examples_fit(run: &mut Run<'_>) {
    let description = run.entry.description.clone();
    for schema in &description.schemas {
        let Some(source) = source(run, &description.schemas, &schema.name) else {
            continue;
        };
        for example in examples(&schema.schema) {
            if let Err(misfit) = source.check(example) {
                let message = format!("an example in it does not fit it: {misfit}");
                run.find(
                    Code::ExampleMisfit,
                    &subject(&schema.name),
                    message,
                    Some(&example.to_string()),
                );
            }
        }
    }
}

/// Contents of a RID type that the extension owns, as the pipeline would have let them through; none if
/// nothing says what they are.
pub(super) fn contents_source<'s>(
    run: &Run<'_>,
    description: &'s koi_registry::Description,
    rid_type: &str,
) -> Option<Source<'s>> {
    let mut owned = description.rid_types.iter();
    let owned = owned.find(|owned| owned.rid_type.as_str() == rid_type)?;
    source(run, &description.schemas, owned.schema.as_ref()?)
}

/// Puts contents of the extension's own types into the node, has it check contents, and transform them.
pub(super) async fn check(run: &mut Run<'_>, rids: &Rids) {
    let description = run.entry.description.clone();
    for owned in &description.rid_types {
        let rid_type = owned.rid_type.as_str();
        let Some(mut source) = contents_source(run, &description, rid_type) else {
            continue;
        };
        let values = source.valid(run.options.cases);
        if values.is_empty() {
            let message = format!(
                "the check could make no contents that fit the schema of {rid_type}: give it `examples`"
            );
            run.find(
                Code::NotChecked,
                &format!("RID type {rid_type}"),
                message,
                None,
            );
        }
        for (rid, value) in rids.of(rid_type).iter().zip(values.iter().cycle()) {
            if let Ok(contents) = Contents::from_serialize(value) {
                run.node.store(rid.clone(), contents, None);
            }
        }
    }
    for schema in description.schemas.iter().filter(|schema| schema.validates) {
        validate(run, &description.schemas, &schema.name).await;
    }
    for (from, to) in &description.transforms {
        transform(run, &description.schemas, from, to).await;
    }
}

/// Values that fit, of which the first so many are the schema's own examples; those made by mutilating them
/// come last.
fn fitting(source: &mut Source<'_>, schema: &Value, cases: usize) -> (Vec<Value>, usize) {
    let own = examples(schema)
        .filter(|example| source.check(example).is_ok())
        .count();
    let mut values = source.valid(cases);
    let own = own.min(values.len());
    let mut mutilated = source.mutilated(&values, cases);
    mutilated.retain(|value| source.check(value).is_ok());
    values.extend(mutilated);
    (values, own)
}

async fn validate(run: &mut Run<'_>, schemas: &[koi_registry::SchemaDescription], name: &str) {
    let subject = subject(name);
    let Some(mut source) = source(run, schemas, name) else {
        return;
    };
    let Some(schema) = schemas.iter().find(|schema| schema.name == name) else {
        return;
    };
    let (values, own) = fitting(&mut source, &schema.schema, run.options.cases);
    for (index, value) in values.iter().enumerate() {
        let Ok(contents) = Contents::from_serialize(value) else {
            continue;
        };
        if run.is_over() {
            return;
        }
        let callee = run.entry.callee.clone();
        let call = callee.validate(name, contents.as_str(), Invocation::new(subject.as_str()));
        let asked = Asked {
            kind: "validate",
            trapped: Code::ValidateTrapped,
            subject: &subject,
            input: Some(contents.as_str()),
        };
        match run.call(asked, call, |()| 0).await {
            Ended::Badly => return,
            Ended::Error(error) if index < own => {
                let message = format!("`validate` refuses an example of the schema: {error}");
                run.find(
                    Code::ExampleRefused,
                    &subject,
                    message,
                    Some(contents.as_str()),
                );
            }
            _ => {}
        }
    }
}

async fn transform(
    run: &mut Run<'_>,
    schemas: &[koi_registry::SchemaDescription],
    from: &str,
    to: &str,
) {
    let subject = format!("transform {from} to {to}");
    let taken = schemas.iter().find(|schema| schema.name == from);
    let (Some(taken), Some(mut values_of)) = (taken, source(run, schemas, from)) else {
        let message =
            format!("the schema `{from}` is not its own, so that there are no contents to try");
        run.find(Code::NotChecked, &subject, message, None);
        return;
    };
    let given = source(run, schemas, to);
    if given.is_none() {
        let message = format!(
            "the schema `{to}` is not its own: whether what it gives fits was not looked at"
        );
        run.find(Code::NotChecked, &subject, message, None);
    }
    let (values, own) = fitting(&mut values_of, &taken.schema, run.options.cases);
    for (index, value) in values.iter().enumerate() {
        let Ok(contents) = Contents::from_serialize(value) else {
            continue;
        };
        if run.is_over() {
            return;
        }
        let callee = run.entry.callee.clone();
        let call = callee.transform(
            from,
            to,
            contents.as_str(),
            Invocation::new(subject.as_str()),
        );
        let asked = Asked {
            kind: "transform",
            trapped: Code::TransformTrapped,
            subject: &subject,
            input: Some(contents.as_str()),
        };
        let input = Some(contents.as_str());
        match run.call(asked, call, String::len).await {
            Ended::Badly => return,
            Ended::Error(error) if index < own || error.kind != GuestErrorKind::InvalidInput => {
                let message = format!("it refuses contents that fit `{from}`: {error}");
                run.find(Code::TransformFailed, &subject, message, input);
            }
            Ended::Error(_) => {}
            Ended::Answer(made) => {
                let misfit = match Contents::parse(&made) {
                    Err(error) => Some(error.to_string()),
                    Ok(made) => given.as_ref().and_then(|given| {
                        let made: Value = made.to().ok()?;
                        given.check(&made).err()
                    }),
                };
                if let Some(misfit) = misfit {
                    let message = format!("what it gives does not fit `{to}`: {misfit}");
                    run.find(Code::TransformMisfit, &subject, message, input);
                }
            }
        }
    }
}
