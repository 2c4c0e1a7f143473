//! The drop folder: a `.wasm` file that appears in it is installed, one that changes is installed
//! again, one that goes away takes its extension with it.
//!
//! What lies beside a file and says who made it (`….wasm.sig` and the like) belongs to it: the file is looked
//! at again when that changes.
//!
//! Nothing is granted by dropping a file: one that wants more than the revision before is held until it
//! is approved. No extension that came by another way is replaced by one. A file is read when it has not
//! changed for a moment ([`QUIET`]), so a slow copy is read once,
//! whole, and not again before it changes: what an operator removes or replaces stays so. Files are
//! opened inside the folder only: a link that leads out of it is refused. What cannot be installed is
//! logged, and the revision before goes on serving.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use koi_distribution::Attached;
use koi_registry::{GrantRequest, Install, Installed, Registry, Role};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecursiveMode, Watcher};
use rustix::fs::OFlags;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::admin::MAX_COMPONENT;

mod attached;

/// How long a file has to be left alone before it is read.
const QUIET: Duration = Duration::from_millis(300);

/// What an extension's source says when it came from here, before the file's name.
const SOURCE: &str = "drop:";

/// Who changes what happens in the folder, for the audit log.
const WHO: &str = "drop-folder";

/// Watches a folder until it is told to stop.
pub struct DropFolder {
    folder: Arc<Dir>,
    path: PathBuf,
    news: mpsc::UnboundedReceiver<News>,
    _watcher: notify::RecommendedWatcher,
}

/// What the system tells of the folder.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// This file may have changed.
    File(String),
    /// Events were lost: any file may have changed.
    All,
}

impl DropFolder {
    /// Makes the folder where it is missing, and begins to watch.
    ///
    /// # Errors
    /// If the folder cannot be made, opened or watched.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the drop folder {}", path.display()))?;
        let folder = Dir::open_ambient_dir(path, ambient_authority())
            .with_context(|| format!("cannot open the drop folder {}", path.display()))?;
        let (send, news) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                for told in event.map_or_else(|_| vec![News::All], |event| news_in(&event)) {
                    // Nobody listens any more when the node stops.
                    let _ = send.send(told);
                }
            })
            .context("cannot watch files on this system")?;
        watcher
            .watch(path, RecursiveMode::NonRecursive)
            .with_context(|| format!("cannot watch the drop folder {}", path.display()))?;
        Ok(Self {
            folder: Arc::new(folder),
            path: path.to_owned(),
            news,
            _watcher: watcher,
        })
    }

    /// Installs what is there and what comes, until `stop`.
    pub async fn run(self, registry: Registry, stop: CancellationToken) {
        let Self {
            folder,
            path,
            mut news,
            _watcher,
        } = self;
        let mut settler = Settler {
            folder,
            registry,
            settled: BTreeMap::new(),
            attached: BTreeMap::new(),
        };
        let mut waiting: BTreeMap<String, Instant> = BTreeMap::new();
        let now = Instant::now();
        waiting.extend(settler.all().into_iter().map(|name| (name, now)));
        loop {
            let due = waiting.values().min().copied();
            tokio::select! {
                () = stop.cancelled() => return,
                Some(told) = news.recv() => {
                    let due = Instant::now() + QUIET;
                    let names = match told {
                        News::File(name) => vec![name],
                        News::All => settler.all(),
                    };
                    waiting.extend(names.into_iter().map(|name| (name, due)));
                }
                () = wait_until(due) => {
                    let now = Instant::now();
                    let ready: Vec<String> = waiting
                        .extract_if(.., |_, due| *due <= now)
                        .map(|(name, _)| name)
                        .collect();
                    for name in ready {
                        // An install that is not waited for is whole all the same.
                        let settled = tokio::select! {
                            () = stop.cancelled() => return,
                            settled = settler.settle(&name) => settled,
                        };
                        if let Err(error) = settled {
                            let file = path.join(&name);
                            tracing::warn!(file = %file.display(), "not installed: {error:#}");
                        }
                    }
                }
            }
        }
    }
}

/// What an event says about the components in the folder. That one was read is no news, or each
/// look at a file would lead to the next.
fn news_in(event: &notify::Event) -> Vec<News> {
    if event.need_rescan() {
        return vec![News::All];
    }
    if let EventKind::Access(access) = event.kind
        && access != AccessKind::Close(AccessMode::Write)
    {
        return Vec::new();
    }
    let names = event.paths.iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        component_name(Path::new(attached::component_of(name)))
    });
    names.map(News::File).collect()
}

/// Brings the registry in line with the files.
struct Settler {
    folder: Arc<Dir>,
    registry: Registry,
    /// Which state of each file was last looked at.
    settled: BTreeMap<String, Stamp>,
    /// What lay beside it then.
    attached: BTreeMap<String, Attached>,
}

/// Tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            length: file.len(),
            modified: file.modified().ok().map(|time| time.into_std()),
        }
    }
}

