//! What is done without being called.

use std::collections::BTreeSet;

use koi_extension::no_job;
use koi_extension::prelude::*;
use serde_json::json;

use crate::counts::Counts;
use crate::{Glossary, TERM};

/// The job that forgets counts of terms that are gone.
pub const TIDY: &str = "tidy";

impl Schedule for Glossary {
    fn run_job(name: &str, _: &JobRun) -> Result<Json> {
        match name {
            TIDY => Json::of(&json!({ "removed": tidy()? })),
            other => Err(no_job(other)),
        }
    }
}

/// Forgets the counts of terms that are no longer stored: how many there were.
fn tidy() -> Result<usize> {
    let stored: BTreeSet<String> = knowledge::all(TERM)
        .map(|bundle| Ok(bundle?.rid.reference().to_owned()))
        .collect::<Result<_>>()?;
    let counts = Counts::open()?;
    let mut gone = counts.terms()?;
    gone.retain(|term| !stored.contains(&term.print()));
    counts.forget(&gone)?;
    Ok(gone.len())
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;

    use super::*;
    use crate::reference::TermReference;

    #[test]
    fn counts_of_terms_that_are_gone_are_forgotten() {
        let node = Node::fresh();
        let [kept, gone] =
            ["kept", "gone"].map(|name| TermReference::to_term("koi", name).unwrap());
        node.store(
            &kept.rid().unwrap(),
            &json!({ "term": "kept", "meaning": "M" }),
        );
        let counts = Counts::open().unwrap();
        for term in [&kept, &gone, &gone] {
            counts.add_one(term).unwrap();
        }
        let run = || Glossary::run_job(TIDY, &JobRun::asked()).unwrap();
        assert_eq!(run().as_str(), r#"{"removed":1}"#);
        assert_eq!(counts.terms().unwrap(), [kept]);
        assert_eq!(run().as_str(), r#"{"removed":0}"#);
        assert!(Glossary::run_job("other", &JobRun::asked()).is_err());
    }
}
