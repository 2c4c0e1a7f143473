//! The drop folder: a `.wasm` file that appears in it is installed, one that changes is installed
//! again, one that goes away takes its extension with it.
//!
//! Nothing is granted by dropping a file. A file is read when it has not changed for a moment
//! ([`QUIET`]), so a slow copy is read once, whole. Files are opened inside the folder only: a link
//! that leads out of it is refused. What cannot be installed is logged, and the revision before goes
//! on serving.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use koi_registry::{GrantRequest, Install, Installed, Registry};
use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::admin::MAX_COMPONENT;

/// How long a file has to be left alone before it is read.
const QUIET: Duration = Duration::from_millis(300);

/// What an extension's source says when it came from here, before the file's name.
const SOURCE: &str = "drop:";

/// Who changes what happens in the folder, for the audit log.
const WHO: &str = "drop-folder";

/// Watches a folder until it is told to stop.
pub struct DropFolder {
    folder: Dir,
    path: PathBuf,
    registry: Registry,
    events: mpsc::UnboundedReceiver<String>,
    _watcher: notify::RecommendedWatcher,
}

impl DropFolder {
    /// Makes the folder where it is missing, and begins to watch.
    ///
    /// # Errors
    /// If the folder cannot be made, opened or watched.
    pub fn open(path: &Path, registry: Registry) -> Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the drop folder {}", path.display()))?;
        let folder = Dir::open_ambient_dir(path, ambient_authority())
            .with_context(|| format!("cannot open the drop folder {}", path.display()))?;
        let (send, events) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // An error here is an overflow of the queue: the next event of the file comes anyway.
                for path in event.map(|event| event.paths).unwrap_or_default() {
                    if let Some(name) = component_name(&path) {
                        let _ = send.send(name);
                    }
                }
            })
            .context("cannot watch files on this system")?;
        watcher
            .watch(path, RecursiveMode::NonRecursive)
            .with_context(|| format!("cannot watch the drop folder {}", path.display()))?;
        Ok(Self {
            folder,
            path: path.to_owned(),
            registry,
            events,
            _watcher: watcher,
        })
    }

    /// Installs what is there and what comes, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut waiting: BTreeMap<String, Instant> = BTreeMap::new();
        let now = Instant::now();
        waiting.extend(
            self.files()
                .into_iter()
                .chain(self.installed())
                .map(|name| (name, now)),
        );
        loop {
            let due = waiting.values().min().copied();
            tokio::select! {
                () = stop.cancelled() => return,
                Some(name) = self.events.recv() => {
                    waiting.insert(name, Instant::now() + QUIET);
                }
                () = wait_until(due) => {
                    let now = Instant::now();
                    let ready: Vec<String> = waiting
                        .iter()
                        .filter(|(_, due)| **due <= now)
                        .map(|(name, _)| name.clone())
                        .collect();
                    for name in ready {
                        waiting.remove(&name);
                        if let Err(error) = self.settle(&name).await {
                            let file = self.path.join(&name);
                            tracing::warn!(file = %file.display(), "not installed: {error:#}");
                        }
                    }
                }
            }
        }
    }

    /// Brings the registry in line with one file.
    async fn settle(&self, name: &str) -> Result<()> {
        let source = format!("{SOURCE}{name}");
        let Some(component) = self.read(name)? else {
            let list = self.registry.list();
            if let Some(extension) = list.iter().find(|extension| extension.source == source) {
                self.registry.remove(&extension.name, WHO).await?;
                tracing::info!(
                    extension = extension.name,
                    file = name,
                    "removed with its file"
                );
            }
            return Ok(());
        };
        let report = self
            .registry
            .install(Install {
                component,
                grants: GrantRequest::Keep,
                settings: serde_json::Map::new(),
                source,
                learn: false,
                who: WHO.to_owned(),
            })
            .await?;
        if report.outcome != Installed::Unchanged {
            tracing::info!(
                extension = report.name,
                revision = report.revision,
                file = name,
                "dropped in"
            );
        }
        Ok(())
    }

    /// The bytes of a file, bounded; none if it is gone.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let file = match self.folder.open(name) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("cannot open the file"),
        };
        if !file.metadata()?.is_file() {
            bail!("it is not a regular file");
        }
        let mut bytes = Vec::new();
        file.take(MAX_COMPONENT as u64 + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() > MAX_COMPONENT {
            bail!("it is larger than {} MiB", MAX_COMPONENT >> 20);
        }
        Ok(Some(bytes))
    }

    /// The components in the folder.
    fn files(&self) -> Vec<String> {
        let entries = self.folder.entries().into_iter().flatten().flatten();
        entries
            .filter_map(|entry| component_name(Path::new(&entry.file_name())))
            .collect()
    }

    /// The files that installed extensions came from; one may have gone while no node was running.
    fn installed(&self) -> Vec<String> {
        let list = self.registry.list();
        list.iter()
            .filter_map(|e| e.source.strip_prefix(SOURCE))
            .map(str::to_owned)
            .collect()
    }
}

/// The file's name, if it is one of a component: `….wasm`, not hidden.
fn component_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (name.ends_with(".wasm") && !name.starts_with('.')).then(|| name.to_owned())
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
