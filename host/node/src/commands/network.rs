//! `koi-mcp network …` and `fetch`.

use std::path::Path;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::Client;
use crate::cli::NetworkCommand;

pub(super) async fn run(data_dir: &Path, command: &NetworkCommand, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    let (method, path, node) = match command {
        NetworkCommand::Nodes => (Method::GET, "network/nodes", None),
        NetworkCommand::Edges => (Method::GET, "network/edges", None),
        NetworkCommand::Propose { node } => (Method::POST, "network/proposals", Some(node)),
        NetworkCommand::Forget { node } => (Method::DELETE, "network/nodes", Some(node)),
    };
    let node = node.map(|node| ("rid", node));
    let request = client.request(method, path).query(node.as_slice());
    let answer: Value = client.send(request).await?;
    if json {
        return print::json(&answer);
    }
    let known = || answer.as_array().into_iter().flatten();
    match command {
        NetworkCommand::Propose { .. } => print::line(format!(
            "proposing to be told of {}; `koi-mcp network edges` shows what comes of it",
            print::cell(&answer, "rid_types")
        )),
        NetworkCommand::Forget { node } => print::line(format!("forgetting {node}")),
        NetworkCommand::Nodes => {
            let rows: Vec<[String; 4]> = known()
                .map(|node| {
                    let provides = print::cell(&node["provides"], "event");
                    let [rid, node_type, url] =
                        ["rid", "node_type", "base_url"].map(|of| print::cell(node, of));
                    [rid, node_type, url, provides]
                })
                .collect();
            print::table(["RID", "TYPE", "URL", "PROVIDES"], &rows)
        }
        NetworkCommand::Edges => {
            let rows: Vec<[String; 5]> = known()
                .map(|edge| {
                    ["source", "target", "edge_type", "status", "rid_types"]
                        .map(|of| print::cell(edge, of))
                })
                .collect();
            if rows.is_empty() {
                return print::line("there are no edges");
            }
            print::table(["FROM", "TO", "BY", "STATUS", "RID TYPES"], &rows)
        }
    }
}

pub(super) async fn fetch(data_dir: &Path, rid: &str, from: Option<&str>) -> Result<()> {
    let client = Client::of(data_dir)?;
    let mut request = client.request(Method::POST, "fetch").query(&[("rid", rid)]);
    if let Some(from) = from {
        request = request.query(&[("from", from)]);
    }
    // Printed as it was sent, so that contents keep the order of their members.
    let bundle: Box<serde_json::value::RawValue> = client.send(request).await?;
    print::text(bundle.get())
}
