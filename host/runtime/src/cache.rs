//! Compiled code on disk, one file per component and engine.
//!
//! Loading an entry means running it as native code, so an entry is believed only with a MAC under
//! the node's key, over what it is for and what it holds. It is the tag of AES-256-GCM that encrypts
//! nothing (GMAC): a Python guest has 35 MB of code, for which HMAC with SHA-256 took a fifth of the time
//! of its install. An entry that is damaged, forged, of
//! another component or of another engine is ignored with a warning and made again. The folder is
//! for its owner alone, and bounded: what was used longest ago is removed first.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// Keeps entries of this form apart from those of others.
const FORM: &[u8] = b"koi-mcp compiled code 2\0";

/// An entry is a nonce, a tag, and what the tag is for: what the entry is for, and its code.
const TAG_BYTES: usize = 16;
const SEAL_BYTES: usize = NONCE_LEN + TAG_BYTES;

/// The folder of compiled code, for one engine.
pub(crate) struct CodeCache {
    folder: PathBuf,
    key: LessSafeKey,
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
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(io::Error::other)?;
        let mut hasher = Fingerprint(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            key: LessSafeKey::new(key),
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
        let Some(code) = self.vouched(digest, &entry) else {
            tracing::warn!(path = %path.display(), "compiled code is damaged or was tampered with and is made again");
            return None;
        };
        // Tells `prune` that it is in use. Without that it may have to be made again one day.
        let _ = fs::File::open(&path)
            .and_then(|file| file.set_times(fs::FileTimes::new().set_accessed(SystemTime::now())));
        Some(Authentic { entry, code })
    }

    /// Keeps the code of a component, and removes others if there are too many bytes. A reader sees
    /// all of an entry or nothing.
    pub(crate) fn put(&self, digest: &str, code: &[u8]) -> io::Result<()> {
        let entry = self.sealed(digest, code)?;
        let path = self.path(digest);
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&entry)?;
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

    /// What an entry is for, of fixed length, so that what follows cannot be taken for a part of it.
    fn purpose(&self, digest: &str) -> Vec<u8> {
        [FORM, &self.fingerprint, &Sha256::digest(digest)].concat()
    }

    fn sealed(&self, digest: &str, code: &[u8]) -> io::Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let purpose = self.purpose(digest);
        let mut entry = Vec::with_capacity(SEAL_BYTES + purpose.len() + code.len());
        entry.extend(nonce);
        entry.extend([0; TAG_BYTES]);
        entry.extend(purpose);
        entry.extend(code);
        let (seal, sealed) = entry.split_at_mut(SEAL_BYTES);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(&*sealed), &mut [])
            .map_err(io::Error::other)?;
        seal[NONCE_LEN..].copy_from_slice(tag.as_ref());
        Ok(entry)
    }

    /// Where the code begins in an entry that this key made for the component; none if it did not.
    fn vouched(&self, digest: &str, entry: &[u8]) -> Option<usize> {
        let (nonce, rest) = entry.split_first_chunk::<NONCE_LEN>()?;
        let (tag, sealed) = rest.split_first_chunk::<TAG_BYTES>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut tag = *tag;
        self.key
            .open_in_place(nonce, Aad::from(sealed), &mut tag)
            .ok()?;
        let code = sealed.strip_prefix(&*self.purpose(digest))?;
        Some(entry.len() - code.len())
    }
}

/// Compiled code that was written under the node's key, by this engine's equal.
pub(crate) struct Authentic {
    entry: Vec<u8>,
    /// Where it begins.
    code: usize,
}

impl Authentic {
    pub(crate) fn code(&self) -> &[u8] {
        &self.entry[self.code..]
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
