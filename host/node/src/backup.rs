//! Copies of a data folder with which a node can start.
//!
//! Promise: what is in it is of one moment for the database, which is copied first, and of moments
//! shortly after for the files beside it. A node that runs meanwhile goes on. The copy appears under its
//! name when all of it is on the disk, with the modes of the original; until then it stands beside, as
//! `NAME.partial`.
//!
//! Not copied is what a node makes anew: the lock, the announcement, the token of the admin API and
//! compiled code. Links to files are copied as the files, links to folders are not.
//!
//! Failure: one sentence, and what was copied by then is removed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::config::DATABASE;

/// What a node makes anew, and what lies beside a database that is open.
const LEFT_OUT: [&str; 8] = [
    "node.lock",
    "node.json",
    "admin.token",
    "code",
    "code.key",
    DATABASE,
    "koi.sqlite-wal",
    "koi.sqlite-shm",
];

/// Why there is no copy of a store that is a server's.
pub(crate) const IS_ON_A_SERVER: &str = "the store is in PostgreSQL, of which a copy of the data folder \
     would hold nothing: back it up with pg_dump, or with `koi-mcp export FILE`";

/// What was copied.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Backup {
    /// Where it is.
    pub folder: PathBuf,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What of the data folder is neither file nor folder, and was passed over.
    pub skipped: Vec<PathBuf>,
}

/// Copies a data folder whose store is the file in it. Blocks.
///
/// # Errors
/// If the target is not a new or empty folder outside of the data folder, or something cannot be read or
/// written.
pub(crate) fn make(data_dir: &Path, target: &Path) -> Result<Backup> {
    let data_dir = data_dir
        .canonicalize()
        .with_context(|| format!("cannot open the data folder {}", data_dir.display()))?;
    let target = place(&data_dir, target)?;
    let partial = partial(&target)?;
    let shown = partial.display();
    DirBuilder::new()
        .mode(0o700)
        .create(&partial)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow::anyhow!(
                "{shown} is there: a backup is being made, or one was cut off; remove it in that case"
            ),
            _ => anyhow::anyhow!("cannot make the folder {shown}: {error}"),
        })?;
    let made = fill(&data_dir, &partial).and_then(|made| {
        std::fs::rename(&partial, &target)
            .with_context(|| format!("cannot give the copy its name {}", target.display()))?;
        Ok(Backup {
            folder: target.clone(),
            ..made
        })
    });
    if made.is_err() {
        // What is left of it is named `partial`, and the error says more.
        let _ = std::fs::remove_dir_all(&partial);
    } else if let Some(parent) = target.parent() {
        sync(parent)?;
    }
    made
}

/// The target as an absolute path.
fn place(data_dir: &Path, target: &Path) -> Result<PathBuf> {
    let shown = target.display();
    let name = target.file_name();
    let name = name.with_context(|| format!("{shown} is no name for a folder to be made"))?;
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let parent = parent
        .canonicalize()
        .with_context(|| format!("the folder that {shown} is to be in cannot be opened"))?;
    let target = parent.join(name);
    if target.starts_with(data_dir) {
        bail!("{shown} is in the data folder itself: name a folder outside of it");
    }
    match std::fs::read_dir(&target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => bail!("{shown} is there and not empty: name a new folder"),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot use the folder {shown}")),
    }
    Ok(target)
}

fn partial(target: &Path) -> Result<PathBuf> {
    let mut name = target
        .file_name()
        .context("a folder has a name")?
        .to_owned();
    name.push(".partial");
    Ok(target.with_file_name(name))
}

fn fill(data_dir: &Path, partial: &Path) -> Result<Backup> {
    let mut made = Backup::default();
    let database = partial.join(DATABASE);
    // Made here for its mode.
    new_file(&database, 0o600).with_context(|| format!("cannot write {}", database.display()))?;
    koi_store::sqlite::copy(&data_dir.join(DATABASE), &database)?;
    made.files = 1;
    made.bytes = std::fs::metadata(&database)?.len();
    copy_folder(data_dir, partial, &LEFT_OUT, &mut made)?;
    Ok(made)
}

