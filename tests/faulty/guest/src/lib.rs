//! Notes under names. Sound, or with the one fault whose name a test writes into the component:
//! `tests/tests/check` has them all, with what `koi-mcp check` has to find.

mod fault;
mod tools;

use std::hash::{BuildHasher, Hasher, RandomState};

use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use fault::has;

const NOTE: &str = "orn:faulty.note";
/// What was noted last.
const LAST: &str = "orn:faulty.last";

#[derive(Serialize, Deserialize, JsonSchema)]
struct Note {
    text: String,
}

/// The form that notes once had.
#[derive(Deserialize)]
struct OldNote {
    body: String,
}

/// The reference of a note: letters, digits and hyphens; in lower case.
#[derive(Serialize, Deserialize)]
struct Name {
    name: String,
}

impl Reference for Name {
    const RID_TYPE: &'static str = NOTE;

    fn parse(reference: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if reference.is_empty() || !reference.chars().all(plain) {
            return Err(Error::invalid_input("a name has letters, digits and `-`"));
        }
        let name = reference.to_ascii_lowercase();
        Ok(Self { name })
    }

    fn print(&self) -> String {
        match has("reference-not-canonical") {
            true => format!("{}-x", self.name),
            false => self.name.clone(),
        }
    }
}

struct Faulty;

impl Extension for Faulty {
    fn describe() -> Description {
        let text_type = if has("schema-invalid") {
            "words"
        } else {
            "string"
        };
        let example = if has("example-misfit") {
            json!(7)
        } else {
            json!("alpha")
        };
        let note = Schema::new(
            "faulty-note",
            json!({
                "type": "object",
                "required": ["text"],
                "properties": {"text": {"type": text_type}},
                "examples": [{"text": example}],
            }),
        );
        let old = Schema::new(
            "faulty-note-0",
            json!({
                "type": "object",
                "required": ["body"],
                "properties": {"body": {"type": "string"}},
            }),
        );
        let description = if has("describe-unstable") {
            format!("Number {}", RandomState::new().build_hasher().finish())
        } else {
            env!("CARGO_PKG_DESCRIPTION").to_owned()
        };
        let mut asked = Vec::new();
        if !has("used-not-asked") {
            asked.push(Capability::Keyvalue);
        }
        if has("asked-not-used") {
            asked.push(Capability::Network);
        }
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(description)
            .rid_type(RidType::new(NOTE).schema(note.validated()).parsed())
            .schema(old)
            .transform("faulty-note-0", "faulty-note")
            .handler(Handler::new(Phase::Bundle, [NOTE]))
            .handler(Handler::new(Phase::Network, [NOTE]))
            .reads([NOTE])
            .publishes([NOTE, LAST])
            .uses(asked)
    }
}

impl RidTypes for Faulty {
    fn references() -> References {
        References::new().with::<Name>()
    }
}

impl Schemas for Faulty {
    fn validate(_: &str, contents: &Json) -> Result<()> {
        let note: Note = contents.to()?;
        if has("example-refused") || note.text.len() > 1 << 20 {
            return Err(Error::invalid_input("the text is too long"));
        }
        Ok(())
    }

    fn transform(_: &str, _: &str, contents: &Json) -> Result<Json> {
        let old: OldNote = contents.to()?;
        match has("transform-misfit") {
            true => Json::of(&json!({"body": old.body})),
            false => Json::of(&Note { text: old.body }),
        }
    }
}

impl Handlers for Faulty {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        if object.phase == Phase::Network {
            return Ok(Outcome::Unchanged);
        }
        let note = match object.contents_as::<Note>() {
            Err(_) if has("handler-trapped") => std::process::abort(),
            note => note?,
        };
        if has("outcome-misfit") {
            return Ok(Replacement::network_targets([]).into());
        }
        let mut text = note.text;
        if has("handler-not-idempotent") {
            text = Bucket::open("faulty")?.increment("seen", 1)?.to_string();
        }
        knowledge::publish(&Rid::new(LAST, object.rid.reference())?, &Note { text })?;
        Ok(Outcome::Unchanged)
    }
}

koi_extension::export!(Faulty: RidTypes, Schemas, Handlers, Tools);
