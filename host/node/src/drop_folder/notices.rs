//! What the system tells of the folder, put together until there is time for it: a file that changes a
//! hundred times is one entry, and whoever looks at the files is woken when one has been left alone,
//! not when it changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use tokio::sync::Notify;

use super::attached;
use super::file::component_name;

/// How long a file has to be left alone before it is read.
pub(super) const QUIET: Duration = Duration::from_millis(300);

/// How long a file may go on changing before that is told.
const RESTLESS: Duration = Duration::from_secs(10);

/// Most files that wait to be looked at; if there are more, the folder is read again instead.
pub(super) const MAX_WAITING: usize = 10_000;

/// The files that wait to be looked at.
#[derive(Default)]
pub(super) struct Notices {
    state: Mutex<State>,
    /// Wakes who waits for the next one that is due.
    sooner: Notify,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Waiting>,
    /// Any file may have changed.
    all: bool,
    /// Until when somebody sleeps; none for without end.
    sleeping_until: Option<Instant>,
}

/// A file that waits to be looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// Since when it has not been left alone.
    pub(super) since: Instant,
    /// When it is to be looked at.
    due: Instant,
    /// How often looking at it has failed since it changed last.
    pub(super) failures: u32,
    /// Whether it was told that it is not left alone.
    told: bool,
}

impl Waiting {
    /// The same after one more failure.
    pub(super) fn failed(self) -> Self {
        Self {
            since: Instant::now(),
            failures: self.failures.saturating_add(1),
            ..self
        }
    }
}

impl Notices {
    /// Takes down what an event says. That a file was read is no news, or each look at one would lead
    /// to the next.
    pub(super) fn take_down(&self, event: &notify::Result<notify::Event>) {
        match event {
            Err(_) => self.all(),
            Ok(event) if event.need_rescan() => self.all(),
            Ok(event) => news_in(event).for_each(|name| self.tell(name)),
        }
    }

    /// A file may have changed.
    pub(super) fn tell(&self, name: String) {
        let now = Instant::now();
        let due = now + QUIET;
        let mut state = self.state();
        if state.files.len() >= MAX_WAITING && !state.files.contains_key(&name) {
            state.all = true;
        } else {
            let waiting = state.files.entry(name).or_insert(Waiting {
                since: now,
                due,
                failures: 0,
                told: false,
            });
            waiting.due = due;
            waiting.failures = 0;
        }
        self.wake(&state, due);
    }

    /// Any file may have changed.
    pub(super) fn all(&self) {
        let mut state = self.state();
        state.all = true;
        self.wake(&state, Instant::now());
    }

    /// Has a file looked at again later, unless it is waiting for that already.
    pub(super) fn put_back(&self, name: String, waiting: Waiting, after: Duration) {
        let due = Instant::now() + after;
        let mut state = self.state();
        let entry = state
            .files
            .entry(name)
            .or_insert(Waiting { due, ..waiting });
        entry.since = entry.since.min(waiting.since);
        entry.told |= waiting.told;
        self.wake(&state, due);
    }

    fn wake(&self, state: &State, due: Instant) {
        if state.sleeping_until.is_none_or(|until| due < until) {
            self.sooner.notify_one();
        }
    }

    /// Waits until something is due.
    pub(super) async fn due(&self) {
        loop {
            let due = {
                let mut state = self.state();
                let first = state.files.values().map(|waiting| waiting.due).min();
                let due = match state.all {
                    true => Some(Instant::now()),
                    false => first,
                };
                state.sleeping_until = due;
                due
            };
            let sleep = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => return,
                () = self.sooner.notified() => {}
            }
        }
    }

    /// Whether any file may have changed since this was last asked. Then none waits any more: whoever
    /// asks has to tell of all of them.
    pub(super) fn take_all(&self) -> bool {
        let mut state = self.state();
        let all = std::mem::take(&mut state.all);
        if all {
            state.files.clear();
        }
        all
    }

    /// The files that have been left alone.
    pub(super) fn take_due(&self) -> BTreeMap<String, Waiting> {
        let now = Instant::now();
        let mut state = self.state();
        let due = state.files.extract_if(.., |_, waiting| waiting.due <= now);
        due.collect()
    }

    /// The files that have not been left alone for long, each once until it has been.
    pub(super) fn restless(&self) -> Vec<String> {
        let now = Instant::now();
        let is_restless = |waiting: &Waiting| {
            let is_changing = waiting.failures == 0 && waiting.due > now;
            is_changing && !waiting.told && now.duration_since(waiting.since) >= RESTLESS
        };
        let mut state = self.state();
        let restless = state.files.iter_mut().filter_map(|(name, waiting)| {
            is_restless(waiting).then(|| {
                waiting.told = true;
                name.clone()
            })
        });
        restless.collect()
    }

    /// No code panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The components in the folder that an event tells of.
