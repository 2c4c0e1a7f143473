//! `koi-mcp query`.

use std::path::Path;

use anyhow::Result;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::print;
use crate::admin::Client;
use crate::cli::QueryArgs;

#[derive(Deserialize)]
struct Answer {
    bundles: Vec<Box<RawValue>>,
    next: Option<String>,
    scanned: u64,
    bounded: bool,
}

#[derive(Deserialize)]
struct Shown {
    manifest: Manifest,
    contents: Box<RawValue>,
}

#[derive(Deserialize)]
struct Manifest {
    rid: String,
    timestamp: String,
}

/// Contents in a row of the table, in characters.
const CELL: usize = 80;

pub(super) async fn run(data_dir: &Path, query: &QueryArgs, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    let mut bundles: Vec<Box<RawValue>> = Vec::new();
    let mut cursor: Option<String> = None;
    while bundles.len() < query.limit {
        let limit = (query.limit - bundles.len()).min(1000).to_string();
        let mut asked = vec![
            ("rid_type", query.rid_type.as_str()),
            ("order", query.order.as_str()),
            ("limit", limit.as_str()),
        ];
        asked.extend(query.filter.as_deref().map(|filter| ("filter", filter)));
        asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let request = client.request(Method::GET, "bundles/query").query(&asked);
        let answer: Answer = client.send(request).await?;
        bundles.extend(answer.bundles);
        if answer.bounded && query.bounded {
            eprintln!(
                "{} bundles were looked at, and there are more: without --bounded all are; where the \
                 owner of the type declares the path for indexing, few are",
                answer.scanned
            );
            break;
        }
        match answer.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    if json {
        // As they were sent, so that contents keep the order of their members.
        return print::text(&serde_json::to_string(&bundles)?);
    }
    let rows = bundles
        .iter()
        .map(|bundle| {
            let shown: Shown = serde_json::from_str(bundle.get())?;
            // On one line, whatever the space between its members was.
            let words: Vec<&str> = shown.contents.get().split_whitespace().collect();
            let contents = words.join(" ");
            let mut cell: String = contents.chars().take(CELL).collect();
            if cell.len() < contents.len() {
                cell.push('…');
            }
            Ok([shown.manifest.rid, shown.manifest.timestamp, cell])
        })
        .collect::<Result<Vec<_>>>()?;
    if rows.is_empty() {
        let so = if query.filter.is_some() {
            " like that"
        } else {
            ""
        };
        print::line(format_args!(
            "no bundle of {}{so} is stored",
            query.rid_type
        ))
    } else {
        print::table(["RID", "TIMESTAMP", "CONTENTS"], &rows)
    }
}
