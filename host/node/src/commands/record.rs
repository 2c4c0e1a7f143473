//! `koi-mcp record` and `replay`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use koi_runtime::{Called, Ended, MAX_RECORDING_BYTES, Recording};
use reqwest::Method;
use serde_json::{Value, json};

use super::{alone, knowledge, print};
use crate::admin::{Client, MAX_COMPONENT, RecordRequest, ReplayReport};
use crate::cli::{RecordArgs, ReplayArgs};
use crate::config::Config;

/// A replay was done, and went another way than its recording: what it has to say is said.
#[derive(Debug, thiserror::Error)]
#[error("the call went another way than the recording")]
pub(crate) struct Diverged;

pub(super) async fn record(data_dir: &Path, args: &RecordArgs, json: bool) -> Result<()> {
    let request = match args.resource {
        true => RecordRequest::Resource {
            uri: args.name.clone(),
        },
        false => RecordRequest::Tool {
            name: args.name.clone(),
            arguments: knowledge::arguments(&args.args)?,
        },
    };
    let client = Client::of(data_dir)?;
    let request = client.request(Method::POST, "recordings").json(&request);
    let text: Box<serde_json::value::RawValue> = client.send(request).await?;
    let recording = Recording::parse(text.get().as_bytes())?;
    let file = args.out.display();
    write(&args.out, &recording.to_json()).with_context(|| format!("cannot write {file}"))?;
    let (steps, ended) = (recording.steps.len(), how(&recording.ended));
    if json {
        return print::json(&json!({
            "file": file.to_string(), "extension": recording.extension, "revision": recording.revision,
            "digest": recording.digest, "steps": steps, "ended": recording.ended,
        }));
    }
    print::line(format_args!(
        "recorded {} of {} in {file}: {steps} steps, {ended}",
        what(&recording.called),
        recording.extension,
    ))
}

pub(super) async fn replay(config: Config, args: &ReplayArgs, json: bool) -> Result<()> {
    let text = read(&args.file, MAX_RECORDING_BYTES)?;
    let recording = Recording::parse(&text).with_context(|| args.file.display().to_string())?;
    let report = match &args.component {
        Some(component) => on(&config, &recording, component).await?,
        None => {
            let client = Client::of(&config.node.data_dir)?;
            let request = client.request(Method::POST, "replays").body(text);
            client.send(request).await?
        }
    };
    if json {
        print::json(&serde_json::to_value(&report)?)?;
    } else {
        let told = report.told.clone().unwrap_or_else(|| {
            let steps = recording.steps.len();
            format!(
                "the same to the byte: {steps} steps, {}",
                how(&recording.ended)
            )
        });
        print::line(told)?;
        if report.digest != recording.digest {
            print::line(format_args!(
                "it was run on another component (digest {}) than it was recorded of (digest {})",
                report.digest, recording.digest
            ))?;
        }
    }
    match report.same {
        true => Ok(()),
        false => Err(Diverged.into()),
    }
}

/// On a component in a file, without a node.
async fn on(config: &Config, recording: &Recording, file: &Path) -> Result<ReplayReport> {
    let component = read(file, MAX_COMPONENT)?;
    let runtime = alone::runtime(config, recording.wants_fuel())?;
    let extension = runtime.load(component.into()).await;
    let extension = extension.with_context(|| file.display().to_string())?;
    Ok(ReplayReport::new(&extension.replay(recording).await?))
}

/// A file of at most so many bytes.
pub(super) fn read(file: &Path, most: usize) -> Result<Vec<u8>> {
    let shown = file.display();
    let size = std::fs::metadata(file)
        .with_context(|| format!("cannot read {shown}"))?
        .len();
    if size > most as u64 {
        bail!("{shown} has {size} bytes, and at most {most} are read");
    }
    std::fs::read(file).with_context(|| format!("cannot read {shown}"))
}

/// For its owner only: it holds all that the extension saw.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(file)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

fn what(called: &Called) -> &str {
    match called {
        Called::Tool { name, .. } => name,
        Called::Resource { uri } => uri,
    }
}

/// How a call ended, in a few words.
fn how(ended: &Ended) -> String {
    match ended {
        Ended::Answer(Value::String(text)) => format!("an answer of {} bytes", text.len()),
        Ended::Answer(_) => "an answer".to_owned(),
        Ended::Failure { kind, message } => format!("a failure ({kind}): {message}"),
        Ended::Crash(reason) => format!("a crash: {reason}"),
        Ended::Limit { limit, value, .. } => format!("ended by its limit of {value} {limit}"),
        Ended::NotExported(interface) => format!("a failure: it does not export `{interface}`"),
    }
}