fn copy_folder(from: &Path, to: &Path, left_out: &[&str], made: &mut Backup) -> Result<()> {
    let cannot = |path: &Path| format!("cannot copy {}", path.display());
    for entry in std::fs::read_dir(from).with_context(|| cannot(from))? {
        let entry = entry.with_context(|| cannot(from))?;
        let (path, name) = (entry.path(), entry.file_name());
        if left_out.iter().any(|out| name == *out) {
            continue;
        }
        let to = to.join(&name);
        let kind = entry.file_type().with_context(|| cannot(&path))?;
        if kind.is_dir() {
            let mode = mode(&path).with_context(|| cannot(&path))?;
            let made_folder = DirBuilder::new().mode(mode | 0o700).create(&to);
            made_folder.with_context(|| cannot(&path))?;
            copy_folder(&path, &to, &[], made)?;
            continue;
        }
        // A link leads to a file, or is passed over.
        if std::fs::metadata(&path).is_ok_and(|file| file.is_file()) {
            made.bytes += copy_file(&path, &to).with_context(|| cannot(&path))?;
            made.files += 1;
        } else if path.exists() || kind.is_symlink() {
            made.skipped.push(path);
        }
    }
    sync(to)
}

/// Copies a file; one that has gone meanwhile is none.
fn copy_file(from: &Path, to: &Path) -> std::io::Result<u64> {
    let source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let metadata = source.metadata()?;
    let mut copy = new_file(
        to,
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()),
    )?;
    // As long as it was: one that grows meanwhile has an end.
    let bytes = std::io::copy(&mut source.take(metadata.len()), &mut copy)?;
    copy.set_permissions(metadata.permissions())?;
    copy.sync_all()?;
    Ok(bytes)
}

fn new_file(path: &Path, mode: u32) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

fn mode(path: &Path) -> std::io::Result<u32> {
    let permissions = std::fs::metadata(path)?.permissions();
    Ok(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777)
}

/// Sees to it that the names in a folder are on the disk.
fn sync(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot write {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A data folder with a store, and a place for copies.
    fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        std::fs::create_dir(&data_dir).unwrap();
        drop(koi_store::sqlite::open(&data_dir.join(DATABASE)).unwrap());
        let copy = folder.path().join("copy");
        (folder, data_dir, copy)
    }

    #[test]
    fn keys_are_copied_for_their_owner_only_and_what_is_made_anew_is_not() {
        let (_folder, data_dir, copy) = folder();
        for (name, mode) in [
            ("priv_key.pem", 0o600),
            ("note", 0o640),
            ("admin.token", 0o600),
        ] {
            std::fs::write(data_dir.join(name), name).unwrap();
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(data_dir.join(name), permissions).unwrap();
        }
        for folder in ["code", "extensions"] {
            std::fs::create_dir(data_dir.join(folder)).unwrap();
            std::fs::write(data_dir.join(folder).join("x"), "x").unwrap();
        }
        symlink(data_dir.join("note"), data_dir.join("link")).unwrap();
        symlink(&data_dir, data_dir.join("loop")).unwrap();
        let made = make(&data_dir, &copy).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&copy)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["extensions", DATABASE, "link", "note", "priv_key.pem"]
        );
        let mode = |name: &str| {
            let metadata = std::fs::symlink_metadata(copy.join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("priv_key.pem"), mode("note")), (0o600, 0o640));
        assert_eq!((mode(DATABASE), mode("link")), (0o600, 0o640));
        let whole = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(whole & 0o777, 0o700);
        assert_eq!(made.files, 5);
        assert_eq!(made.skipped.len(), 1);
        assert!(copy.join("extensions/x").is_file());
        koi_store::sqlite::open(&copy.join(DATABASE)).unwrap();
    }

    #[test]
    fn nothing_is_written_over_or_into_the_data_folder() {
        let (_folder, data_dir, copy) = folder();
        let refused = |target: &Path| format!("{:#}", make(&data_dir, target).unwrap_err());
        let told = refused(&data_dir.join("copy"));
        assert!(told.contains("in the data folder itself"), "{told}");
        std::fs::create_dir(&copy).unwrap();
        std::fs::write(copy.join("mine"), "mine").unwrap();
        let told = refused(&copy);
        assert!(told.contains("not empty"), "{told}");
        std::fs::remove_file(copy.join("mine")).unwrap();
        let partial = copy.with_file_name("copy.partial");
        std::fs::create_dir(&partial).unwrap();
        let told = refused(&copy);
        assert!(told.contains("a backup is being made"), "{told}");
        std::fs::remove_dir(&partial).unwrap();
        // An empty folder, such as one that was made for it, is welcome.
        make(&data_dir, &copy).unwrap();
        let told = refused(&copy.join("none/x"));
        assert!(told.contains("cannot be opened"), "{told}");
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let (_folder, data_dir, copy) = folder();
        std::fs::write(data_dir.join(DATABASE), "no database at all, ".repeat(100)).unwrap();
        let told = format!("{:#}", make(&data_dir, &copy).unwrap_err());
        assert!(told.contains("is not a store of koi-mcp"), "{told}");
        assert!(!copy.exists() && !copy.with_file_name("copy.partial").exists());
    }
}
