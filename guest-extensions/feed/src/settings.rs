//! Which feeds the operator wants.

use koi_extension::{Error, Result, config};
use schemars::JsonSchema;
use serde::Deserialize;

/// How often a feed is fetched if that is not said, in minutes.
const MINUTES: u64 = 15;

/// The settings of the extension.
#[derive(Debug, Default, JsonSchema)]
#[expect(
    dead_code,
    reason = "only its schema is used: settings are read one by one"
)]
pub struct Settings {
    /// The feeds to fetch.
    #[schemars(length(max = 64))]
    pub feeds: Option<Vec<Subscription>>,
}

/// A feed to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Subscription {
    /// What stands in the RIDs of its entries.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,31}$"))]
    pub name: String,
    /// Where it is.
    #[schemars(length(max = 2048), regex(pattern = "^https?://"))]
    pub url: String,
    /// How often it is fetched.
    #[serde(default = "minutes")]
    #[schemars(range(min = 1, max = 10080))]
    pub minutes: u64,
}

fn minutes() -> u64 {
    MINUTES
}

/// The feeds of now; of two with one name the first.
///
/// # Errors
/// `permanent` if the settings cannot be read.
pub fn subscriptions() -> Result<Vec<Subscription>> {
    let Some(text) = config::get("feeds")? else {
        return Ok(Vec::new());
    };
    let mut feeds: Vec<Subscription> = serde_json::from_str(&text).map_err(|error| {
        Error::permanent(format!(
            "the setting `feeds` has to be an array of feeds, each with `name` and `url`: {error}"
        ))
    })?;
    let mut seen = std::collections::BTreeSet::new();
    feeds.retain(|feed| seen.insert(feed.name.clone()));
    Ok(feeds)
}