fn news_in(event: &notify::Event) -> impl Iterator<Item = String> {
    let is_news = match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let paths = event.paths.iter().filter(move |_| is_news);
    paths.filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        component_name(Path::new(attached::component_of(name)))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use notify::event::{CreateKind, Flag, ModifyKind};

    use super::*;

    fn event(kind: EventKind, path: &str) -> notify::Event {
        notify::Event::new(kind).add_path(PathBuf::from(path))
    }

    #[test]
    fn that_a_file_was_read_is_no_news() {
        let news = |kind| news_in(&event(kind, "folder/a.wasm")).collect::<Vec<_>>();
        for kind in [
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
        ] {
            assert_eq!(news(kind), ["a.wasm"], "{kind:?}");
        }
        for kind in [
            AccessKind::Open(AccessMode::Any),
            AccessKind::Read,
            AccessKind::Close(AccessMode::Read),
        ] {
            assert!(news(EventKind::Access(kind)).is_empty(), "{kind:?}");
        }
        let notes = event(EventKind::Any, "folder/notes.txt");
        assert_eq!(news_in(&notes).count(), 0);
    }

    #[test]
    fn after_lost_events_every_file_is_looked_at() {
        let notices = Notices::default();
        let lost = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        notices.take_down(&Ok(lost));
        assert!(notices.take_all());
        assert!(!notices.take_all());
    }

    /// Makes what waits as old as if it had been told of so long ago.
    fn age(notices: &Notices, by: Duration) {
        for waiting in notices.state().files.values_mut() {
            waiting.since -= by;
            waiting.due -= by;
        }
    }

    #[test]
    fn a_file_is_due_when_it_was_left_alone_and_changes_before_that_put_it_off() {
        let notices = Notices::default();
        notices.tell("a.wasm".to_owned());
        notices.tell("b.wasm".to_owned());
        assert!(notices.take_due().is_empty());
        age(&notices, QUIET);
        notices.tell("a.wasm".to_owned());
        let due: Vec<String> = notices.take_due().into_keys().collect();
        assert_eq!(due, ["b.wasm"]);
        age(&notices, QUIET);
        assert_eq!(notices.take_due().len(), 1);
    }

    #[test]
    fn a_file_that_changes_all_the_time_is_told_of_once() {
        let notices = Notices::default();
        notices.tell("a.wasm".to_owned());
        assert!(notices.restless().is_empty());
        for told in [1, 0, 0] {
            age(&notices, RESTLESS);
            notices.tell("a.wasm".to_owned());
            assert!(notices.take_due().is_empty());
            assert_eq!(notices.restless().len(), told);
        }
        // When it was left alone and begins again, that is something new.
        age(&notices, QUIET);
        assert_eq!(notices.take_due().len(), 1);
        notices.tell("a.wasm".to_owned());
        age(&notices, RESTLESS);
        notices.tell("a.wasm".to_owned());
        assert_eq!(notices.restless(), ["a.wasm"]);
    }

    #[test]
    fn what_failed_waits_for_its_next_try_or_for_the_next_change() {
        let notices = Notices::default();
        notices.tell("a.wasm".to_owned());
        age(&notices, QUIET);
        let (name, waiting) = notices.take_due().pop_first().unwrap();
        notices.put_back(name, waiting.failed(), Duration::from_secs(60));
        age(&notices, QUIET);
        assert!(notices.take_due().is_empty());
        assert!(notices.restless().is_empty());
        notices.tell("a.wasm".to_owned());
        age(&notices, QUIET);
        let (_, waiting) = notices.take_due().pop_first().unwrap();
        assert_eq!(waiting.failures, 0);
    }

    #[test]
    fn more_files_than_can_wait_have_the_folder_read_again() {
        let notices = Notices::default();
        for number in 0..=MAX_WAITING {
            notices.tell(format!("{number}.wasm"));
        }
        assert_eq!(notices.state().files.len(), MAX_WAITING);
        assert!(notices.take_all());
        assert!(notices.state().files.is_empty());
    }
}
