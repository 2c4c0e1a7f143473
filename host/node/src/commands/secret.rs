//! `koi-mcp secret …`, with the running node or, when none runs, on its data folder.
//!
//! A value comes from standard input or from a prompt, never from an argument: arguments are seen by
//! every user of the machine and stay in the shell's history.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use koi_registry::{MAX_SECRET_BYTES, SecretName, SecretValue};
use reqwest::Method;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};

use super::print;
use crate::admin::Client;
use crate::cli::SecretCommand;
use crate::config::{Config, StoreConfig};
use crate::data_dir::DataDir;
use crate::secrets::Secrets;

/// Who changes something without a node, for the audit log.
const WHO: &str = "operator";

pub(super) async fn run(config: &Config, command: SecretCommand, json: bool) -> Result<()> {
    let make = matches!(command, SecretCommand::Set { .. });
    let door = Door::open(&config.node.data_dir, &config.store, make).await?;
    match command {
        SecretCommand::Set { name } => {
            let name: SecretName = name.parse()?;
            let value = SecretValue::new(read_value(&name)?)?;
            door.set(&name, value).await?;
            if json {
                print::json(&json!({"set": name}))?;
            } else {
                print::line(format_args!(
                    "{name} is set; grant it with: koi-mcp extension grant EXTENSION secret={name}@HOST"
                ))?;
            }
        }
        SecretCommand::Remove { name } => {
            let name: SecretName = name.parse()?;
            door.remove(&name).await?;
            if json {
                print::json(&json!({"removed": name}))?;
            } else {
                print::line(format_args!("{name} is removed"))?;
            }
        }
        SecretCommand::List => list(&door.list().await?, json)?,
    }
    Ok(())
}

fn list(secrets: &Value, json: bool) -> Result<()> {
    if json {
        return print::json(secrets);
    }
    let secrets = secrets.as_array().map(Vec::as_slice).unwrap_or_default();
    if secrets.is_empty() {
        return print::line("there are no secrets; `koi-mcp secret set NAME` sets one");
    }
    let rows: Vec<[String; 3]> = secrets
        .iter()
        .map(|secret| {
            let granted = secret["granted"].as_object().into_iter().flatten();
            let granted: Vec<String> = granted
                .map(|(extension, _)| {
                    format!(
                        "{extension}: {}",
                        print::cell(&secret["granted"], extension)
                    )
                })
                .collect();
            [
                print::cell(secret, "name"),
                print::cell(secret, "source"),
                granted.join("; "),
            ]
        })
        .collect();
    print::table(["NAME", "SOURCE", "GRANTED"], &rows)
}

/// The way to the secrets.
enum Door {
    Node(Client),
    /// With the folder's lock, so that no node starts meanwhile.
    Folder(
        Secrets,
        #[expect(dead_code, reason = "held, not read")] DataDir,
    ),
}

impl Door {
    /// `make` the folder if it is not there.
    async fn open(data_dir: &Path, store: &StoreConfig, make: bool) -> Result<Self> {
        let unreachable = match Client::of(data_dir) {
            Ok(client) => return Ok(Self::Node(client)),
            Err(error) => error,
        };
        if !make && !data_dir.is_dir() {
            return Err(unreachable);
        }
        let Ok(folder) = DataDir::open(data_dir) else {
            return Err(unreachable);
        };
        let stores = store.open(folder.path()).await?;
        let secrets = Secrets::open(&folder, &stores)?;
        Ok(Self::Folder(secrets, folder))
    }

    async fn set(&self, name: &SecretName, value: SecretValue) -> Result<()> {
        match self {
            Self::Node(client) => {
                let request = client
                    .request(Method::PUT, &format!("secrets/{name}"))
                    .body(value.expose().to_owned());
                client.send::<Value>(request).await.map(drop)
            }
            Self::Folder(secrets, _) => secrets.set(name.clone(), value, WHO).await,
        }
    }

    async fn remove(&self, name: &SecretName) -> Result<()> {
        match self {
            Self::Node(client) => {
                let request = client.request(Method::DELETE, &format!("secrets/{name}"));
                client.send::<Value>(request).await.map(drop)
            }
            Self::Folder(secrets, _) => secrets.remove(name, WHO).await,
        }
    }

    async fn list(&self) -> Result<Value> {
        match self {
            Self::Node(client) => client.send(client.request(Method::GET, "secrets")).await,
            Self::Folder(secrets, _) => Ok(serde_json::to_value(secrets.list().await?)?),
        }
    }
}

/// One line, without its end.
fn read_value(name: &SecretName) -> Result<String> {
    let input = std::io::stdin();
    let mut text = String::new();
    if input.is_terminal() {
        eprint!("value of {name}: ");
        std::io::stderr().flush()?;
        let before = tcgetattr(&input)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &silent)?;
        let read = input.read_line(&mut text);
        tcsetattr(&input, OptionalActions::Flush, &before)?;
        eprintln!();
        read.context("cannot read the value")?;
    } else {
        // One byte more than fits, to see that it does not; and the end of the line.
        let most = MAX_SECRET_BYTES as u64 + 3;
        let read = input.take(most).read_to_string(&mut text);
        read.context("cannot read the value from standard input")?;
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
