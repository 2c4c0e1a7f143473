//! `koi-mcp dead-letters …`

use std::path::Path;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::Client;
use crate::cli::DeadLettersCommand;

pub(super) async fn run(data_dir: &Path, command: DeadLettersCommand, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    match command {
        DeadLettersCommand::List => {
            let answer: Value = client
                .send(client.request(Method::GET, "dead-letters"))
                .await?;
            if json {
                return print::json(&answer);
            }
            let rows: Vec<[String; 5]> = answer
                .as_array()
                .into_iter()
                .flatten()
                .map(|letter| {
                    ["id", "rid", "phase", "times", "reason"].map(|m| print::cell(letter, m))
                })
                .collect();
            if rows.is_empty() {
                print::line("there are no dead letters")
            } else {
                print::table(["ID", "RID", "PHASE", "TIMES", "REASON"], &rows)
            }
        }
        DeadLettersCommand::Retry { id } => {
            let request = client.request(Method::POST, &format!("dead-letters/{id}"));
            let answer: Value = client.send(request).await?;
            if json {
                print::json(&answer)
            } else {
                print::line(format_args!("{id} has been taken up again"))
            }
        }
    }
}
