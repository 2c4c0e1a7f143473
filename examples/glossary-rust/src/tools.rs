//! The glossary as tools.

mod define;
mod import;
pub mod look_up;
mod popular;
mod retire;

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Glossary;
use crate::name::Name;
use define::define_term;
use import::{import_from, import_terms};
use look_up::look_up_term;
use popular::popular_terms;
use retire::retire_term;

impl Tools for Glossary {
    fn toolbox() -> Toolbox {
        Toolbox::new()
            .with::<name_of_term>()
            .with::<define_term>()
            .with::<look_up_term>()
            .with::<import_terms>()
            .with::<import_from>()
            .with::<retire_term>()
            .with::<popular_terms>()
    }
}

#[derive(Serialize, JsonSchema)]
struct Named {
    name: String,
}

/// Tells under which name a term is kept
#[tool(read_only)]
fn name_of_term(
    /// The term
    term: String,
) -> Result<Named> {
    let name = Name::of(&term)?.to_string();
    Ok(Named { name })
}

#[cfg(test)]
mod tests;
