//! Saying what a term means.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::contents::TermV2;
use crate::reference::TermReference;

#[derive(Serialize, JsonSchema)]
pub struct Defined {
    rid: String,
    new: bool,
}

/// Says what a term means, for everybody on the network
#[tool]
pub fn define_term(
    /// Its vocabulary
    vocabulary: String,
    /// The term
    term: String,
    /// What it means
    #[schemars(length(min = 1, max = 32))]
    meanings: Vec<String>,
    /// Tags
    tags: Option<Vec<String>>,
) -> Result<Defined> {
    let rid = TermReference::to_term(&vocabulary, &term)?.rid()?;
    let new = knowledge::read(&rid)?.is_none();
    let tags = tags.unwrap_or_default();
    knowledge::publish(&rid, &TermV2::new(term, meanings, tags))?;
    let rid = rid.to_string();
    Ok(Defined { rid, new })
}
