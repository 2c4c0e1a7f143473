//! `koi-mcp extension revisions|inspect|diff|revert|approve|reject|pin|unpin|deprecate`.

use std::path::Path;

use anyhow::{Context, Result};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{extension, print};
use crate::admin::{Approval, Client, ComponentQuery, Reverting, segment};
use crate::cli::RevisionCommand;

pub(super) async fn run(client: &Client, command: RevisionCommand, json: bool) -> Result<()> {
    match command {
        RevisionCommand::Revisions { name } => list(client, &name, json).await,
        RevisionCommand::Inspect { name, revision } => inspect(client, &name, revision, json).await,
        RevisionCommand::Diff {
            name,
            from,
            to,
            file,
        } => {
            let request = match (file, name, from) {
                (Some(file), name, _) => of_component(client, &file, name)?,
                (None, Some(name), Some(from)) => {
                    let query = [("from", Some(from)), ("to", to)];
                    get(client, &name, "diff").query(&query)
                }
                _ => anyhow::bail!("name an extension and a revision, or a component with --file"),
            };
            diff(&client.send(request).await?, json)
        }
        RevisionCommand::Revert { name, to } => {
            let request = post(client, &name, "revert").json(&Reverting { to });
            let answer: Value = client.send(request).await?;
            extension::tell_report(&answer, json, "serves again")
        }
        RevisionCommand::Approve {
            name,
            grants,
            grant_asked,
        } => {
            let approval = Approval {
                grants,
                grant_asked,
            };
            let request = post(client, &name, "approve").json(&approval);
            let answer: Value = client.send(request).await?;
            extension::tell_report(&answer, json, "is approved and serves")
        }
        RevisionCommand::Reject { name } => {
            let answer: Value = client.send(post(client, &name, "reject")).await?;
            let rejected = print::cell(&answer, "rejected");
            told(
                &answer,
                json,
                &format!("revision {rejected} of {name} is no longer held"),
            )
        }
        RevisionCommand::Pin { name, revision } => {
            let request = of_revision(client, Method::PUT, &name, revision, "/pin");
            let sentence = format!("revision {revision} of {name} is kept");
            told(&client.send(request).await?, json, &sentence)
        }
        RevisionCommand::Unpin { name, revision } => {
            let request = of_revision(client, Method::DELETE, &name, revision, "/pin");
            let sentence = format!("revision {revision} of {name} goes when it is old");
            told(&client.send(request).await?, json, &sentence)
        }
        RevisionCommand::Deprecate {
            name,
            revision,
            reason,
            undo,
        } => {
            let reason = (!undo).then_some(reason);
            let request = of_revision(client, Method::PUT, &name, revision, "/deprecated");
            let sentence = match &reason {
                Some(reason) => format!("revision {revision} of {name} is deprecated: {reason}"),
                None => format!("revision {revision} of {name} is not deprecated any more"),
            };
            let request = request.json(&reason);
            told(&client.send(request).await?, json, &sentence)
        }
    }
}

fn get(client: &Client, name: &str, what: &str) -> RequestBuilder {
    client.request(Method::GET, &format!("extensions/{}/{what}", segment(name)))
}

fn post(client: &Client, name: &str, what: &str) -> RequestBuilder {
    client.request(
        Method::POST,
        &format!("extensions/{}/{what}", segment(name)),
    )
}

fn of_revision(
    client: &Client,
    method: Method,
    name: &str,
    revision: u64,
    what: &str,
) -> RequestBuilder {
    let name = segment(name);
    client.request(
        method,
        &format!("extensions/{name}/revisions/{revision}{what}"),
    )
}

fn of_component(client: &Client, file: &Path, name: Option<String>) -> Result<RequestBuilder> {
    let component =
        std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let query = ComponentQuery {
        name,
        file: file.to_string_lossy().into_owned(),
    };
    let request = client.request(Method::POST, "extensions/diff");
    Ok(request.query(&query).body(component))
}

fn told(answer: &Value, json: bool, sentence: &str) -> Result<()> {
    if json {
        return print::json(answer);
    }
    print::line(sentence)
}

async fn list(client: &Client, name: &str, json: bool) -> Result<()> {
    let answer: Value = client.send(get(client, name, "revisions")).await?;
    if json {
        return print::json(&answer);
    }
    let rows: Vec<[String; 7]> = answer
        .as_array()
        .into_iter()
        .flatten()
        .map(|revision| {
            let mut notes = Vec::new();
            if revision["pinned"] == true {
                notes.push("pinned".to_owned());
            }
            let deprecated = print::cell(revision, "deprecated");
            if !deprecated.is_empty() {
                notes.push(format!("deprecated: {deprecated}"));
            }
            let digest: String = print::cell(revision, "digest").chars().take(12).collect();
            [
                print::cell(revision, "revision"),
                print::cell(revision, "version"),
                print::cell(revision, "role"),
                digest,
                print::cell(revision, "installed-at"),
                print::cell(revision, "installed-by"),
                notes.join("; "),
            ]
        })
        .collect();
    print::table(
        [
            "REVISION",
            "VERSION",
            "ROLE",
            "DIGEST",
            "INSTALLED",
            "BY",
            "NOTES",
        ],
        &rows,
    )
}

