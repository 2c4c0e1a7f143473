//! Several versions of one extension, and which of them answers a call.
//!
//! One version serves: the lists, RID types, handlers and jobs are its, and so are all calls that do not
//! say otherwise. A call may pin a version, and a canary gets a share of those that do not. Whatever
//! answers is an entry of the version that it came from, with the schemas of that version.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use koi_store::Role;
use semver::{Version, VersionReq};

use super::Snapshot;
use crate::entry::{ExtensionEntry, Lists, PromptEntry, Readable, ToolEntry};
use crate::text::shortened;

/// Longest text of a pin, in bytes.
const MAX_PIN_BYTES: usize = 128;
/// What comes before the number of a revision.
const REVISION: &str = "revision:";

/// A version that is active and does not serve.
pub struct Beside {
    /// The revision.
    pub entry: Arc<ExtensionEntry>,
    /// As what it is active.
    pub role: Role,
}

impl Beside {
    /// Whether it answers calls that pin it.
    fn takes_pins(&self) -> bool {
        matches!(self.role, Role::Beside | Role::Canary { .. })
    }
}

/// Why no version answers a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// It does not say which version.
    #[error(
        "`{0}` is no version: expected one such as `1.2.3`, a requirement such as `^1.2`, or \
         `revision:N`"
    )]
    Malformed(String),
    /// No active one fits.
    #[error("no version of {extension} that is active fits `{pin}`; there are {active}")]
    Unknown {
        /// The extension.
        extension: String,
        /// What was asked for.
        pin: String,
        /// The versions that there are.
        active: String,
    },
    /// The one that fits does not have it.
    #[error("{version} has no {kind} `{name}`")]
    Absent {
        /// The version.
        version: String,
        /// `tool`, `prompt` or `resource`.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
}

/// Which version is wanted.
enum Pin {
    Revision(u64),
    Exactly(Version),
    Fitting(VersionReq),
}

impl FromStr for Pin {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let malformed = || VersionError::Malformed(shortened(text));
        if text.len() > MAX_PIN_BYTES {
            return Err(malformed());
        }
        if let Some(number) = text.strip_prefix(REVISION) {
            return number.parse().map(Self::Revision).map_err(|_| malformed());
        }
        match Version::parse(text) {
            Ok(version) => Ok(Self::Exactly(version)),
            Err(_) => VersionReq::parse(text)
                .map(Self::Fitting)
                .map_err(|_| malformed()),
        }
    }
}

impl Pin {
    fn fits(&self, entry: &ExtensionEntry) -> bool {
        match self {
            Self::Revision(number) => entry.revision.revision == *number,
            Self::Exactly(version) => entry.revision.version == *version,
            Self::Fitting(requirement) => requirement.matches(&entry.revision.version),
        }
    }
}

/// A version as people are told of it.
struct Told<'e>(&'e ExtensionEntry);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = &self.0.revision;
        write!(
            f,
            "{} {} (revision {})",
            revision.extension, revision.version, revision.revision
        )
    }
}

impl Snapshot {
    /// The tool of that name which answers a call: of the version that is pinned, else of a canary if it
    /// is its turn, else of the version that serves. None if there is no such tool.
    ///
    /// # Errors
    /// If no active version fits the pin, or the one that does has no such tool.
    pub fn tool(
        &self,
        name: &str,
        pin: Option<&str>,
    ) -> Result<Option<&Arc<ToolEntry>>, VersionError> {
        let serving = self.tools.get(name);
        if pin.is_none() && self.beside.is_empty() {
            return Ok(serving);
        }
        let serving = serving.map(|tool| (tool, &*tool.extension));
        self.of_version("tool", name, serving, pin, |lists| lists.tools.get(name))
    }

    /// The prompt of that name which answers, as with [`tool`](Self::tool).
    ///
    /// # Errors
    /// As with tools.
    pub fn prompt(
        &self,
        name: &str,
        pin: Option<&str>,
    ) -> Result<Option<&Arc<PromptEntry>>, VersionError> {
        let serving = self.prompts.get(name);
        if pin.is_none() && self.beside.is_empty() {
            return Ok(serving);
        }
        let serving = serving.map(|prompt| (prompt, &*prompt.extension));
        self.of_version("prompt", name, serving, pin, |lists| {
            lists.prompts.get(name)
        })
    }

