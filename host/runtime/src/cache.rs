//! Compiled code on disk, one file per component and engine.
//!
//! Loading an entry means running it as native code, so an entry is believed only with a MAC under
//! the node's key, over what it is for and what it holds. An entry that is damaged, forged, of
//! another component or of another engine is ignored with a warning and made again. The folder is
//! for its owner alone, and bounded: what was used longest ago is removed first.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// Keeps entries of this form apart from those of others.
const FORM: &[u8] = b"koi-mcp compiled code 1\0";

const MAC_BYTES: usize = 32;

/// The folder of compiled code, for one engine.
pub(crate) struct CodeCache {
    folder: PathBuf,
    key: [u8; 32],
    fingerprint: [u8; 32],
    most_bytes: u64,
}

impl CodeCache {
    /// Makes the folder if need be.
    pub(crate) fn open(
        folder: &Path,
        key: [u8; 32],
        most_bytes: u64,
        engine: &Engine,
    ) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let mut hasher = Fingerprint(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            key,
            fingerprint: hasher.0.finalize().into(),
            most_bytes,
        })
    }

    fn path(&self, digest: &str) -> PathBuf {
        let engine = hex::encode(&self.fingerprint[..8]);
        self.folder.join(format!("{digest}-{engine}.code"))
    }

    /// The entry of a component, if there is one that this key vouches for.
    pub(crate) fn get(&self, digest: &str) -> Option<Authentic> {
        let path = self.path(digest);
        let entry = match fs::read(&path) {
            Ok(entry) => entry,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code cannot be read and is made again");
                return None;
            }
        };
        let vouched = entry
            .split_first_chunk::<MAC_BYTES>()
            .is_some_and(|(mac, code)| {
                self.mac(digest, code)
                    .is_some_and(|expected| expected.verify_slice(mac).is_ok())
            });
        if !vouched {
            tracing::warn!(path = %path.display(), "compiled code is damaged or was tampered with and is made again");
            return None;
        }
        // Tells `prune` that it is in use. Without that it may have to be made again one day.
        let _ = fs::File::open(&path)
            .and_then(|file| file.set_times(fs::FileTimes::new().set_accessed(SystemTime::now())));
        Some(Authentic(entry))
    }

    /// Keeps the code of a component, and removes others if there are too many bytes. A reader sees
    /// all of an entry or nothing.
    pub(crate) fn put(&self, digest: &str, code: &[u8]) -> io::Result<()> {
        let Some(mac) = self.mac(digest, code) else {
            return Ok(());
        };
        let path = self.path(digest);
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&mac.finalize().into_bytes())?;
        file.write_all(code)?;
        drop(file);
        fs::rename(&temporary, &path)?;
        self.prune(&path)
    }

    /// Removes what was used longest ago, of whichever engine, until the rest and the newest entry
    /// fit.
    fn prune(&self, newest: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another one may be renamed or removed meanwhile.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            files.push((metadata.accessed()?, metadata.len(), entry.path()));
        }
        files.sort_unstable_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (_, length, path) in files {
            bytes += length;
            if bytes > self.most_bytes && path != newest {
                tracing::info!(path = %path.display(), "compiled code is removed: there is more of it than `compile.cache` allows");
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn mac(&self, digest: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(FORM);
        mac.update(&self.fingerprint);
        // Of fixed length, so that what follows cannot be taken for a part of it.
        mac.update(&Sha256::digest(digest));
        mac.update(code);
        Some(mac)
    }
}

/// Compiled code that was written under the node's key, by this engine's equal.
pub(crate) struct Authentic(Vec<u8>);

impl Authentic {
    pub(crate) fn code(&self) -> &[u8] {
        &self.0[MAC_BYTES..]
    }
}

/// Lets the engine hash what its code depends on.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        let hash: [u8; 32] = self.0.clone().finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        u64::from_le_bytes(first)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}
