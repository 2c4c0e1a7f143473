//! `koi-mcp extension dropped`: the drop folder, and what in it is not installed as it is.

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::Client;

pub(super) async fn show(client: &Client, json: bool) -> Result<()> {
    let dropped = ask(client).await?;
    if json {
        return print::json(&dropped);
    }
    let folder = print::cell(&dropped, "folder");
    if dropped["watched"] == true {
        print::line(format_args!(
            "{folder} is watched: a .wasm file that is put there is installed, with nothing granted"
        ))?;
    }
    warn(&dropped)
}

/// Says what is wrong with the folder and in it, if anything is.
pub(super) async fn tell(client: &Client) -> Result<()> {
    warn(&ask(client).await?)
}

async fn ask(client: &Client) -> Result<Value> {
    client
        .send(client.request(Method::GET, "drop-folder"))
        .await
}

fn warn(dropped: &Value) -> Result<()> {
    if dropped["watched"] == false {
        print::line(format_args!(
            "the drop folder {} is not watched since {}: {}",
            print::cell(dropped, "folder"),
            print::cell(dropped, "since"),
            print::cell(dropped, "reason"),
        ))?;
    }
    let refused = dropped["refused"].as_array();
    let rows: Vec<[String; 3]> = refused
        .into_iter()
        .flatten()
        .map(|file| {
            [
                print::cell(file, "file"),
                print::cell(file, "since"),
                print::cell(file, "reason"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    print::table(["DROPPED FILE", "REFUSED SINCE", "REASON"], &rows)
}
