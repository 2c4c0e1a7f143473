//! The terms that were looked up most.

use std::cmp::Reverse;

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::counts::Counts;
use crate::name::Name;

#[derive(Serialize, JsonSchema)]
pub struct Popular {
    terms: Vec<Counted>,
}

#[derive(Serialize, JsonSchema)]
struct Counted {
    name: String,
    count: i64,
}

/// Lists the terms that were looked up most
#[tool(read_only)]
pub fn popular_terms(
    /// Its vocabulary
    vocabulary: String,
    /// At most so many
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
) -> Result<Popular> {
    let mut terms = Counts::open()?.of(&Name::of(&vocabulary)?)?;
    terms.sort_by(|(name, count), (other, others)| {
        (Reverse(count), name).cmp(&(Reverse(others), other))
    });
    terms.truncate(limit.unwrap_or(10));
    let counted = |(name, count): (Name, i64)| Counted {
        name: name.to_string(),
        count,
    };
    Ok(Popular {
        terms: terms.into_iter().map(counted).collect(),
    })
}
