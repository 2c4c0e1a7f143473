//! `koi-mcp build`

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use koi_author::{Built, Progress, Project};
use serde_json::{Value, json};

use super::{print, progress};
use crate::cli::BuildArgs;

pub(super) async fn run(args: BuildArgs, json: bool) -> Result<()> {
    let project = Project::open(&args.dir)?;
    let built = build(project, args.out, args.test).await?;
    if json {
        return print::json(&report(&built));
    }
    tell(&built)
}

/// Builds a project, its own unit tests before if they are asked for. Says on a terminal which step it is at.
pub(super) async fn build(project: Project, out: Option<PathBuf>, test: bool) -> Result<Built> {
    let name = project.name.clone();
    let step = Step::default();
    let mut told = step.clone();
    let work = tokio::task::spawn_blocking(move || {
        if test {
            koi_author::test(&project, &mut told)?;
        }
        koi_author::build(&project, out.as_deref(), &mut told)
    });
    let built = progress::while_doing(|| format!("building {name}: {}", step.now()), work).await;
    Ok(built.context("the build was not done")??)
}

/// The step that a build is at.
#[derive(Clone, Default)]
struct Step(Arc<Mutex<String>>);

impl Step {
    /// No code panics while it holds the lock.
    fn now(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Progress for Step {
    fn step(&mut self, what: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what.to_owned();
    }
}

pub(super) fn report(built: &Built) -> Value {
    json!({
        "file": built.file,
        "bytes": built.bytes,
        "exports": built.exports,
        "seconds": (built.took.as_secs_f64() * 1e3).round() / 1e3,
    })
}

pub(super) fn tell(built: &Built) -> Result<()> {
    print::line(format_args!(
        "built {} in {:.1} s",
        from_here(&built.file).display(),
        built.took.as_secs_f64()
    ))?;
    print::line(format_args!("  size        {}", size(built.bytes)))?;
    print::line(format_args!("  exports     {}", built.exports.join(" ")))
}

/// A size for a person, in units of a thousand.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A path as it is shortest to write: from the current folder where it is in it.
pub(super) fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}
