//! `koi-mcp extension grants|grant|revoke`.

use std::collections::BTreeSet;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::{Client, GrantEdit};

pub(super) async fn show(client: &Client, name: &str, json: bool) -> Result<()> {
    let request = client.request(Method::GET, &format!("extensions/{name}/grants"));
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer);
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
        println!("{name} asks for nothing and is granted nothing");
        return Ok(());
    }
    print::table(["ASKED", "GRANTED", "IN FORCE", "GRANT"], &rows);
    let missing = print::cell(&answer, "missing");
    if !missing.is_empty() {
        println!("to grant what is missing: koi-mcp extension grant {name} {missing}");
    }
    Ok(())
}

pub(super) async fn change(
    client: &Client,
    name: &str,
    edit: &GrantEdit,
    json: bool,
) -> Result<()> {
    let request = client
        .request(Method::PATCH, &format!("extensions/{name}/grants"))
        .json(edit);
    let answer: Value = client.send(request).await?;
    if json {
        print::json(&answer);
    } else {
        println!("{name} is granted: {}", print::cell(&answer, "grants"));
    }
    Ok(())
}
