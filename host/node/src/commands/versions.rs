//! `koi-mcp extension activate|canary|shadow|promote|retire|health`.

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::{Client, RoleRequest, segment};

pub(super) async fn put(
    client: &Client,
    name: &str,
    revision: u64,
    role: RoleRequest,
    json: bool,
) -> Result<()> {
    let request = client
        .request(Method::PUT, &path(name, revision))
        .json(&role);
    let answer: Value = client.send(request).await?;
    if json {
        return print::json(&answer);
    }
    let what = match role {
        RoleRequest::Serving => "serves".to_owned(),
        RoleRequest::Beside => "answers calls that ask for its version".to_owned(),
        RoleRequest::Canary { share } => format!("answers {} of the calls", percent(share)),
        RoleRequest::Shadow => "answers unseen; `koi-mcp extension health` compares".to_owned(),
    };
    print::line(format_args!("revision {revision} of {name} {what}"))
}

pub(super) async fn retire(client: &Client, name: &str, revision: u64, json: bool) -> Result<()> {
    let request = client.request(Method::DELETE, &path(name, revision));
    let answer: Value = client.send(request).await?;
    if json {
        return print::json(&answer);
    }
    print::line(format_args!("revision {revision} of {name} is retired"))
}

pub(super) async fn health(client: &Client, name: &str, json: bool) -> Result<()> {
    let path = format!("extensions/{}/health", segment(name));
    let answer: Value = client.send(client.request(Method::GET, &path)).await?;
    if json {
        return print::json(&answer);
    }
    let versions = answer["versions"].as_array();
    let rows: Vec<[String; 9]> = versions.into_iter().flatten().map(row).collect();
    print::table(
        [
            "VERSION", "REVISION", "ROLE", "HEALTH", "BREAKER", "CALLS", "FAILED", "ERRORS",
            "P95 MS",
        ],
        &rows,
    )?;
    for version in versions.into_iter().flatten() {
        details(version)?;
    }
    let gone = &answer["rolled-back"];
    if gone.is_object() {
        print::line(rolled_back(gone))?;
    }
    Ok(())
}

/// How an extension is in a list, after its state, where there is anything to say.
pub(super) fn condition(extension: &Value) -> String {
    let mut condition = String::new();
    if extension["breaker"].is_string() {
        let breaker = print::cell(extension, "breaker");
        condition.push_str(&format!(", fails too often (breaker {breaker})"));
    }
    let health = &extension["health"];
    if health.is_object() && health["status"] != "ok" {
        let (status, message) = (
            print::cell(health, "status"),
            print::cell(health, "message"),
        );
        condition.push_str(&format!(", health {status}: {message}"));
    }
    condition
}

/// What stands after a list of extensions: which versions are active beside those in it, and which went
/// by themselves.
pub(super) fn tell_beside(list: &Value) -> Result<()> {
    for extension in list.as_array().into_iter().flatten() {
        let name = print::cell(extension, "name");
        for version in extension["beside"].as_array().into_iter().flatten() {
            print::line(format_args!(
                "revision {} of {name} ({}) is active as {}",
                print::cell(version, "revision"),
                print::cell(version, "version"),
                role(version)
            ))?;
        }
        let gone = &extension["rolled-back"];
        if gone.is_object() {
            print::line(format_args!("{name}: {}", rolled_back(gone)))?;
        }
    }
    Ok(())
}

fn rolled_back(gone: &Value) -> String {
    let error = print::cell(gone, "error");
    let (what, error) = match error.is_empty() {
        true => ("went by itself", String::new()),
        false => ("should go and could not", format!(" ({error})")),
    };
    format!(
        "revision {} ({}) {what} at {}: {}{error}",
        print::cell(gone, "revision"),
        print::cell(gone, "role"),
        print::cell(gone, "at"),
        print::cell(gone, "reason")
    )
}

/// A version's role, with the share of a canary.
fn role(version: &Value) -> String {
    match version["share"].as_u64() {
        Some(share) => format!(
            "canary {}",
            percent(u16::try_from(share).unwrap_or(u16::MAX))
        ),
        None => print::cell(version, "role"),
    }
}

fn row(version: &Value) -> [String; 9] {
    let health = match &version["health"] {
        Value::Null => "not asked yet".to_owned(),
        health => print::cell(health, "status"),
    };
    [
        print::cell(version, "version"),
        print::cell(version, "revision"),
        role(version),
        health,
        print::cell(version, "breaker"),
        print::cell(version, "calls"),
        print::cell(version, "failures"),
        print::cell(version, "errors"),
        version["p95-ms"]
            .as_f64()
            .map_or_else(String::new, |time| format!("{time:.1}")),
    ]
}

/// What does not fit into a table.
fn details(version: &Value) -> Result<()> {
    let revision = print::cell(version, "revision");
    let told = [
        ("says", print::cell(&version["health"], "message")),
        ("last failed", print::cell(version, "last-failure")),
        ("calls on trial", print::cell(version, "trial-calls")),
    ];
    for (what, told) in told.into_iter().filter(|(_, told)| !told.is_empty()) {
        print::line(format_args!("revision {revision}: {what}: {told}"))?;
    }
    let shadow = &version["shadow"];
    if !shadow.is_object() {
        return Ok(());
    }
    print::line(format_args!(
        "revision {revision}: {} of {} answers differ; {} calls passed over, {} writes dropped",
        print::cell(shadow, "differing"),
        print::cell(shadow, "compared"),
        print::cell(shadow, "passed-over"),
        print::cell(shadow, "writes-dropped")
    ))?;
    for difference in shadow["differences"].as_array().into_iter().flatten() {
        let (at, call) = (
            print::cell(difference, "at"),
            print::cell(difference, "call"),
        );
        print::line(format_args!("  {at} {call}"))?;
        for (what, member) in [("serving", "serving"), ("shadow ", "shadow")] {
            let told = print::cell(difference, member);
            print::line(format_args!("    {what} {told}"))?;
        }
    }
    Ok(())
}

fn path(name: &str, revision: u64) -> String {
    format!("extensions/{}/revisions/{revision}/role", segment(name))
}

/// A share as people write it.
fn percent(share: u16) -> String {
    match (share / 10, share % 10) {
        (whole, 0) => format!("{whole}%"),
        (whole, tenth) => format!("{whole}.{tenth}%"),
    }
}
