//! `koi-mcp extension wrote`.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::print;
use crate::admin::{Client, segment};

pub(super) async fn run(
    client: &Client,
    name: &str,
    revision: Option<u64>,
    forget: bool,
    json: bool,
) -> Result<()> {
    let method = if forget { Method::DELETE } else { Method::GET };
    let revision = revision.map(|revision| revision.to_string());
    let mut entries: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut asked = Vec::new();
        asked.extend(revision.as_deref().map(|revision| ("revision", revision)));
        asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let request = client
            .request(
                method.clone(),
                &format!("extensions/{}/wrote", segment(name)),
            )
            .query(&asked);
        let mut answer: Value = client.send(request).await?;
        if let Value::Array(page) = answer["wrote"].take() {
            entries.extend(page);
        }
        match answer["next"].take() {
            Value::String(next) => cursor = Some(next),
            _ => break,
        }
    }
    if json {
        return print::json(&json!({"extension": name, "forgetting": forget, "wrote": entries}));
    }
    if entries.is_empty() {
        return print::line(format_args!("nothing that {name} wrote is stored"));
    }
    let rows: Vec<[String; 4]> = entries
        .iter()
        .map(|entry| {
            ["rid", "timestamp", "revision", "digest"].map(|member| print::cell(entry, member))
        })
        .collect();
    print::table(["RID", "TIMESTAMP", "REVISION", "DIGEST"], &rows)?;
    if forget {
        print::line(format_args!("{} bundles will be forgotten", entries.len()))?;
    }
    Ok(())
}
