//! How many of something there are at once, over all and for each principal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places that can be taken, such as those of open streams.
pub(crate) struct Places {
    /// What takes one, in the plural.
    what: &'static str,
    most: usize,
    most_each: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<Arc<str>, usize>,
}

/// Why none can be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// All principals together have as many as there are.
    #[error("there are {most} {what}, the most that this server serves: try again later")]
    OfAll { what: &'static str, most: usize },
    /// This one has as many as it may.
    #[error("you have {most} {what}, the most that one principal may: end one of them first")]
    OfPrincipal { what: &'static str, most: usize },
}

/// A place that is taken until this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    principal: Option<Arc<str>>,
}

impl Places {
    /// `most` over all, `most_each` for each principal; the local client is bounded by the first only.
    pub(crate) fn new(what: &'static str, most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self {
            what,
            most,
            most_each,
            taken: Mutex::default(),
        })
    }

    pub(crate) fn take(self: &Arc<Self>, principal: Option<&Arc<str>>) -> Result<Place, Full> {
        let what = self.what;
        let mut taken = self.taken();
        if taken.all >= self.most {
            let most = self.most;
            return Err(Full::OfAll { what, most });
        }
        if let Some(principal) = principal {
            let by = taken.by.entry(principal.clone()).or_default();
            if *by >= self.most_each {
                let most = self.most_each;
                return Err(Full::OfPrincipal { what, most });
            }
            *by += 1;
        }
        taken.all += 1;
        Ok(Place {
            places: self.clone(),
            principal: principal.cloned(),
        })
    }

    /// No code panics while it holds the lock.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        let Some(principal) = &self.principal else {
            return;
        };
        if let Some(by) = taken.by.get_mut(principal) {
            *by -= 1;
            if *by == 0 {
                taken.by.remove(principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_principal_cannot_take_all_places() {
        let places = Places::new("streams", 4, 2);
        let (alice, bob): (Arc<str>, Arc<str>) = ("alice".into(), "bob".into());
        let first = places.take(Some(&alice)).unwrap();
        let _second = places.take(Some(&alice)).unwrap();
        let refused = places.take(Some(&alice)).err().unwrap();
        assert!(refused.to_string().contains("2 streams"), "{refused}");
        let _third = places.take(Some(&bob)).unwrap();
        drop(first);
        let _again = places.take(Some(&alice)).unwrap();
        let _local = places.take(None).unwrap();
        let refused = places.take(Some(&bob)).err().unwrap();
        assert!(matches!(refused, Full::OfAll { most: 4, .. }), "{refused}");
    }

    #[test]
    fn the_local_client_may_take_all_places() {
        let places = Places::new("streams", 3, 1);
        let taken: Vec<_> = (0..3).map(|_| places.take(None).unwrap()).collect();
        assert!(places.take(None).is_err());
        drop(taken);
        assert_eq!(places.taken().all, 0);
        assert!(places.taken().by.is_empty());
    }
}
