//! `files=read:/guest=/host` and `files=write:/guest=/host`: a folder of this machine, which the
//! guest sees under a path of its own. An extension asks for `files=read:/guest`; which folder that
//! is, only the operator says. One that asks for `files=read:*` sees those that the operator grants, where
//! he puts them.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// The word of these grants.
pub(super) const WORD: &str = "files";

/// In place of the guest's path in what an extension asks for: whichever the operator grants.
pub(super) const ANY: &str = "*";

/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 1024;

/// A folder, to be read or to be read and written. Ordered by the guest's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folder {
    /// Where the guest sees it: an absolute path without `.` and `..`.
    pub guest: String,
    /// Whether the guest may change what is in it.
    pub write: bool,
    /// Where it is on this machine, an absolute path; none in what an extension asks for.
    pub host: Option<PathBuf>,
}

impl Folder {
    /// What an extension asks for.
    ///
    /// # Errors
    /// A clause about the path if it cannot be a guest's.
    pub fn asked(guest: &str, write: bool) -> Result<Self, String> {
        if guest != ANY {
            check_guest(guest)?;
        }
        Ok(Self {
            guest: guest.to_owned(),
            write,
            host: None,
        })
    }

    /// Whether it, as it was asked for, speaks of this one.
    pub(crate) fn asks_for(&self, given: &Self) -> bool {
        self.guest == given.guest || self.guest == ANY
    }

    /// Whether it gives what `other` asks for.
    pub(super) fn includes(&self, other: &Self) -> bool {
        other.asks_for(self)
            && (self.write || !other.write)
            && self.host.is_some()
            && (other.host.is_none() || self.host == other.host)
    }
}

fn check_guest(path: &str) -> Result<(), String> {
    let plain = path
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")));
    if plain && path.len() <= MAX_PATH_BYTES && !path.contains(['=', '\0']) {
        return Ok(());
    }
    Err(
        "the guest's path is absolute, without `.`, `..`, `=` and a `/` at its end, as in `/data`"
            .to_owned(),
    )
}

fn host(path: &str) -> Result<PathBuf, String> {
    let parsed = Path::new(path);
    let plain = parsed.is_absolute()
        && !parsed.components().any(|part| part == Component::ParentDir)
        && path.len() <= MAX_PATH_BYTES
        && !path.contains('\0');
    if plain {
        return Ok(parsed.to_owned());
    }
    Err("the folder of this machine is an absolute path without `..`, as in `/srv/data`".to_owned())
}

impl FromStr for Folder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (write, paths) = match text.split_once(':') {
            Some(("read", paths)) => (false, paths),
            Some(("write", paths)) => (true, paths),
            _ => {
                return Err(
                    "write `read:` or `write:` first, as in `files=read:/data=/srv/data`"
                        .to_owned(),
                );
            }
        };
        let (guest, folder) = paths.split_once('=').ok_or_else(|| {
            format!("say which folder of this machine it is, as in `files={text}=/srv/data`")
        })?;
        check_guest(guest)?;
        Ok(Self {
            guest: guest.to_owned(),
            write,
            host: Some(host(folder)?),
        })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.write { "write" } else { "read" };
        write!(f, "{word}:{}", self.guest)?;
        match &self.host {
            Some(host) => write!(f, "={}", host.display()),
            None => Ok(()),
        }
    }
}
