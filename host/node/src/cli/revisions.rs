//! What `koi-mcp extension` does with revisions.

use std::path::PathBuf;

use clap::Subcommand;

/// `koi-mcp extension …`, of revisions.
#[derive(Debug, Subcommand)]
pub enum RevisionCommand {
    /// List the revisions of an extension that are kept: the ten newest, those that are active, and the pinned ones
    Revisions {
        /// Its name
        name: String,
    },
    /// Show all that there is to know of a revision
    Inspect {
        /// The extension's name
        name: String,
        /// The revision's number; left out: the one that serves
        revision: Option<u64>,
    },
    /// Show what differs between two revisions, or between what serves and a component that is not installed
    Diff {
        /// The extension's name; with --file, what the component is called that does not say it by the contract
        #[arg(required_unless_present = "file")]
        name: Option<String>,
        /// The first revision's number
        #[arg(required_unless_present = "file", conflicts_with = "file")]
        from: Option<u64>,
        /// The second one's; left out: the one that serves
        to: Option<u64>,
        /// Compare what serves with this component, a .wasm file
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Have an earlier revision serve again, with the grants and settings that it had
    Revert {
        /// The extension's name
        name: String,
        /// The revision's number; left out: the newest before the one that serves that has served and is not
        /// deprecated
        #[arg(long, value_name = "N")]
        to: Option<u64>,
    },
    /// Have the held revision serve, which asks for more than the one before
    Approve {
        /// The extension's name
        name: String,
        /// A right to grant it on top of those that it has, as with `install --grant`. Repeat for more
        #[arg(long = "grant", value_name = "GRANT")]
        grants: Vec<String>,
        /// Grant all that it asks for
        #[arg(long, conflicts_with = "grants")]
        grant_asked: bool,
    },
    /// No longer hold the held revision; the one before goes on serving
    Reject {
        /// The extension's name
        name: String,
    },
    /// Keep a revision, however old it gets
    Pin {
        /// The extension's name
        name: String,
        /// The revision's number
        revision: u64,
    },
    /// No longer keep a revision for ever
    Unpin {
        /// The extension's name
        name: String,
        /// The revision's number
        revision: u64,
    },
    /// Say that a revision is not to be used any more: `list` and the log tell if it serves, and `revert` passes
    /// it over
    Deprecate {
        /// The extension's name
        name: String,
        /// The revision's number
        revision: u64,
        /// Why, for a person
        #[arg(long, default_value = "deprecated by the operator")]
        reason: String,
        /// Say that it may be used again
        #[arg(long, conflicts_with = "reason")]
        undo: bool,
    },
}