    /// The resource at a URI that answers, or the template that it fits, as with [`tool`](Self::tool);
    /// of templates that fit it is the longest. Only what extensions have for which `shows` says so.
    ///
    /// # Errors
    /// As with tools.
    pub fn resource(
        &self,
        uri: &str,
        pin: Option<&str>,
        shows: impl Fn(&str) -> bool,
    ) -> Result<Option<Readable>, VersionError> {
        let resource = self.resources.get(uri).filter(|of| shows(&of.extension));
        let templates = self.templates.values().filter(|of| shows(&of.extension));
        let serving = resource.cloned().map(Readable::Resource);
        let serving = serving.or_else(|| Readable::fitting(templates, uri));
        if pin.is_none() && self.beside.is_empty() {
            return Ok(serving);
        }
        let owner = match &serving {
            Some(serving) => Some(serving.extension().clone()),
            None => pin
                .and_then(|_| self.has_beside(|lists| lists.readable(uri).is_some()))
                .filter(|extension| shows(extension))
                .map(Arc::from),
        };
        let Some(extension) = owner else {
            return Ok(None);
        };
        let other = self.elsewhere(&extension, pin)?;
        let found = match other {
            Some(other) => other.lists.readable(uri),
            None => serving.clone(),
        };
        match (found, pin) {
            (Some(found), _) => Ok(Some(found)),
            (None, None) => Ok(serving),
            (None, Some(_)) => Err(self.absent(other, &extension, "resource", uri)),
        }
    }

    fn absent(
        &self,
        version: Option<&Arc<ExtensionEntry>>,
        extension: &str,
        kind: &'static str,
        name: &str,
    ) -> VersionError {
        let version = version.or_else(|| self.extensions.get(extension));
        VersionError::Absent {
            version: version.map_or_else(|| extension.to_owned(), |of| Told(of).to_string()),
            kind,
            name: shortened(name),
        }
    }

    fn of_version<'s, E>(
        &'s self,
        kind: &'static str,
        name: &str,
        serving: Option<(&'s Arc<E>, &str)>,
        pin: Option<&str>,
        of: impl Fn(&'s Lists) -> Option<&'s Arc<E>>,
    ) -> Result<Option<&'s Arc<E>>, VersionError> {
        let owner = match serving {
            Some((_, extension)) => Some(extension),
            // What only another version has is reached by those who ask for that version.
            None => pin.and_then(|_| self.has_beside(|lists| of(lists).is_some())),
        };
        let Some(extension) = owner else {
            return Ok(None);
        };
        let serving = serving.map(|(entry, _)| entry);
        let other = self.elsewhere(extension, pin)?;
        let found = other.map_or(serving, |other| of(&other.lists));
        match (found, pin) {
            (Some(found), _) => Ok(Some(found)),
            (None, None) => Ok(serving),
            (None, Some(_)) => Err(self.absent(other, extension, kind, name)),
        }
    }

    /// The extension of which a version beside the one that serves has something in its lists.
    pub fn has_beside<'s>(&'s self, has: impl Fn(&'s Lists) -> bool) -> Option<&'s str> {
        let mut all = self.beside.iter();
        let found = all.find(|(_, versions)| {
            let mut pinned = versions.iter().filter(|version| version.takes_pins());
            pinned.any(|version| has(&version.entry.lists))
        });
        found.map(|(name, _)| name.as_str())
    }

    /// The version of an extension that answers a call; none if that is the one that serves.
    ///
    /// # Errors
    /// If no active version fits the pin.
    pub fn elsewhere(
        &self,
        extension: &str,
        pin: Option<&str>,
    ) -> Result<Option<&Arc<ExtensionEntry>>, VersionError> {
        let beside = self.beside.get(extension).map_or(&[][..], Vec::as_slice);
        let Some(text) = pin else {
            return Ok(canary(beside));
        };
        let pin: Pin = text.parse()?;
        let serving = self.extensions.get(extension);
        let others = beside.iter().filter(|version| version.takes_pins());
        let all = others.map(|version| &version.entry).chain(serving);
        // The newest that fits; of the same version the one that serves, which comes last.
        let fitting = all.clone().filter(|entry| pin.fits(entry));
        let chosen = fitting.max_by(|one, other| one.revision.version.cmp(&other.revision.version));
        match chosen {
            Some(chosen) => {
                let serves = serving.is_some_and(|serving| Arc::ptr_eq(serving, chosen));
                Ok((!serves).then_some(chosen))
            }
            None => {
                let active: Vec<String> = all.map(|entry| Told(entry).to_string()).collect();
                Err(VersionError::Unknown {
                    extension: extension.to_owned(),
                    pin: shortened(text),
                    active: active.join(", "),
                })
            }
        }
    }
}

/// The canary, if it is its turn.
fn canary(beside: &[Arc<Beside>]) -> Option<&Arc<ExtensionEntry>> {
    let mut canaries = beside.iter().filter_map(|version| match version.role {
        Role::Canary { share } => Some((version, share)),
        _ => None,
    });
    let (version, share) = canaries.next()?;
    let is_its_turn = rand::random_range(0..1000_u16) < share;
    is_its_turn.then_some(&version.entry)
}
