//! `koi-mcp extension …`

use std::path::Path;

use anyhow::{Context, Result};
use koi_distribution::Reference;
use reqwest::Method;
use serde_json::{Map, Value};

use super::{distribution, dropped, grants, print, progress, revisions, versions, wrote};
use crate::admin::{Client, GrantEdit, InstallOptions, PullRequest, RoleRequest, segment};
use crate::cli::{BesideArgs, ExtensionCommand, Share, Switch};
use crate::config::Config;

pub(super) async fn run(config: &Config, command: ExtensionCommand, json: bool) -> Result<()> {
    if let ExtensionCommand::Distribution(command) = command {
        return distribution::run(config, command, json).await;
    }
    let client = Client::of(&config.node.data_dir)?;
    match command {
        // Needed no node.
        ExtensionCommand::Distribution(_) => Ok(()),
        ExtensionCommand::Install {
            file,
            grants,
            grant_asked,
            learn,
            settings,
            prefix,
            name,
            beside,
            allow_publisher,
        } => {
            let options = InstallOptions {
                grants,
                grant_asked,
                learn,
                settings: parse_settings(&settings)?,
                tool_prefix: prefix,
                name,
                role: role(beside),
                source: file.display().to_string(),
                allow_publisher,
                ..InstallOptions::default()
            };
            install(&client, &file, options, json).await
        }
        ExtensionCommand::List => list(&client, json).await,
        ExtensionCommand::Dropped => dropped::show(&client, json).await,
        ExtensionCommand::Remove { name } => {
            let request = client.request(Method::DELETE, &format!("extensions/{}", segment(&name)));
            report(
                &client.send(request).await?,
                json,
                &format!("{name} is removed"),
            )
        }
        ExtensionCommand::Grants { name } => grants::show(&client, &name, json).await,
        ExtensionCommand::Learn { name, switch } => {
            grants::learn(&client, &name, switch == Switch::On, json).await
        }
        ExtensionCommand::Learned { name } => grants::learned(&client, &name, json).await,
        ExtensionCommand::Grant { name, grants } => {
            let edit = GrantEdit {
                grant: grants,
                ..GrantEdit::default()
            };
            grants::change(&client, &name, &edit, json).await
        }
        ExtensionCommand::Revoke { name, grants } => {
            let edit = GrantEdit {
                revoke: grants,
                ..GrantEdit::default()
            };
            grants::change(&client, &name, &edit, json).await
        }
        ExtensionCommand::Activate { name, revision } => {
            versions::put(&client, &name, revision, RoleRequest::Beside, json).await
        }
        ExtensionCommand::Canary {
            name,
            revision,
            share: Share(share),
        } => {
            let canary = RoleRequest::Canary { share };
            versions::put(&client, &name, revision, canary, json).await
        }
        ExtensionCommand::Shadow { name, revision } => {
            versions::put(&client, &name, revision, RoleRequest::Shadow, json).await
        }
        ExtensionCommand::Promote { name, revision } => {
            versions::put(&client, &name, revision, RoleRequest::Serving, json).await
        }
        ExtensionCommand::Retire { name, revision } => {
            versions::retire(&client, &name, revision, json).await
        }
        ExtensionCommand::Health { name } => versions::health(&client, &name, json).await,
        ExtensionCommand::Wrote {
            name,
            revision,
            forget,
        } => wrote::run(&client, &name, revision, forget, json).await,
        ExtensionCommand::Revision(command) => revisions::run(&client, command, json).await,
    }
}

fn role(beside: BesideArgs) -> Option<RoleRequest> {
    match (beside.canary, beside.beside, beside.shadow) {
        (Some(Share(share)), ..) => Some(RoleRequest::Canary { share }),
        (None, true, _) => Some(RoleRequest::Beside),
        (None, false, true) => Some(RoleRequest::Shadow),
        (None, false, false) => None,
    }
}

async fn install(client: &Client, file: &Path, options: InstallOptions, json: bool) -> Result<()> {
    let answer = installed(client, file, options).await?;
    tell_report(&answer, json, "is installed")
}

/// Installs a component. Gives the node's report.
pub(super) async fn installed(
    client: &Client,
    file: &Path,
    options: InstallOptions,
) -> Result<Value> {
    let request = match file.to_str().filter(|text| Reference::is_meant(text)) {
        Some(reference) => {
            let pull = PullRequest {
                reference: reference.to_owned(),
                options,
            };
            client.request(Method::POST, "pulls").json(&pull)
        }
        None => {
            let component = distribution::read_component(file)?;
            let options = InstallOptions {
                attached: distribution::attached(file)?,
                ..options
            };
            client
                .request(Method::POST, "extensions")
                .query(&[("options", serde_json::to_string(&options)?)])
                .body(component)
        }
    };
    let name = file.file_name().unwrap_or_default();
    let what = format!("installing {}: compiling it", name.display());
    progress::while_waiting(&what, client.send(request)).await
}

