//! How often terms were looked up, in the key-value bucket `default` under `count/VOCABULARY/NAME`.

use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;

use crate::name::Name;
use crate::reference::TermReference;

const PREFIX: &str = "count/";

/// The counts.
pub struct Counts(Bucket);

impl Counts {
    /// The counts of this extension.
    ///
    /// # Errors
    /// `denied` without the capability `keyvalue`, as everything here.
    pub fn open() -> Result<Self> {
        Bucket::open("default").map(Self)
    }

    /// Counts one more for a term.
    pub fn add_one(&self, term: &TermReference) -> Result<()> {
        self.0.increment(&key(term), 1).map(drop)
    }

    /// The names of a vocabulary's terms that have a count, with it.
    pub fn of(&self, vocabulary: &Name) -> Result<Vec<(Name, i64)>> {
        let of_vocabulary = |term: &TermReference| term.vocabulary == *vocabulary;
        let terms: Vec<_> = self.terms()?.into_iter().filter(of_vocabulary).collect();
        let keys: Vec<_> = terms.iter().map(key).collect();
        let counts = self.0.get_many(&keys)?;
        let counted = terms.into_iter().zip(counts).map(|(term, count)| {
            let count = std::str::from_utf8(&count?).ok()?.parse().ok()?;
            Some((term.name, count))
        });
        Ok(counted.flatten().collect())
    }

    /// The terms that have a count.
    pub fn terms(&self) -> Result<Vec<TermReference>> {
        let term = |key: String| TermReference::parse(key.strip_prefix(PREFIX)?).ok();
        Ok(self.0.keys()?.into_iter().filter_map(term).collect())
    }

    /// Forgets the counts of terms.
    pub fn forget(&self, terms: &[TermReference]) -> Result<()> {
        self.0
            .delete_many(&terms.iter().map(key).collect::<Vec<_>>())
    }
}

fn key(term: &TermReference) -> String {
    format!("{PREFIX}{}", term.print())
}