impl Settler {
    async fn settle(&mut self, name: &str) -> Result<()> {
        let source = format!("{SOURCE}{name}");
        let (folder, file) = (self.folder.clone(), name.to_owned());
        let known = self.settled.get(name).copied();
        let before = self.attached.get(name).cloned().unwrap_or_default();
        let found = tokio::task::spawn_blocking(move || {
            let beside = attached::read(&folder, &file)?;
            let known = known.filter(|_| beside == before);
            anyhow::Ok((look(&folder, &file, known)?, beside))
        });
        let (found, beside) = found.await??;
        let (stamp, component) = match found {
            Found::Gone => {
                self.settled.remove(name);
                self.attached.remove(name);
                return self.remove(&source, None).await;
            }
            Found::Unchanged => return Ok(()),
            Found::Changed(stamp, component) => (stamp, component),
        };
        self.settled.insert(name.to_owned(), stamp);
        self.attached.insert(name.to_owned(), beside.clone());
        let component = component?;
        let signed = self.registry.signatures().read(&beside, &component)?;
        let install = Install {
            component,
            grants: GrantRequest::KeepOfSource,
            settings: serde_json::Map::new(),
            tool_prefix: None,
            source: source.clone(),
            learn: false,
            who: WHO.to_owned(),
        };
        let installed = self.registry.install_as(install, Role::Serving, signed);
        let report = installed.await?;
        // One that is held has been told of with what to do.
        if matches!(report.outcome, Installed::New | Installed::Replaced) {
            tracing::info!(
                extension = report.name,
                revision = report.revision,
                file = name,
                "dropped in"
            );
        }
        // The file may have held an extension of another name before.
        self.remove(&source, Some(&report.name)).await
    }

    /// Removes what came from a file, but one.
    async fn remove(&self, source: &str, but: Option<&str>) -> Result<()> {
        let list = self.registry.list();
        let gone = list
            .iter()
            .filter(|extension| extension.source == source && Some(extension.name.as_str()) != but);
        for extension in gone {
            self.registry.remove(&extension.name, WHO).await?;
            tracing::info!(extension = extension.name, source, "removed with its file");
        }
        Ok(())
    }

    /// The components in the folder, and the files that installed extensions came from: one may have
    /// gone unnoticed.
    fn all(&self) -> Vec<String> {
        let entries = self.folder.entries().into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| component_name(Path::new(&entry.file_name())));
        let list = self.registry.list();
        let installed = list
            .iter()
            .filter_map(|extension| extension.source.strip_prefix(SOURCE))
            .map(str::to_owned);
        files.chain(installed).collect()
    }
}

/// How a file is found.
enum Found {
    /// It is not there.
    Gone,
    /// It is as it was when it was last looked at.
    Unchanged,
    /// It is new or has changed: its bytes, or why they cannot be had.
    Changed(Stamp, Result<Vec<u8>>),
}

/// Looks at a file, and reads it where it has changed.
fn look(folder: &Dir, name: &str, known: Option<Stamp>) -> Result<Found> {
    let mut options = OpenOptions::new();
    // Opening a named pipe would else wait for somebody to write into it.
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = match folder.open_with(name, &options) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Gone),
        Err(error) => return Err(error).context("cannot open the file"),
    };
    let metadata = file.metadata().context("cannot look at the file")?;
    let stamp = Stamp::of(&metadata);
    if known == Some(stamp) {
        return Ok(Found::Unchanged);
    }
    Ok(Found::Changed(stamp, read(file, &metadata)))
}

/// The bytes of a file, bounded.
fn read(file: cap_std::fs::File, metadata: &Metadata) -> Result<Vec<u8>> {
    if !metadata.is_file() {
        bail!("it is not a regular file");
    }
    let mut bytes = Vec::new();
    file.take(MAX_COMPONENT as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > MAX_COMPONENT {
        bail!("it is larger than {} MiB", MAX_COMPONENT >> 20);
    }
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, Flag, ModifyKind};

    fn event(kind: EventKind, path: &str) -> notify::Event {
        notify::Event::new(kind).add_path(PathBuf::from(path))
    }

    #[test]
    fn that_a_file_was_read_is_no_news() {
        let news = |kind| news_in(&event(kind, "folder/a.wasm"));
        let changed = [News::File("a.wasm".to_owned())];
        for kind in [
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
        ] {
            assert_eq!(news(kind), changed, "{kind:?}");
        }
        for kind in [
            AccessKind::Open(AccessMode::Any),
            AccessKind::Read,
            AccessKind::Close(AccessMode::Read),
        ] {
            assert_eq!(news(EventKind::Access(kind)), [], "{kind:?}");
        }
        assert_eq!(news_in(&event(EventKind::Any, "folder/notes.txt")), []);
    }

    #[test]
    fn after_lost_events_every_file_is_looked_at() {
        let lost = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(news_in(&lost), [News::All]);
    }

    #[test]
    fn a_named_pipe_is_refused_and_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("pipe.wasm"))
            .status()
            .unwrap();
        assert!(made.success());
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let Found::Changed(_, Err(error)) = look(&dir, "pipe.wasm", None).unwrap() else {
            panic!("a pipe holds no component");
        };
        assert!(error.to_string().contains("regular file"), "{error}");
    }

    #[test]
    fn a_file_is_read_again_only_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let path = folder.path().join("a.wasm");
        assert!(matches!(look(&dir, "a.wasm", None).unwrap(), Found::Gone));
        std::fs::write(&path, "one").unwrap();
        let Found::Changed(stamp, Ok(bytes)) = look(&dir, "a.wasm", None).unwrap() else {
            panic!("it is new");
        };
        assert_eq!(bytes, b"one");
        let again = look(&dir, "a.wasm", Some(stamp)).unwrap();
        assert!(matches!(again, Found::Unchanged));
        std::fs::write(&path, "three").unwrap();
        let changed = look(&dir, "a.wasm", Some(stamp)).unwrap();
        assert!(matches!(changed, Found::Changed(_, Ok(_))));
    }
}
