//! `koi-mcp dev`: each change of the sources into the running node.
//!
//! No failure ends it but one to watch or to print: what is wrong with a project, a build or a node is said, and the
//! next change is another try.

mod sources;

use std::path::Path;

use anyhow::{Context, Result};
use koi_author::Project;
use reqwest::Method;
use serde_json::{Value, json};

use super::print::{Breaks, printable};
use super::signals::Signals;
use super::{build, extension, print};
use crate::admin::{Client, InstallOptions};
use crate::cli::DevArgs;
use sources::Sources;

pub(super) async fn run(data_dir: &Path, args: &DevArgs, json: bool) -> Result<()> {
    // Says at once how to start one where none runs.
    Client::of(data_dir)?;
    let root = Project::open(&args.dir)?.root;
    let mut signals = Signals::listen()?;
    let mut sources = Sources::watch(&root)?;
    let mut dev = Dev {
        data_dir,
        root: &root,
        json,
        installed: Vec::new(),
    };
    dev.tell(
        &json!({"event": "watching", "project": root}),
        format_args!("watching {}; Ctrl-C ends it", root.display()),
    )?;
    let work = async {
        loop {
            dev.round().await?;
            sources.changed().await?;
        }
    };
    tokio::select! {
        () = signals.stop() => Ok(()),
        ended = work => ended,
    }
}

struct Dev<'a> {
    data_dir: &'a Path,
    root: &'a Path,
    json: bool,
    /// The component that was installed last.
    installed: Vec<u8>,
}

impl Dev<'_> {
    /// One build, and what becomes of it.
    async fn round(&mut self) -> Result<()> {
        match self.build_and_install().await {
            Err(error) if error.is::<print::OutputClosed>() => Err(error),
            Err(error) => self.failed(&format!("{error:#}")),
            Ok(()) => Ok(()),
        }
    }

    async fn build_and_install(&mut self) -> Result<()> {
        let project = Project::open(self.root)?;
        let name = project.name.clone();
        let built = build::build(project, None, false).await?;
        let component = std::fs::read(&built.file)
            .with_context(|| format!("cannot read {}", built.file.display()))?;
        if component == self.installed {
            let event = json!({"event": "unchanged", "build": build::report(&built)});
            return self.tell(&event, "built the same component as before");
        }
        if self.json {
            print::line(json!({"event": "built", "build": build::report(&built)}))?;
        } else {
            build::tell(&built)?;
        }
        let client = Client::of(self.data_dir)?;
        let is_new = !is_installed(&client, &name).await?;
        if is_new && !self.json {
            print::line(format_args!(
                "{name} is not installed yet: it is granted all that it asks for, and keeps that"
            ))?;
        }
        let options = InstallOptions {
            grant_asked: is_new,
            source: built.file.display().to_string(),
            ..InstallOptions::default()
        };
        let report = extension::installed(&client, &built.file, options).await?;
        self.installed = component;
        if self.json {
            return print::line(json!({"event": "installed", "report": report}));
        }
        extension::tell_report(&report, false, "serves")
    }

    fn failed(&self, error: &str) -> Result<()> {
        if self.json {
            return print::line(json!({"event": "failed", "error": error}));
        }
        print::text(&printable(error, Breaks::Kept))?;
        print::line("what was installed before goes on serving; waiting for the next change")
    }

    fn tell(&self, event: &Value, sentence: impl std::fmt::Display) -> Result<()> {
        match self.json {
            true => print::line(event),
            false => print::line(sentence),
        }
    }
}

async fn is_installed(client: &Client, name: &str) -> Result<bool> {
    let list = client.request(Method::GET, "extensions");
    let list: Vec<Value> = client.send(list).await?;
    Ok(list.iter().any(|extension| extension["name"] == name))
}
