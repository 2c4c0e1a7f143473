//! The sources of a project, watched.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// How long the sources have to be left alone before they are built: an editor writes several files.
const QUIET: Duration = Duration::from_millis(200);

/// What tools make in the project's folder.
const MADE_IN_PROJECT: [&str; 3] = ["build", "dist", "target"];

/// What tools make in any folder.
const MADE_ANYWHERE: [&str; 2] = ["node_modules", "__pycache__"];

pub(super) struct Sources {
    root: PathBuf,
    watcher: RecommendedWatcher,
    news: Arc<Notify>,
}

impl Sources {
    /// From here on changes are noticed.
    pub(super) fn watch(root: &Path) -> Result<Self> {
        let news = Arc::new(Notify::new());
        let (told, of) = (Arc::clone(&news), root.to_owned());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if is_news(&of, &event) {
                told.notify_one();
            }
        });
        let mut sources = Self {
            root: root.to_owned(),
            watcher: watcher.context("the system watches no files")?,
            news,
        };
        sources.watch_folders()?;
        Ok(sources)
    }

    /// Waits for a change since the last time, and until it is over.
    pub(super) async fn changed(&mut self) -> Result<()> {
        self.news.notified().await;
        while tokio::time::timeout(QUIET, self.news.notified())
            .await
            .is_ok()
        {}
        self.watch_folders()
    }

    /// The project's folder, and all that is below its folders but what tools made: node_modules alone may have
    /// more folders than the system watches. A folder that is watched already stays so.
    fn watch_folders(&mut self) -> Result<()> {
        let cannot = || format!("cannot watch {}", self.root.display());
        self.watcher
            .watch(&self.root, RecursiveMode::NonRecursive)
            .with_context(cannot)?;
        for entry in std::fs::read_dir(&self.root).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            if path.is_dir() && is_source(&self.root, &path) {
                let watched = self.watcher.watch(&path, RecursiveMode::Recursive);
                // It may be gone again.
                if path.exists() {
                    watched.with_context(|| format!("cannot watch {}", path.display()))?;
                }
            }
        }
        Ok(())
    }
}

/// Whether an event may be of a change: reading is none, or each build would lead to the next.
fn is_news(root: &Path, event: &notify::Result<notify::Event>) -> bool {
    let Ok(event) = event else { return true };
    match event.kind {
        EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write) => false,
        _ => event.need_rescan() || event.paths.iter().any(|path| is_source(root, path)),
    }
}

/// Whether the author wrote what is there.
fn is_source(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else {
        return false;
    };
    let mut names = inside.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let in_made = inside.components().next().is_some_and(|first| {
        MADE_IN_PROJECT
            .iter()
            .any(|made| first.as_os_str() == *made)
    });
    let is_backup = inside.to_string_lossy().ends_with('~');
    let is_other = |name: &str| name.starts_with('.') || MADE_ANYWHERE.contains(&name);
    !in_made && !is_backup && !inside.as_os_str().is_empty() && !names.any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_make_and_hidden_files_are_no_sources() {
        let root = Path::new("/p");
        for source in [
            "app.py",
            "src/index.ts",
            "src/build/a.rs",
            "koi.toml",
            "src",
        ] {
            assert!(is_source(root, &root.join(source)), "{source}");
        }
        for other in [
            "",
            "build/x",
            "dist/a.wasm",
            "target/debug",
            "node_modules/a/b.js",
            "src/__pycache__/a.pyc",
            ".venv/bin/python",
            "src/.app.py.swp",
            "app.py~",
        ] {
            assert!(!is_source(root, &root.join(other)), "{other}");
        }
        assert!(!is_source(root, Path::new("/q/app.py")));
    }

    #[test]
    fn reading_is_no_change() {
        let root = Path::new("/p");
        let event = |kind| Ok(notify::Event::new(kind).add_path(root.join("app.py")));
        assert!(!is_news(
            root,
            &event(EventKind::Access(AccessKind::Open(AccessMode::Any)))
        ));
        assert!(is_news(root, &event(EventKind::Any)));
    }
}