/// What became of a revision that was to serve.
pub(super) fn tell_report(answer: &Value, json: bool, done: &str) -> Result<()> {
    if json {
        return print::json(answer);
    }
    let name = print::cell(answer, "name");
    if answer["outcome"] == "held" {
        print::line(format_args!(
            "{name} {} is held as revision {}, since it asks for more than is granted: {}",
            print::cell(answer, "version"),
            print::cell(answer, "revision"),
            print::cell(answer, "wants"),
        ))?;
        print::line("  the revision before goes on serving")?;
        print::line(format_args!(
            "  to let it   koi-mcp extension approve {name} --grant-asked"
        ))?;
        return print::line(format_args!(
            "  or not      koi-mcp extension reject {name}"
        ));
    }
    print::line(format_args!(
        "{name} {} {done} as revision {}",
        print::cell(answer, "version"),
        print::cell(answer, "revision"),
    ))?;
    let deprecated = print::cell(answer, "deprecated");
    if !deprecated.is_empty() {
        print::line(format_args!("  deprecated  {deprecated}"))?;
    }
    for (what, member) in [
        ("tools", "tools"),
        ("mode", "mode"),
        ("granted", "grants"),
        ("signed by", "publisher"),
        ("note", "warning"),
    ] {
        let value = print::cell(answer, member);
        if !value.is_empty() {
            print::line(format_args!("  {what:11} {value}"))?;
        }
    }
    let missing = print::cell(answer, "missing");
    if !missing.is_empty() {
        print::line(format_args!("  not granted {missing}"))?;
    }
    if let Some(command) = grants::granting(&name, answer, "missing") {
        print::line(format_args!("  to grant    {command}"))?;
    }
    grants::tell_idle(&name, answer)?;
    revisions::tell_swap(answer)
}

async fn list(client: &Client, json: bool) -> Result<()> {
    let answer: Value = client
        .send(client.request(Method::GET, "extensions"))
        .await?;
    if json {
        return print::json(&answer);
    }
    let rows: Vec<[String; 8]> = answer
        .as_array()
        .into_iter()
        .flatten()
        .map(|extension| {
            let count = |member: &str| extension[member].as_array().map_or(0, Vec::len).to_string();
            let mut state = match &extension["error"] {
                Value::String(_) => format!("failed: {}", print::cell(extension, "error")),
                _ => print::cell(extension, "state"),
            };
            let deprecated = print::cell(extension, "deprecated");
            if !deprecated.is_empty() {
                state = format!("{state}, deprecated: {deprecated}");
            }
            state.push_str(&versions::condition(extension));
            [
                print::cell(extension, "name"),
                print::cell(extension, "version"),
                print::cell(extension, "revision"),
                print::cell(extension, "mode"),
                count("tools"),
                print::cell(extension, "tool-prefix"),
                count("missing"),
                state,
            ]
        })
        .collect();
    if rows.is_empty() {
        print::line("no extension is installed; `koi-mcp extension install FILE` installs one")?;
    } else {
        print::table(
            [
                "NAME",
                "VERSION",
                "REVISION",
                "MODE",
                "TOOLS",
                "PREFIX",
                "NOT GRANTED",
                "STATE",
            ],
            &rows,
        )?;
    }
    let all = answer.as_array().into_iter().flatten();
    for extension in all.filter(|extension| extension["held"].is_object()) {
        let (name, held) = (print::cell(extension, "name"), &extension["held"]);
        print::line(format_args!(
            "revision {} of {name} ({}) is held, since it asks for {}: koi-mcp extension approve {name} \
             --grant-asked, or koi-mcp extension reject {name}",
            print::cell(held, "revision"),
            print::cell(held, "version"),
            print::cell(held, "wants"),
        ))?;
    }
    versions::tell_beside(&answer)?;
    dropped::tell(client).await
}

fn report(answer: &Value, json: bool, sentence: &str) -> Result<()> {
    if json {
        print::json(answer)
    } else {
        print::line(sentence)
    }
}

fn parse_settings(settings: &[String]) -> Result<Map<String, Value>> {
    settings
        .iter()
        .map(|setting| {
            let (key, value) = setting
                .split_once('=')
                .with_context(|| format!("--set {setting}: expected KEY=VALUE"))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            Ok((key.to_owned(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_json_where_they_parse_as_such() {
        let settings = [
            "name=bob".to_owned(),
            "n=3".to_owned(),
            "list=[1]".to_owned(),
        ];
        let parsed = parse_settings(&settings).unwrap();
        assert_eq!(
            Value::Object(parsed),
            json!({"name": "bob", "n": 3, "list": [1]})
        );
        assert!(parse_settings(&["name".to_owned()]).is_err());
    }
}
