//! What rows there are, and what is in them.
//!
//! Kinds and columns are named as in the file. A kind comes after those that its rows belong to.

use koi_rid::Contents;

use super::values::{Cell, Holds};
use crate::Role;
use crate::extensions::digest;

/// Says what is wrong with the cells of a row.
pub(crate) type Check = fn(&[Cell]) -> Result<(), String>;

/// Rows of one kind.
pub(crate) struct Kind {
    /// What the file calls them.
    pub(crate) name: &'static str,
    /// The table that they are in, with columns of the same names.
    pub(crate) table: &'static str,
    /// Those that tell the rows apart and give them their order come first.
    pub(crate) columns: &'static [Column],
    /// How many those are.
    pub(crate) key: usize,
    /// What has to hold of a row as a whole; else why it does not.
    pub(crate) check: Option<Check>,
}

/// One column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    /// Whether there may be nothing in it.
    pub(crate) is_optional: bool,
}

impl Kind {
    /// The columns for a statement.
    pub(crate) fn column_list(&self) -> String {
        names(self.columns)
    }

    /// The columns that give the order, for a statement.
    pub(crate) fn key_list(&self) -> String {
        names(self.columns.get(..self.key).unwrap_or_default())
    }
}

fn names(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    names.join(", ")
}

const fn has(name: &'static str, holds: Holds) -> Column {
    Column {
        name,
        holds,
        is_optional: false,
    }
}

const fn may(name: &'static str, holds: Holds) -> Column {
    Column {
        name,
        holds,
        is_optional: true,
    }
}

