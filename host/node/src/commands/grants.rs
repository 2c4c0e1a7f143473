//! `koi-mcp extension grants|grant|revoke|learn|learned`.

use std::collections::BTreeSet;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::{Client, GrantEdit, segment};

pub(super) async fn show(client: &Client, name: &str, json: bool) -> Result<()> {
    let request = client.request(Method::GET, &format!("extensions/{}/grants", segment(name)));
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)?;
        return Ok(());
    }
    let set = |member: &str| -> BTreeSet<&str> {
        let items = answer[member].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).collect()
    };
    let (asked, granted, in_force) = (set("asked"), set("granted"), set("in-force"));
    let all: BTreeSet<&str> = asked.union(&granted).chain(&in_force).copied().collect();
    let rows: Vec<[String; 4]> = all
        .into_iter()
        .map(|grant| {
            let in_set = |set: &BTreeSet<&str>| if set.contains(grant) { "yes" } else { "-" };
            [in_set(&asked), in_set(&granted), in_set(&in_force), grant].map(str::to_owned)
        })
        .collect();
    if rows.is_empty() {
        print::line(format_args!(
            "{name} asks for nothing and is granted nothing"
        ))?;
        return Ok(());
    }
    print::table(["ASKED", "GRANTED", "IN FORCE", "GRANT"], &rows)?;
    if let Some(command) = granting(name, &answer, "missing") {
        print::line(format_args!("to grant what is missing: {command}"))?;
    }
    tell_idle(name, &answer)?;
    Ok(())
}

pub(super) async fn change(
    client: &Client,
    name: &str,
    edit: &GrantEdit,
    json: bool,
) -> Result<()> {
    let request = client
        .request(
            Method::PATCH,
            &format!("extensions/{}/grants", segment(name)),
        )
        .json(edit);
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)?;
    } else {
        print::line(format_args!(
            "{name} is granted: {}",
            print::cell(&answer, "grants")
        ))?;
        tell_idle(name, &answer)?;
    }
    Ok(())
}

/// The command that grants what stands in a member of an answer, if anything does.
pub(super) fn granting(name: &str, answer: &Value, member: &str) -> Option<String> {
    let grants = answer[member].as_array()?;
    (!grants.is_empty())
        .then(|| koi_registry::granting(name, grants.iter().filter_map(Value::as_str)))
}

/// Tells what was granted in vain.
pub(super) fn tell_idle(name: &str, answer: &Value) -> Result<()> {
    let idle = print::cell(answer, "idle");
    if idle.is_empty() {
        return Ok(());
    }
    print::line(format_args!(
        "without effect, since {name} does not ask for it in its `describe`: {idle}"
    ))
}

pub(super) async fn learn(client: &Client, name: &str, on: bool, json: bool) -> Result<()> {
    let request = client
        .request(
            Method::PUT,
            &format!("extensions/{}/learned", segment(name)),
        )
        .json(&on);
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)?;
    } else if on {
        print::line(format_args!(
            "what {name} is refused is recorded until the node stops; `koi-mcp extension learned {name}` shows it"
        ))?;
    } else {
        print::line(format_args!(
            "what {name} is refused is not recorded any more"
        ))?;
    }
    Ok(())
}

pub(super) async fn learned(client: &Client, name: &str, json: bool) -> Result<()> {
    let request = client.request(
        Method::GET,
        &format!("extensions/{}/learned", segment(name)),
    );
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer)?;
        return Ok(());
    }
    let tried = answer["tried"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if tried.is_empty() && answer["learning"] == false {
        print::line(format_args!(
            "nothing is recorded; begin with: koi-mcp extension learn {name} on"
        ))?;
        return Ok(());
    }
    if tried.is_empty() {
        print::line(format_args!("{name} has been refused nothing so far"))?;
        return Ok(());
    }
    let rows: Vec<[String; 2]> = tried
        .iter()
        .map(|one| {
            [
                one[1].to_string(),
                one[0].as_str().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    print::table(["TIMES", "REFUSED"], &rows)?;
    if answer["not-listed"] != 0 {
        print::line(format_args!(
            "and {} more that there was no room for",
            answer["not-listed"]
        ))?;
    }
    if let Some(command) = granting(name, &answer, "propose") {
        print::line(format_args!("to allow it: {command}"))?;
    }
    let not_asked = print::cell(&answer, "not-asked");
    if !not_asked.is_empty() {
        print::line(format_args!(
            "{name} does not ask for this in its `describe`, so that it cannot be granted: {not_asked}"
        ))?;
    }
    Ok(())
}
