//! The folder itself: opened and watched, and whether its path still leads to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, MetadataExt as _};
use notify::{RecursiveMode, Watcher};

use super::notices::Notices;

/// A folder that is watched until this is dropped.
pub(super) struct Place {
    path: PathBuf,
    pub(super) folder: Arc<Dir>,
    identity: Identity,
    _watcher: notify::RecommendedWatcher,
}

/// Device and inode.
type Identity = (u64, u64);

/// Makes the folder if it is missing. Only done when the node starts: one that goes away while it runs
/// and is back empty would take all that came from it away.
pub(super) fn make(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).context("it cannot be made")
}

impl Place {
    /// Opens a folder and has its changes noted.
    ///
    /// # Errors
    /// If it is not there, is no folder, or may not be read.
    pub(super) fn open(path: &Path, notices: &Arc<Notices>) -> Result<Self> {
        let folder =
            Dir::open_ambient_dir(path, ambient_authority()).context("it cannot be opened")?;
        folder.entries().context("it cannot be read")?;
        let identity = folder.dir_metadata().context("it cannot be looked at")?;
        let notices = notices.clone();
        let mut watcher = notify::recommended_watcher(move |event| notices.take_down(&event))
            .context("files cannot be watched on this system")?;
        watcher
            .watch(path, RecursiveMode::NonRecursive)
            .context("it cannot be watched")?;
        let place = Self {
            path: path.to_owned(),
            identity: (identity.dev(), identity.ino()),
            folder: Arc::new(folder),
            _watcher: watcher,
        };
        // What is watched is what is read, also if the path was changed in between.
        leads_to(&place.path, place.identity)?;
        Ok(place)
    }

    /// # Errors
    /// If the path leads to another folder by now, or to none.
    pub(super) async fn is_still_there(&self) -> Result<()> {
        let (path, identity) = (self.path.clone(), self.identity);
        tokio::task::spawn_blocking(move || leads_to(&path, identity)).await?
    }
}

fn leads_to(path: &Path, identity: Identity) -> Result<()> {
    let found = std::fs::metadata(path).context("it is gone")?;
    if (found.dev(), found.ino()) != identity {
        bail!("another folder has taken its place");
    }
    Ok(())
}
