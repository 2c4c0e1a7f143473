//! Who a node is: its key file, and the RID that follows from key and name.
//!
//! The key lies encrypted in `priv_key.pem`, a file that the reference reads and writes too. Its
//! password is the environment variable `PRIV_KEY_PASSWORD`; without that, one is made and kept in
//! `priv_key.password` beside it. Both files are for the owner alone, and neither is ever overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use koi_rid::Rid;
use koi_wire::{KeyError, NodeKey, node_rid};
use rand::distr::{Alphanumeric, SampleString};

const KEY_FILE: &str = "priv_key.pem";
const PASSWORD_FILE: &str = "priv_key.password";
const PASSWORD_VARIABLE: &str = "PRIV_KEY_PASSWORD";
const PASSWORD_CHARS: usize = 48;

/// Why a node has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFileError {
    /// A file could not be read or written.
    #[error("{path} could not be {action}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The key file is there and could not be opened.
    #[error(
        "{path} could not be opened: {source}; set PRIV_KEY_PASSWORD to its password, or move the \
         file away to begin with a new identity"
    )]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// A key could not be made.
    #[error("a key for this node could not be made: {0}")]
    Make(KeyError),
    /// The name cannot be that of a node.
    #[error(transparent)]
    Name(#[from] koi_wire::IdentityError),
}

/// A node's key and what follows from it. Clones share the key.
#[derive(Debug, Clone)]
pub struct Identity {
    rid: Rid,
    key: Arc<NodeKey>,
}

impl Identity {
    /// Reads the key in a folder, or makes one there if there is none. The folder has to exist. The
    /// same key under another name is another node.
    pub fn load_or_create(folder: &Path, name: &str) -> Result<Self, IdentityFileError> {
        let password = std::env::var(PASSWORD_VARIABLE).ok();
        Self::with_password(folder, name, password)
    }

    fn with_password(
        folder: &Path,
        name: &str,
        password: Option<String>,
    ) -> Result<Self, IdentityFileError> {
        let path = folder.join(KEY_FILE);
        let password = match password {
            Some(password) => password,
            None => kept_password(&folder.join(PASSWORD_FILE))?,
        };
        let key = match read(&path)? {
            Some(pem) => NodeKey::from_encrypted_pem(&pem, &password)
                .map_err(|source| IdentityFileError::Key { path, source })?,
            None => {
                let key = NodeKey::generate().map_err(IdentityFileError::Make)?;
                let pem = key
                    .to_encrypted_pem(&password)
                    .map_err(IdentityFileError::Make)?;
                write_private(&path, &pem)?;
                key
            }
        };
        Self::new(name, key)
    }

    /// An identity that is kept nowhere.
    pub fn new(name: &str, key: NodeKey) -> Result<Self, IdentityFileError> {
        let rid = node_rid(name, key.public_key())?;
        Ok(Self {
            rid,
            key: Arc::new(key),
        })
    }

    /// The node's RID.
    pub fn rid(&self) -> &Rid {
        &self.rid
    }

    /// The public key, as profiles have it.
    pub fn public_key(&self) -> &str {
        self.key.public_key().as_str()
    }

    pub(crate) fn key(&self) -> &NodeKey {
        &self.key
    }
}

fn kept_password(path: &Path) -> Result<String, IdentityFileError> {
    if let Some(password) = read(path)? {
        return Ok(password.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_CHARS);
    write_private(path, &password)?;
    Ok(password)
}

fn read(path: &Path) -> Result<Option<String>, IdentityFileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityFileError::File {
            path: path.to_owned(),
            action: "read",
            source,
        }),
    }
}

/// Writes a file that only its owner may read. It is whole or not there, also after a crash.
fn write_private(path: &Path, text: &str) -> Result<(), IdentityFileError> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|source| IdentityFileError::File {
        path: path.to_owned(),
        action: "written",
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::with_password(folder.path(), "alpha", None).unwrap();
        let second = Identity::with_password(folder.path(), "alpha", None).unwrap();
        assert_eq!(first.rid(), second.rid());
        assert!(first.rid().as_str().starts_with("orn:koi-net.node:alpha+"));
    }

    #[cfg(unix)]
    #[test]
    fn key_and_password_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Identity::with_password(folder.path(), "alpha", None).unwrap();
        for file in [KEY_FILE, PASSWORD_FILE] {
            let mode = fs::metadata(folder.path().join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_wrong_password_leaves_the_key_alone_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let right = Some("right".to_owned());
        Identity::with_password(folder.path(), "alpha", right).unwrap();
        let before = fs::read(folder.path().join(KEY_FILE)).unwrap();
        let wrong = Some("wrong".to_owned());
        let error = Identity::with_password(folder.path(), "alpha", wrong).unwrap_err();
        assert!(error.to_string().contains("PRIV_KEY_PASSWORD"), "{error}");
        assert_eq!(fs::read(folder.path().join(KEY_FILE)).unwrap(), before);
    }

    #[test]
    fn a_name_with_a_plus_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Identity::with_password(folder.path(), "a+b", None).is_err());
    }
}
