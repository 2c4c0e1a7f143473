//! The node's data folder: one node at a time, secrets readable by their owner only.
//!
//! | file | holds |
//! |---|---|
//! | `node.lock` | the lock of the running node |
//! | `node.json` | where the running node listens ([`RunningNode`]); gone when it has stopped |
//! | `admin.token` | the token of the admin API |
//! | `priv_key.pem`, `priv_key.password` | the node's identity |
//! | `koi.sqlite` | knowledge, queues, extensions |
//! | `code/`, `code.key` | compiled code and the key of its seals |
//! | `secrets.json`, `secrets.key` | secrets of extensions, and the key of their placeholders |
//! | `extensions/` | the drop folder |
//!
//! Opening fails with one sentence if the folder cannot be made, or with [`InUse`] if another node holds
//! it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const CODE: &str = "code";
const CODE_KEY: &str = "code.key";

const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Another node runs on the data folder.
#[derive(Debug, thiserror::Error)]
#[error(
    "another node is running on the data folder {}; stop it, or choose another folder with --data-dir",
    .0.display()
)]
pub(crate) struct InUse(PathBuf);

/// An open data folder; the lock lives as long as this does.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Where a running node listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunningNode {
    /// The node's RID.
    pub node_rid: String,
    /// Base URL of its KOI-net server; a partial node has none.
    pub koi_url: Option<String>,
    /// URL of its MCP endpoint.
    pub mcp_url: String,
    /// Base URL of its admin API.
    pub admin_url: String,
    /// Its public key: base64 of the DER SubjectPublicKeyInfo.
    pub public_key: String,
}

impl DataDir {
    /// Makes the folder where it is missing and locks it.
    ///
    /// # Errors
    /// If it cannot be made or written, or with [`InUse`] if another node runs on it.
    pub fn open(path: &Path) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "cannot make the data folder {}; choose another with --data-dir",
                    path.display()
                )
            })?;
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot open the data folder {}", path.display()))?;
        let lock_path = path.join("node.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| {
                format!(
                    "cannot write to the data folder {}; check its permissions",
                    path.display()
                )
            })?;
        // A command that looks whether a node is running holds the lock for an instant.
        for _ in 0..LOCK_ATTEMPTS {
            match lock.try_lock() {
                Ok(()) => {
                    let data_dir = Self { path, _lock: lock };
                    // A node that was killed has left its own, which says nothing of this one.
                    data_dir.withdraw();
                    return Ok(data_dir);
                }
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(error)
                        .with_context(|| format!("cannot lock {}", lock_path.display()));
                }
            }
        }
        Err(InUse(path).into())
    }

    /// The folder itself, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new admin token, in place of the last run's.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new_token(&self) -> Result<String> {
        let token = hex(&rand::random::<[u8; 32]>());
        write_secret(&self.path.join("admin.token"), token.as_bytes())?;
        Ok(token)
    }

    /// The key that seals compiled code, made at first use.
    ///
    /// # Errors
    /// If it can neither be read nor written.
    pub fn code_key(&self) -> Result<[u8; 32]> {
        self.key(CODE_KEY)
    }

    /// The compiled code of a folder, and the key that seals it, for a command that is no node. None where no node
    /// has been: such a command makes no data folder.
    #[must_use]
    pub fn code(path: &Path) -> Option<(PathBuf, [u8; 32])> {
        let key = std::fs::read(path.join(CODE_KEY)).ok()?;
        Some((path.join(CODE), key.try_into().ok()?))
    }

    /// The folder of compiled code.
    #[must_use]
    pub fn code_dir(&self) -> PathBuf {
        self.path.join(CODE)
    }

    /// The key that placeholders of secrets follow from, made at first use.
    ///
    /// # Errors
    /// If it can neither be read nor written.
    pub fn secrets_key(&self) -> Result<[u8; 32]> {
        self.key("secrets.key")
    }

    fn key(&self, file: &str) -> Result<[u8; 32]> {
        let path = self.path.join(file);
        if let Ok(bytes) = std::fs::read(&path)
            && let Ok(key) = <[u8; 32]>::try_from(bytes)
        {
            return Ok(key);
        }
        let key = rand::random::<[u8; 32]>();
        write_secret(&path, &key)?;
        Ok(key)
    }

    /// Tells other commands where the node listens.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn announce(&self, node: &RunningNode) -> Result<()> {
        write_secret(&self.path.join("node.json"), &serde_json::to_vec(node)?)
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        let _ = std::fs::remove_file(self.path.join("node.json"));
    }
}

/// Who is on a data folder.
#[derive(Debug)]
pub(crate) enum Presence {
    /// A node runs there; with it its admin token.
    Running(RunningNode, String),
    /// A node is starting or stopping there.
    Between,
    /// Nobody.
    Nobody,
}

/// Looks for the node that runs on a data folder.
///
/// # Errors
/// If the files of a node that runs there are not readable.
pub(crate) fn presence(path: &Path) -> Result<Presence> {
    let Ok(lock) = File::open(path.join("node.lock")) else {
        return Ok(Presence::Nobody);
    };
    if lock.try_lock_shared().is_ok() {
        return Ok(Presence::Nobody);
    }
    let announcement = path.join("node.json");
    let text = match std::fs::read_to_string(&announcement) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Presence::Between),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", announcement.display()));
        }
    };
    let node = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged; restart the node", announcement.display()))?;
    let token_path = path.join("admin.token");
    let token = std::fs::read_to_string(&token_path).with_context(|| {
        format!(
            "cannot read {}; run as the user that runs the node",
            token_path.display()
        )
    })?;
    Ok(Presence::Running(node, token.trim().to_owned()))
}

/// Writes a file of mode 0600 as a whole or not at all.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            use std::fmt::Write as _;
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_node_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let error = DataDir::open(folder.path()).unwrap_err();
        assert!(error.is::<InUse>(), "{error}");
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn the_token_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        data.new_token().unwrap();
        let mode = std::fs::metadata(folder.path().join("admin.token"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_announcement_of_a_dead_node_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("node.json"), "{}").unwrap();
        let presence = || presence(folder.path()).unwrap();
        assert!(matches!(presence(), Presence::Nobody));
        // Nor does it when the next node is starting.
        let _next = DataDir::open(folder.path()).unwrap();
        assert!(matches!(presence(), Presence::Between));
    }
}