async fn inspect(client: &Client, name: &str, revision: Option<u64>, json: bool) -> Result<()> {
    let revision = match revision {
        Some(revision) => revision,
        None => serving(client, name).await?,
    };
    let request = of_revision(client, Method::GET, name, revision, "");
    let answer: Value = client.send(request).await?;
    if json {
        return print::json(&answer);
    }
    let members = answer.as_object().into_iter().flatten();
    for (member, value) in members.filter(|(_, value)| !is_nothing(value)) {
        let shown = match value {
            // Things by their names; each as a whole is in the JSON.
            Value::Object(things) if member != "settings" => {
                let names: Vec<_> = things.keys().map(String::as_str).collect();
                print::cell(&json!({"names": names}), "names")
            }
            _ => print::cell(&answer, member),
        };
        print::line(format_args!("{member:14} {shown}"))?;
    }
    Ok(())
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The number of the revision that serves.
async fn serving(client: &Client, name: &str) -> Result<u64> {
    let revisions: Value = client.send(get(client, name, "revisions")).await?;
    let mut revisions = revisions.as_array().into_iter().flatten();
    let serving = revisions.find(|revision| revision["role"] == "serving");
    let number = serving.and_then(|serving| serving["revision"].as_u64());
    number.with_context(|| format!("no revision of {name} serves: name one"))
}

/// The parts of a difference, in the order in which they are shown.
const PARTS: [&str; 7] = [
    "tools",
    "schemas",
    "rid-types",
    "transforms",
    "handlers",
    "jobs",
    "imports",
];

fn diff(answer: &Value, json: bool) -> Result<()> {
    if json {
        return print::json(answer);
    }
    let side = |member: &str| {
        let side = &answer[member];
        let (version, bytes) = (print::cell(side, "version"), print::cell(side, "bytes"));
        match side["revision"].as_u64() {
            Some(revision) => format!("revision {revision} ({version}, {bytes} bytes)"),
            None => format!("the component ({version}, {bytes} bytes)"),
        }
    };
    print::line(format_args!(
        "{}: from {} to {}",
        print::cell(answer, "extension"),
        side("from"),
        side("to")
    ))?;
    for member in ["from", "to"] {
        let unknown = print::cell(&answer[member], "tools-unknown");
        if !unknown.is_empty() {
            print::line(format_args!(
                "the tools are not compared, since those of {} are not known: {unknown}",
                side(member)
            ))?;
        }
    }
    let mut rows = Vec::new();
    let mut add = |part: &str, what: &str, names: &Value| {
        let names = names.as_array().into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            let name = print::cell(&json!({"name": name}), "name");
            rows.push([part.to_owned(), what.to_owned(), name]);
        }
    };
    for part in PARTS {
        for what in ["added", "removed", "changed"] {
            add(part, what, &answer[part][what]);
        }
    }
    add("asks for", "more", &answer["capabilities"]["more"]);
    add("asks for", "less", &answer["capabilities"]["less"]);
    if rows.is_empty() {
        return print::line("no difference in what they say about themselves");
    }
    print::table(["PART", "CHANGE", "WHAT"], &rows)
}

/// The lines about a swap in a report.
pub(super) fn tell_swap(answer: &Value) -> Result<()> {
    let swap = &answer["swap"];
    let Some(from) = swap["from"].as_object() else {
        return Ok(());
    };
    let from = Value::Object(from.clone());
    print::line(format_args!(
        "  swapped     from revision {} ({}): code {} ms, made ready {} ms, swap {} \u{b5}s, {} calls drained",
        print::cell(&from, "revision"),
        print::cell(&from, "version"),
        print::cell(swap, "compile-ms"),
        print::cell(swap, "prepare-ms"),
        print::cell(swap, "swap-us"),
        print::cell(swap, "drained"),
    ))?;
    if let Some(bytes) = swap["state"]["handed-over"]["bytes"].as_u64() {
        print::line(format_args!("  state       handed over, {bytes} bytes"))?;
    }
    let changes = [
        ("tools", "added", "new tools"),
        ("tools", "removed", "tools gone"),
        ("tools", "changed", "changed"),
        ("capabilities", "more", "asks more"),
        ("capabilities", "less", "asks less"),
    ];
    for (part, change, label) in changes {
        let names = print::cell(&swap[part], change);
        if !names.is_empty() {
            print::line(format_args!("  {label:11} {names}"))?;
        }
    }
    Ok(())
}
