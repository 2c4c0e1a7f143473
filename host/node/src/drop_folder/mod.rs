//! The drop folder: a `.wasm` file that appears in it is installed, one that changes is installed
//! again, one that goes away takes its extension with it.
//!
//! What lies beside a file and says who made it (`….wasm.sig` and the like) belongs to it: the file is looked
//! at again when that changes.
//!
//! Nothing is granted by dropping a file: one that wants more than the revision before is held until it
//! is approved. No extension that came by another way is replaced by one. A file is read when it has been left alone for a moment ([`notices::QUIET`]), so a slow copy is
//! read once, whole, and not again before it changes: what an operator removes or replaces stays so.
//! One that changes all the time is not read, is told of once, and holds up nobody else. Files are
//! opened inside the folder only: a link that leads out of it is refused.
//!
//! Whatever goes wrong is logged once and shown to the operator ([`Report`]), and the revision before
//! goes on serving: also where the whole folder cannot be read or is gone. It is looked for until it is
//! back, and then what is in it counts, and what is missing from it. What failed for want of room, or
//! since the file could not be read, is tried again.

mod attached;
mod file;
mod notices;
mod place;
mod report;
mod settler;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use koi_registry::Registry;
use tokio_util::sync::CancellationToken;

use notices::{Notices, Waiting};
use place::Place;
pub use report::{DropFolderView, Report};
use settler::{Settled, Settler};

/// How often it is seen to that the folder is where it was: it can be moved or replaced without an
/// event, by a change to a folder above it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long what failed and may pass waits before its second try, and at most before any.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Watches a folder until it is told to stop.
pub struct DropFolder {
    path: PathBuf,
    notices: Arc<Notices>,
    place: Option<Place>,
    report: Report,
}

impl DropFolder {
    /// Makes the folder where it is missing, and begins to watch. Where that fails it is tried again
    /// later.
    pub fn open(path: &Path) -> Self {
        let notices = Arc::new(Notices::default());
        let report = Report::new(path);
        let place = place::make(path).and_then(|()| Place::open(path, &notices));
        let place = place.map_err(|error| report.lost(&error)).ok();
        notices.all();
        Self {
            path: path.to_owned(),
            notices,
            place,
            report,
        }
    }

    /// What an operator is told of the folder.
    pub fn report(&self) -> Report {
        self.report.clone()
    }

    /// Installs what is there and what comes, until `stop`.
    pub async fn run(mut self, registry: Registry, stop: CancellationToken) {
        let mut settler = Settler::new(registry, self.report.clone());
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => self.look_for_folder().await,
                () = self.notices.due(), if self.place.is_some() => {}
            }
            let Some(place) = &self.place else { continue };
            if self.notices.take_all() {
                match settler.all(place).await {
                    Ok(names) => names.into_iter().for_each(|name| self.notices.tell(name)),
                    Err(error) => self.lose(&error),
                }
                continue;
            }
            for name in self.notices.restless() {
                self.report.restless(&name);
            }
            for (name, waiting) in self.notices.take_due() {
                // An install that is not waited for is whole all the same.
                let settled = tokio::select! {
                    () = stop.cancelled() => return,
                    settled = settler.settle(place, &name) => settled,
                };
                self.after(name, waiting, settled);
            }
        }
    }

    /// Sees to it that the folder is watched.
    async fn look_for_folder(&mut self) {
        if let Some(place) = &self.place {
            match place.is_still_there().await {
                Ok(()) => return,
                Err(error) => self.lose(&error),
            }
        }
        let (path, notices) = (self.path.clone(), self.notices.clone());
        let opened = tokio::task::spawn_blocking(move || Place::open(&path, &notices)).await;
        match opened.map_err(anyhow::Error::from).flatten() {
            Ok(place) => {
                self.place = Some(place);
                self.report.found();
                self.notices.all();
            }
            Err(error) => self.lose(&error),
        }
    }

    fn lose(&mut self, error: &anyhow::Error) {
        self.place = None;
        self.report.lost(error);
    }

    /// What becomes of a file that was looked at.
    fn after(&self, name: String, waiting: Waiting, settled: Settled) {
        match settled {
            Settled::Done => self.report.settled(&name),
            Settled::AsBefore => {}
            Settled::Changing => self.notices.put_back(name, waiting, notices::QUIET),
            Settled::Refused(reason) => self.report.refused(&name, reason),
            Settled::Failed(reason) => {
                self.report.refused(&name, reason);
                let doubled = RETRY.saturating_mul(1 << waiting.failures.min(16));
                let after = doubled.min(LONGEST_RETRY);
                self.notices.put_back(name, waiting.failed(), after);
            }
        }
    }
}
