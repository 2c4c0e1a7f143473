//! Reading what was fetched.

use koi_extension::knowledge::{Order, Query};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Feed;
use crate::entry::{ENTRY, FeedEntry};

/// Most pages that are read for an answer: a filter may find little on each.
const MAX_PAGES: usize = 5;

/// Which entries.
#[derive(Debug, Deserialize, JsonSchema)]
struct NewestEntries {
    /// Only those of the feed of this name.
    feed: Option<String>,
    /// Only those with this in their title.
    title: Option<String>,
    /// At most so many, 20 if left out.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// Entries, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct Entries {
    entries: Vec<Found>,
}

/// An entry.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    rid: Rid,
    #[serde(flatten)]
    entry: FeedEntry,
}

impl Tools for Feed {
    fn toolbox() -> Toolbox {
        let newest = Tool::new(
            "newest_entries",
            "Lists the entries of feeds that came in last, the newest first",
        );
        Toolbox::new().tool(newest.read_only(), newest_entries)
    }
}

fn newest_entries(wanted: NewestEntries) -> Result<Entries> {
    let limit = wanted.limit.unwrap_or(20).clamp(1, 100);
    let feed = wanted.feed.map(|feed| json!({"path": "/feed", "eq": feed}));
    let title = wanted
        .title
        .map(|title| json!({"path": "/title", "contains": title}));
    let filters: Vec<_> = feed.into_iter().chain(title).collect();
    let mut query = Query {
        filter: (!filters.is_empty()).then(|| json!({ "all": filters })),
        order: Some(Order::TimestampDescending),
        limit: Some(limit),
        cursor: None,
    };
    let mut entries = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = knowledge::query(ENTRY, &query)?;
        for bundle in page.bundles {
            let entry = bundle.contents_as()?;
            entries.push(Found {
                rid: bundle.rid,
                entry,
            });
        }
        query.cursor = page.next;
        if entries.len() >= limit as usize || query.cursor.is_none() {
            break;
        }
    }
    entries.truncate(limit as usize);
    Ok(Entries { entries })
}
