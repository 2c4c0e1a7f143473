//! The tools of the faulty extension.

use std::hint::black_box;

use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::has;
use crate::{Faulty, NOTE, Note};

#[derive(Deserialize, JsonSchema)]
struct Written {
    #[schemars(regex(pattern = "^[a-z]{1,8}$"))]
    name: String,
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Wanted {
    #[schemars(regex(pattern = "^[a-z]{1,8}$"))]
    name: String,
}

impl Tools for Faulty {
    fn toolbox() -> Toolbox {
        let examples =
            |arguments: Value, result: Value| json!([{"arguments": arguments, "result": result}]);
        let (name, note) = (json!({"name": "one"}), json!({"text": "alpha"}));
        let write = Tool::new("write_note", "Writes a note")
            .output::<Note>()
            .meta(
                "koi-mcp/examples",
                examples(json!({"name": "one", "text": "alpha"}), note.clone()),
            );
        let wrong = if has("example-result") {
            json!({"text": "beta"})
        } else {
            note
        };
        let read = Tool::new("read_note", "Reads a note")
            .output::<Note>()
            .meta("koi-mcp/examples", examples(name, wrong));
        Toolbox::new().tool(write, write_note).tool(read, read_note)
    }

    fn list_tools() -> Result<Vec<Tool>> {
        let mut tools = Self::toolbox().tools();
        if has("list-refused") {
            tools.extend(tools.first().cloned());
        }
        Ok(tools)
    }
}

fn write_note(Written { name, text }: Written) -> Result<Note> {
    if has("limit-exceeded") {
        loop {
            black_box(&name);
        }
    }
    Bucket::open("faulty")?.set("last", &name)?;
    let note = Note { text };
    knowledge::publish(&Rid::new(NOTE, name)?, &note)?;
    Ok(note)
}

fn read_note(Wanted { name }: Wanted) -> Result<ToolResult> {
    if has("tool-trapped") {
        std::process::abort();
    }
    let note: Note = knowledge::find(&Rid::new(NOTE, name)?)?.contents_as()?;
    match has("result-misfit") {
        true => ToolResult::structured(&json!({"note": note.text})),
        false => ToolResult::structured(&note),
    }
}
