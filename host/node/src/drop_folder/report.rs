//! What an operator is told of the drop folder: each thing once in the log, and what is so now through
//! the admin API.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koi_rid::Timestamp;
use serde::Serialize;

/// Most refused files that are shown; others are only logged.
const MAX_REFUSED: usize = 1000;

/// The state of the folder. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Report {
    path: Arc<Path>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Why the folder is not watched, and since when.
    lost: Option<(String, Timestamp)>,
    refused: BTreeMap<String, (String, Timestamp)>,
}

/// The drop folder, as the admin API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct DropFolderView {
    /// Its path.
    pub folder: String,
    /// Whether it is watched.
    pub watched: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The files in it that are not installed as they are, by name.
    pub refused: Vec<RefusedFile>,
}

/// A file that is not installed as it is.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedFile {
    /// Its name.
    pub file: String,
    /// Why.
    pub reason: String,
    /// Since when, for this reason.
    pub since: String,
}

impl Report {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            state: Arc::default(),
        }
    }

    /// What is so now.
    pub fn view(&self) -> DropFolderView {
        let state = self.state();
        let lost = state.lost.as_ref();
        let refused = state.refused.iter().map(|(file, (reason, since))| {
            let (file, reason) = (file.clone(), reason.clone());
            let since = since.as_str().to_owned();
            RefusedFile {
                file,
                reason,
                since,
            }
        });
        DropFolderView {
            folder: self.path.display().to_string(),
            watched: lost.is_none(),
            reason: lost.map(|(reason, _)| reason.clone()),
            since: lost.map(|(_, since)| since.as_str().to_owned()),
            refused: refused.collect(),
        }
    }

    /// The folder cannot be watched.
    pub(super) fn lost(&self, error: &anyhow::Error) {
        let reason = format!("{error:#}");
        let mut state = self.state();
        // Each try to find it again may fail for another reason: that is shown, and not logged.
        if let Some((of, _)) = &mut state.lost {
            *of = reason;
            return;
        }
        tracing::error!(
            folder = %self.path.display(),
            reason,
            "the drop folder is not watched: what came from it goes on serving, and it is watched again \
             as soon as it can be"
        );
        state.lost = Some((reason, Timestamp::now()));
    }

    /// The folder is watched again.
    pub(super) fn found(&self) {
        if self.state().lost.take().is_some() {
            tracing::info!(folder = %self.path.display(), "the drop folder is watched again");
        }
    }

    /// A file is not installed.
    pub(super) fn refused(&self, name: &str, reason: String) {
        let mut state = self.state();
        if state.refused.get(name).is_some_and(|(of, _)| *of == reason) {
            return;
        }
        let file = self.path.join(name);
        tracing::warn!(file = %file.display(), "not installed: {reason}");
        if state.refused.len() < MAX_REFUSED || state.refused.contains_key(name) {
            let refused = (reason, Timestamp::now());
            state.refused.insert(name.to_owned(), refused);
        }
    }

    /// A file is not left alone for long enough to be read.
    pub(super) fn restless(&self, name: &str) {
        let reason = "it is changed or replaced all the time: it is read when it has been left alone for \
                      a moment";
        self.refused(name, reason.to_owned());
    }

    /// A file is installed, or gone.
    pub(super) fn settled(&self, name: &str) {
        self.state().refused.remove(name);
    }

    /// No code panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_shown_until_it_is_installed_or_gone() {
        let report = Report::new(Path::new("extensions"));
        report.refused("a.wasm", "it is a letter".to_owned());
        let first = report.view().refused.remove(0);
        report.refused("a.wasm", "it is a letter".to_owned());
        let again = report.view().refused.remove(0);
        assert_eq!(
            (first.since, &*again.reason),
            (again.since, "it is a letter")
        );
        report.settled("a.wasm");
        assert!(report.view().refused.is_empty());
    }

    #[test]
    fn only_so_many_are_shown() {
        let report = Report::new(Path::new("extensions"));
        for number in 0..=MAX_REFUSED {
            report.refused(&format!("{number}.wasm"), "it is a letter".to_owned());
        }
        assert_eq!(report.view().refused.len(), MAX_REFUSED);
    }

    #[test]
    fn a_folder_that_cannot_be_watched_is_told_with_its_reason_until_it_is_back() {
        let report = Report::new(Path::new("extensions"));
        report.lost(&anyhow::anyhow!("no such folder").context("it cannot be opened"));
        let view = report.view();
        assert!(!view.watched && view.since.is_some());
        assert_eq!(
            view.reason.as_deref(),
            Some("it cannot be opened: no such folder")
        );
        report.found();
        let view = report.view();
        assert!(view.watched && view.reason.is_none());
    }
}
