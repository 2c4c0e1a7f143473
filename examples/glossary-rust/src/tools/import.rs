//! Defining many terms at once, as version 1.

use koi_extension::caller;
use koi_extension::http::Request;
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::reference::TermReference;

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Definition {
    /// The term
    term: String,
    /// What it means
    meaning: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Imported {
    imported: i64,
}

/// Defines many terms
#[tool]
pub fn import_terms(
    /// Its vocabulary
    vocabulary: String,
    /// What to define
    #[schemars(length(min = 1, max = 100))]
    terms: Vec<Definition>,
) -> Result<Imported> {
    let total = terms.len() as f64;
    publish(&vocabulary, &terms, |done, definition| {
        caller::progress(done as f64, Some(total), Some(&definition.term));
    })
}

/// Defines the terms that a server lists
#[tool(open_world)]
pub fn import_from(
    /// Its vocabulary
    vocabulary: String,
    /// Where the list is: JSON, an array of term and meaning
    url: String,
) -> Result<Imported> {
    // Nobody is asked for terms of a vocabulary that cannot be.
    Name::of(&vocabulary)?;
    let response = Request::get(&url).send()?;
    match response.status {
        200 => {}
        status => {
            let message = format!("{url} answered with status {status}");
            return Err(match status {
                429 | 500..=599 => Error::transient(message),
                _ => Error::permanent(message),
            });
        }
    }
    let terms: Vec<Definition> = response
        .json()
        .map_err(|_| Error::permanent(format!("{url} has no list of terms")))?;
    publish(&vocabulary, &terms, |_, _| {})
}

/// Publishes one after the other, and tells how many that makes after each.
fn publish(
    vocabulary: &str,
    terms: &[Definition],
    published: impl Fn(i64, &Definition),
) -> Result<Imported> {
    let mut imported = 0;
    for definition in terms {
        let rid = TermReference::to_term(vocabulary, &definition.term)?.rid()?;
        knowledge::publish(&rid, definition)?;
        imported += 1;
        published(imported, definition);
    }
    Ok(Imported { imported })
}