/// All of them, in the order of the file.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "component",
        table: "component",
        columns: &[has("digest", Holds::Text), has("bytes", Holds::Bytes)],
        key: 1,
        check: Some(component),
    },
    Kind {
        name: "revision",
        table: "revision",
        columns: &[
            has("extension", Holds::Text),
            has("revision", Holds::Number),
            has("digest", Holds::Text),
            has("version", Holds::Text),
            has("description", Holds::Text),
            has("grants", Holds::Text),
            has("settings", Holds::Text),
            has("tool_prefix", Holds::Text),
            has("source", Holds::Text),
            has("installed_at", Holds::Timestamp),
            has("installed_by", Holds::Text),
            may("publisher", Holds::Text),
            has("pinned", Holds::Number),
            may("deprecated", Holds::Text),
            may("served_at", Holds::Timestamp),
        ],
        key: 2,
        check: None,
    },
    Kind {
        name: "active-revision",
        table: "active_revision",
        columns: &[
            has("extension", Holds::Text),
            has("revision", Holds::Number),
            has("role", Holds::Text),
            may("share", Holds::Number),
        ],
        key: 2,
        check: Some(activation),
    },
    Kind {
        name: "key-value",
        table: "key_value",
        columns: &[
            has("id", Holds::Id),
            has("extension", Holds::Text),
            has("bucket", Holds::Text),
            has("key", Holds::Text),
            has("value", Holds::Bytes),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "saved-state",
        table: "saved_state",
        columns: &[
            has("extension", Holds::Text),
            has("revision", Holds::Number),
            has("saved_at", Holds::Timestamp),
            has("state", Holds::Bytes),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "bundle",
        table: "bundle",
        columns: &[
            has("rid", Holds::Rid),
            has("timestamp", Holds::Timestamp),
            has("sha256_hash", Holds::Text),
            may("extras", Holds::Extras),
            has("contents", Holds::Contents),
            may("writer_extension", Holds::Text),
            may("writer_revision", Holds::Number),
            may("writer_digest", Holds::Text),
            may("source", Holds::Rid),
        ],
        key: 1,
        check: Some(bundle),
    },
    Kind {
        name: "inbox",
        table: "inbox",
        columns: &[
            has("id", Holds::Id),
            has("arrived_as", Holds::Arrival),
            has("rid", Holds::Rid),
            may("manifest_rid", Holds::Rid),
            may("timestamp", Holds::Timestamp),
            may("sha256_hash", Holds::Text),
            may("extras", Holds::Extras),
            may("contents", Holds::Contents),
            may("source", Holds::Rid),
            may("writer_extension", Holds::Text),
            may("writer_revision", Holds::Number),
            may("writer_digest", Holds::Text),
            may("cause", Holds::Rid),
            has("depth", Holds::Count),
            has("correlation", Holds::Text),
            has("attempts", Holds::Count),
            has("due", Holds::Timestamp),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "outbox",
        table: "outbox",
        columns: &[
            has("id", Holds::Id),
            has("peer", Holds::Rid),
            has("event_type", Holds::EventType),
            has("rid", Holds::Rid),
            may("manifest_rid", Holds::Rid),
            may("timestamp", Holds::Timestamp),
            may("sha256_hash", Holds::Text),
            may("extras", Holds::Extras),
            may("contents", Holds::Contents),
            has("version", Holds::Count),
            has("attempts", Holds::Count),
            has("given", Holds::Count),
            has("at", Holds::Micros),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "dead-letter",
        table: "dead_letter",
        columns: &[
            has("id", Holds::Id),
            has("phase", Holds::Text),
            may("extension", Holds::Text),
            has("reason", Holds::Text),
            has("kind", Holds::Text),
            has("at", Holds::Timestamp),
            may("peer", Holds::Rid),
            has("times", Holds::Count),
            has("arrived_as", Holds::Arrival),
            has("rid", Holds::Rid),
            may("manifest_rid", Holds::Rid),
            may("timestamp", Holds::Timestamp),
            may("sha256_hash", Holds::Text),
            may("extras", Holds::Extras),
            may("contents", Holds::Contents),
            may("source", Holds::Rid),
            may("writer_extension", Holds::Text),
            may("writer_revision", Holds::Number),
            may("writer_digest", Holds::Text),
            may("cause", Holds::Rid),
            has("depth", Holds::Count),
            has("correlation", Holds::Text),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "job-run",
        table: "job_run",
        columns: &[
            has("id", Holds::Id),
            has("extension", Holds::Text),
            has("job", Holds::Text),
            may("due", Holds::Micros),
            has("times", Holds::Count),
            has("started", Holds::Micros),
            may("ended", Holds::Micros),
            has("outcome", Holds::Text),
            has("attempts", Holds::Count),
            may("reason", Holds::Text),
            may("result", Holds::Text),
            has("correlation", Holds::Text),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "mcp-session",
        table: "mcp_session",
        columns: &[
            has("id", Holds::Text),
            may("principal", Holds::Text),
            has("endpoint", Holds::Text),
            has("initialize", Holds::Text),
            may("log_level", Holds::Text),
            has("last_used", Holds::Micros),
        ],
        key: 1,
        check: None,
    },
    Kind {
        name: "mcp-subscription",
        table: "mcp_subscription",
        columns: &[has("session", Holds::Text), has("uri", Holds::Text)],
        key: 2,
        check: None,
    },
    Kind {
        name: "audit",
        table: "audit",
        columns: &[
            has("id", Holds::Id),
            has("at", Holds::Timestamp),
            has("who", Holds::Text),
            has("action", Holds::Text),
            may("extension", Holds::Text),
            may("before", Holds::Text),
            may("after", Holds::Text),
        ],
        key: 1,
        check: None,
    },
];

fn component(cells: &[Cell]) -> Result<(), String> {
    let [Cell::Text(named), Cell::Bytes(bytes)] = cells else {
        return Ok(());
    };
    if digest(bytes) != *named {
        return Err("its bytes have another digest".to_owned());
    }
    Ok(())
}

fn activation(cells: &[Cell]) -> Result<(), String> {
    let [_, _, Cell::Text(role), share] = cells else {
        return Ok(());
    };
    let share = match share {
        Cell::Number(share) => Some(*share),
        _ => None,
    };
    Role::of(role, share).map(drop)
}

fn bundle(cells: &[Cell]) -> Result<(), String> {
    let [_, _, Cell::Text(named), _, Cell::Text(contents), ..] = cells else {
        return Ok(());
    };
    let contents = Contents::parse(contents).map_err(|error| error.to_string())?;
    if contents.hash() != *named {
        return Err("its contents have another hash".to_owned());
    }
    Ok(())
}
