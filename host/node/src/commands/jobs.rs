//! `koi-mcp jobs …`

use std::path::Path;

use anyhow::{Result, bail};
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::{Client, segment};
use crate::cli::JobsCommand;

pub(super) async fn run(data_dir: &Path, command: &JobsCommand, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    match command {
        JobsCommand::List { extension } => list(&client, extension.as_deref(), json).await,
        JobsCommand::History { extension, job } => history(&client, extension, job, json).await,
        JobsCommand::Run { extension, job } => {
            let request = client.request(Method::POST, &path(extension, job));
            let run: Value = client.send(request).await?;
            if json {
                print::json(&run)?;
            }
            match run["outcome"].as_str() {
                Some("ok") if json => Ok(()),
                Some("ok") => print::line(format_args!("done: {}", print::cell(&run, "result"))),
                _ => bail!("{job} of {extension}: {}", said(&run)),
            }
        }
    }
}

fn path(extension: &str, job: &str) -> String {
    format!("jobs/{}/{}", segment(extension), segment(job))
}

async fn list(client: &Client, extension: Option<&str>, json: bool) -> Result<()> {
    let of = extension.map(|extension| ("extension", extension));
    let request = client.request(Method::GET, "jobs").query(of.as_slice());
    let jobs: Value = client.send(request).await?;
    if json {
        return print::json(&jobs);
    }
    let rows: Vec<[String; 5]> = jobs
        .as_array()
        .into_iter()
        .flatten()
        .map(|job| {
            let [extension, name] = ["extension", "job"].map(|of| print::cell(job, of));
            let next = match job["granted"].as_bool() {
                Some(true) => print::cell(job, "next"),
                _ => "not granted: capability=schedule".to_owned(),
            };
            [extension, name, when(job), next, said(&job["last"])]
        })
        .collect();
    if rows.is_empty() {
        return print::line("there are no jobs");
    }
    print::table(["EXTENSION", "JOB", "WHEN", "NEXT", "LAST"], &rows)
}

async fn history(client: &Client, extension: &str, job: &str, json: bool) -> Result<()> {
    let mut runs = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let query = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let request = client.request(Method::GET, &path(extension, job));
        let mut answer: Value = client.send(request.query(query.as_slice())).await?;
        if let Value::Array(page) = answer["runs"].take() {
            runs.extend(page);
        }
        match answer["next"].take() {
            Value::String(next) => cursor = Some(next),
            _ => break,
        }
    }
    if json {
        return print::json(&runs.into());
    }
    if runs.is_empty() {
        return print::line("it has not run yet");
    }
    let rows: Vec<[String; 5]> = runs
        .iter()
        .map(|run| {
            let [due, started, ended, result] =
                ["due", "started", "ended", "result"].map(|of| print::cell(run, of));
            let due = match due.is_empty() {
                true => "asked for".to_owned(),
                false => due,
            };
            let what = [said(run), result].join(" ");
            [due, started, ended, print::cell(run, "correlation"), what]
        })
        .collect();
    print::table(["DUE", "STARTED", "ENDED", "CORRELATION", "OUTCOME"], &rows)
}

fn when(job: &Value) -> String {
    match job["every"].as_u64() {
        Some(seconds) => format!("every {seconds} s"),
        None => print::cell(job, "cron"),
    }
}

/// How a run ended, of how many due times, and why.
fn said(run: &Value) -> String {
    let [outcome, reason] = ["outcome", "reason"].map(|of| print::cell(run, of));
    let times = match run["times"].as_u64() {
        Some(times) if times > 1 => format!(" {times} times"),
        _ => String::new(),
    };
    match reason.is_empty() {
        true => format!("{outcome}{times}"),
        false => format!("{outcome}{times}: {reason}"),
    }
}
