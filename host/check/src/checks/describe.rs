//! The extension describes itself with nothing granted, the same each time, and in the form of the contract.

use std::sync::Arc;
use std::time::Instant;

use koi_registry::{Description, JsonSchema, Loaded, check_exports};
use serde_json::Value;

use crate::report::{Code, Findings, Report};

/// When it is asked: seconds by clocks that stand, and seeds of randomness.
const TIMES: [u32; 3] = [0, 86_399, 1_767_323_045];

/// The form of a description.
const SCHEMA: &str = include_str!("../../../../docs/describe.schema.json");

const SUBJECT: &str = "describe";

/// The description as text and as a node reads it; none if nothing further can be checked.
pub(crate) async fn check(
    loaded: &dyn Loaded,
    report: &mut Report,
    findings: &mut Findings,
) -> Option<(String, Arc<Description>)> {
    let mut first: Option<String> = None;
    for at in TIMES {
        let start = Instant::now();
        let described = loaded.describe_at(at).await;
        let size = described.as_ref().map(String::len).unwrap_or_default();
        let most = report.measured.calls.entry("describe").or_default();
        most.add(std::time::Duration::ZERO, start.elapsed(), 0, size);
        let text = match described {
            Ok(text) => text,
            Err(error) => {
                let message =
                    format!("{error}: `describe` is called with nothing granted and has to answer");
                findings.add(Code::DescribeFailed, SUBJECT, message, None);
                return None;
            }
        };
        match &first {
            Some(first) if *first != text => {
                let message = "it answers differently when it is called again: let nothing in it depend on memory, \
                               time, randomness or order";
                findings.add(Code::DescribeUnstable, SUBJECT, message, None);
                break;
            }
            _ => first = Some(text),
        }
    }
    let text = first?;
    fits_its_form(&text, findings);
    let description = match Description::parse(&text) {
        Ok(description) => Arc::new(description),
        Err(error) => {
            findings.add(Code::DescriptionRefused, SUBJECT, error.to_string(), None);
            return None;
        }
    };
    if let Err(error) = check_exports(loaded, &description) {
        findings.add(Code::NotExported, SUBJECT, error.to_string(), None);
    }
    if let Some(schema) = &description.config_schema
        && let Err(error) = JsonSchema::compile(schema)
    {
        findings.add(
            Code::SchemaInvalid,
            "config-schema",
            error.to_string(),
            None,
        );
    }
    let mut fit = true;
    for schema in &description.schemas {
        if let Err(error) = JsonSchema::compile(&schema.schema) {
            let message = format!("{error}: correct it in `describe`");
            findings.add(
                Code::SchemaInvalid,
                &format!("schema {}", schema.name),
                message,
                None,
            );
            fit = false;
        }
    }
    fit.then_some((text, description))
}

fn fits_its_form(text: &str, findings: &mut Findings) {
    let form: Value = serde_json::from_str(SCHEMA).unwrap_or_default();
    // What is no JSON is refused with words of its own.
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let misfit = match JsonSchema::compile(&form) {
        Ok(form) => form.check(&value),
        Err(error) => Err(error.to_string()),
    };
    if let Err(misfit) = misfit {
        let message = format!("it does not fit docs/describe.schema.json: {misfit}");
        findings.add(Code::DescriptionRefused, SUBJECT, message, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_description_is_a_schema_within_the_bounds_of_strangers_schemas() {
        let mut findings = Findings::default();
        fits_its_form(r#"{"name": "a", "version": "1.0.0"}"#, &mut findings);
        fits_its_form("{", &mut findings);
        assert_eq!(findings.into_list(), []);
        let mut findings = Findings::default();
        fits_its_form(r#"{"name": "A", "version": "1.0.0"}"#, &mut findings);
        assert_eq!(findings.into_list()[0].code, Code::DescriptionRefused);
    }
}
