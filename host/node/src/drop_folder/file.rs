//! One file of the folder: whether it has changed, and its bytes, whole or not at all.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use cap_std::fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use crate::admin::MAX_COMPONENT;

/// Tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
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

/// How a file is found.
pub(super) enum Found {
    /// It is not there.
    Gone,
    /// It is as it was when it was last looked at.
    Unchanged,
    /// It was changed or replaced while it was read.
    Changing,
    /// It is new or has changed: its bytes.
    Changed(Stamp, Vec<u8>),
    /// It is new or has changed, and is none to be installed, whatever its bytes: why.
    Refused(Stamp, String),
}

/// Looks at a file, and reads it where it has changed.
///
/// # Errors
/// If it cannot be looked at or read; another try may go otherwise.
pub(super) fn look(folder: &Dir, name: &str, known: Option<Stamp>) -> Result<Found> {
    // Before it is opened: to open a device or a pipe can do something.
    let Some(before) = metadata(folder, name)? else {
        return Ok(Found::Gone);
    };
    let stamp = Stamp::of(&before);
    if known == Some(stamp) {
        return Ok(Found::Unchanged);
    }
    if let Some(reason) = misfit(&before) {
        return Ok(Found::Refused(stamp, reason));
    }
    let Some(file) = open(folder, name)? else {
        return Ok(Found::Changing);
    };
    let opened = file.metadata().context("cannot look at the file")?;
    if Stamp::of(&opened) != stamp || misfit(&opened).is_some() {
        return Ok(Found::Changing);
    }
    let bytes = read(&file)?;
    // Whoever wrote into it meanwhile, or put another in its place, is not done or has just begun.
    let read = file.metadata().context("cannot look at the file")?;
    let there = metadata(folder, name)?.map(|there| Stamp::of(&there));
    if bytes.len() as u64 != stamp.length || Stamp::of(&read) != stamp || there != Some(stamp) {
        return Ok(Found::Changing);
    }
    Ok(Found::Changed(stamp, bytes))
}

/// What is known of a file; none if it is not there.
fn metadata(folder: &Dir, name: &str) -> Result<Option<Metadata>> {
    match folder.metadata(name) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if folder.symlink_metadata(name).is_ok() {
                bail!("it is a link, and what it leads to is not there");
            }
            Ok(None)
        }
        Err(error) => Err(error).context("cannot look at the file"),
    }
}

/// Why a file can be none to install, as far as can be told without reading it.
fn misfit(file: &Metadata) -> Option<String> {
    if !file.is_file() {
        return Some("it is not a regular file".to_owned());
    }
    let length = file.len();
    (length > MAX_COMPONENT as u64).then(|| {
        let most = MAX_COMPONENT >> 20;
        format!("it has {length} bytes, and a component has at most {most} MiB")
    })
}

fn open(folder: &Dir, name: &str) -> Result<Option<File>> {
    let mut options = OpenOptions::new();
    // If it has become a named pipe by now, opening it would else wait for somebody to write into it.
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    match folder.open_with(name, &options) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("cannot open the file"),
    }
}

/// The bytes of a file, and one too many if it has grown beyond what a component may have.
fn read(file: &File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_COMPONENT as u64 + 1)
        .read_to_end(&mut bytes)
        .context("cannot read the file")?;
    Ok(bytes)
}

/// The file's name, if it is one of a component: `….wasm`, not hidden.
pub(super) fn component_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (name.ends_with(".wasm") && !name.starts_with('.')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;
    use tempfile::TempDir;

    use super::*;

    fn folder() -> (TempDir, Dir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        (folder, dir)
    }

    fn refusal(dir: &Dir, name: &str) -> String {
        match look(dir, name, None).unwrap() {
            Found::Refused(_, reason) => reason,
            _ => panic!("{name} is to be refused"),
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_keeps_nobody_waiting() {
        let (folder, dir) = folder();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("pipe.wasm"))
            .status()
            .unwrap();
        assert!(made.success());
        std::fs::create_dir(folder.path().join("folder.wasm")).unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("socket.wasm")).unwrap();
        for name in ["pipe.wasm", "folder.wasm", "socket.wasm"] {
            let reason = refusal(&dir, name);
            assert!(reason.contains("regular file"), "{name}: {reason}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_without_being_read() {
        let (folder, dir) = folder();
        let file = std::fs::File::create(folder.path().join("zeros.wasm")).unwrap();
        // It could not be read into memory.
        file.set_len(1 << 40).unwrap();
        let reason = refusal(&dir, "zeros.wasm");
        assert!(reason.contains("1099511627776"), "{reason}");
    }

    #[test]
    fn a_link_is_followed_inside_of_the_folder_only_and_one_that_leads_nowhere_is_not_gone() {
        let (folder, dir) = folder();
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        };
        std::fs::write(folder.path().join("version-1"), "one").unwrap();
        link("version-1", "inside.wasm");
        link("/etc/hostname", "outside.wasm");
        link("version-2", "nowhere.wasm");
        let inside = look(&dir, "inside.wasm", None).unwrap();
        assert!(matches!(inside, Found::Changed(_, bytes) if bytes == b"one"));
        assert!(look(&dir, "outside.wasm", None).is_err());
        let Err(nowhere) = look(&dir, "nowhere.wasm", None) else {
            panic!("it leads nowhere");
        };
        assert!(nowhere.to_string().contains("is a link"), "{nowhere}");
    }

    #[test]
    fn a_file_is_read_again_only_when_it_has_changed() {
        let (folder, dir) = folder();
        let path = folder.path().join("a.wasm");
        assert!(matches!(look(&dir, "a.wasm", None).unwrap(), Found::Gone));
        std::fs::write(&path, "one").unwrap();
        let Found::Changed(stamp, bytes) = look(&dir, "a.wasm", None).unwrap() else {
            panic!("it is new");
        };
        assert_eq!(bytes, b"one");
        let again = look(&dir, "a.wasm", Some(stamp)).unwrap();
        assert!(matches!(again, Found::Unchanged));
        std::fs::write(&path, "three").unwrap();
        let changed = look(&dir, "a.wasm", Some(stamp)).unwrap();
        assert!(matches!(changed, Found::Changed(..)));
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_never_taken_half() {
        let (folder, dir) = folder();
        let path = folder.path().join("a.wasm");
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        std::fs::write(&path, vec![0; 8 << 20]).unwrap();
        let writer = {
            let path = path.clone();
            std::thread::spawn(move || {
                use std::io::Write;
                let mut file = std::fs::File::options().append(true).open(path).unwrap();
                while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                    file.write_all(b"more").unwrap();
                }
            })
        };
        // A file of this size takes longer to read than the writer takes for one more piece.
        let found = std::iter::from_fn(|| look(&dir, "a.wasm", None).ok());
        let changing = found
            .take(100)
            .filter(|found| matches!(found, Found::Changing));
        assert!(changing.count() > 0);
        drop(stop);
        writer.join().unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        let Found::Changed(_, bytes) = look(&dir, "a.wasm", None).unwrap() else {
            panic!("nobody writes any more");
        };
        assert_eq!(bytes.len() as u64, length);
    }
}
