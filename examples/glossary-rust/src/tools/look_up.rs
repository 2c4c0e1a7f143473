//! Telling what a term means.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::contents::{TermV2, V2};
use crate::counts::Counts;
use crate::reference::TermReference;

#[derive(Serialize, JsonSchema)]
pub struct Found {
    pub term: String,
    pub meanings: Vec<String>,
    tags: Vec<String>,
}

/// Tells what a term means
#[tool(read_only)]
pub fn look_up_term(
    /// Its vocabulary
    vocabulary: String,
    /// The term
    term: String,
) -> Result<Found> {
    let reference = TermReference::to_term(&vocabulary, &term)?;
    let found = find(&reference)?;
    Counts::open()?.add_one(&reference)?;
    Ok(found)
}

/// What is stored of a term, in whatever version.
///
/// # Errors
/// `invalid-input` if there is nothing.
pub fn find(reference: &TermReference) -> Result<Found> {
    let bundle = knowledge::read_as(&reference.rid()?, V2)?.ok_or_else(|| reference.missing())?;
    let TermV2 {
        term,
        meanings,
        tags,
        ..
    } = bundle.contents_as()?;
    Ok(Found {
        term,
        meanings,
        tags: tags.unwrap_or_default(),
    })
}
