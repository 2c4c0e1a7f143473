//! `koi-mcp audit`.

use std::path::Path;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::Client;

pub(super) async fn run(data_dir: &Path, extension: Option<&str>, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let query = [("extension", extension), ("cursor", cursor.as_deref())];
        let given = query.iter().filter(|(_, value)| value.is_some());
        let request = client
            .request(Method::GET, "audit")
            .query(&given.collect::<Vec<_>>());
        let mut answer: Value = client.send(request).await?;
        if let Value::Array(page) = answer["entries"].take() {
            entries.extend(page);
        }
        match answer["next"].take() {
            Value::String(next) => cursor = Some(next),
            _ => break,
        }
    }
    if json {
        print::json(&entries.into())?;
        return Ok(());
    }
    if entries.is_empty() {
        match extension {
            Some(name) => print::line(format_args!("nothing has been done to {name} yet"))?,
            None => print::line("nothing has been changed yet")?,
        }
        return Ok(());
    }
    let rows: Vec<[String; 5]> = entries
        .iter()
        .map(|entry| {
            let [at, who, action, extension] =
                ["at", "who", "action", "extension"].map(|member| print::cell(entry, member));
            [at, who, action, extension, what(entry)]
        })
        .collect();
    print::table(["AT", "WHO", "ACTION", "EXTENSION", "CHANGE"], &rows)?;
    Ok(())
}

/// What changed: of grants, those that came and went; else what is there since.
fn what(entry: &Value) -> String {
    let (before, after) = (&entry["before"], &entry["after"]);
    if let (Some(before), Some(after)) = (before.as_array(), after.as_array()) {
        let went = before.iter().filter(|grant| !after.contains(grant));
        let came = after.iter().filter(|grant| !before.contains(grant));
        let text = |sign: char, grant: &Value| format!("{sign}{}", grant.as_str().unwrap_or("?"));
        let changes = went
            .map(|grant| text('-', grant))
            .chain(came.map(|grant| text('+', grant)));
        return changes.collect::<Vec<_>>().join(" ");
    }
    match (before, after) {
        (Value::Null, Value::Null) => String::new(),
        (before, Value::Null) => format!("was {}", shown(before)),
        (_, after) => shown(after),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let [revision, version, grants] =
                ["revision", "version", "grants"].map(|member| print::cell(value, member));
            if members.contains_key("revision") {
                format!("revision {revision}, version {version}, granted: {grants}")
            } else {
                value.to_string()
            }
        }
        other => other.to_string(),
    }
}
