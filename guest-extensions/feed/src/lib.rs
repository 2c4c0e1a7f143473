//! A sensor: brings the entries of RSS and Atom feeds in as knowledge, `orn:feed.entry:<feed>/<id>`.
//!
//! What it promises: an entry is published when it is new or other than what is stored, and not
//! otherwise; a server is asked no more often than its feed's setting says, and with what it said of
//! its last answer, so that it need not send the same again; a feed that is broken, slow or gone holds
//! up no other and is told of in the job's history and the log. All that a feed says is bounded.

mod date;
mod document;
mod entry;
mod fetch;
mod job;
mod settings;
mod state;
mod tools;

use koi_extension::prelude::*;

use entry::{ENTRY, FeedEntry};
use settings::Settings;

/// The extension.
struct Feed;

/// Feeds may be anywhere; those on this machine and in private networks are reached where a grant names
/// them.
const HOSTS: [&str; 2] = ["GET:http://*:*", "GET:https://*:*"];

/// Longest time of a run, in milliseconds: all feeds one after another.
const WALL: u64 = 300_000;

impl Extension for Feed {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(
                RidType::new(ENTRY)
                    .title("Feed entry")
                    .description("An entry of an RSS or Atom feed")
                    .contents::<FeedEntry>(),
            )
            .job(
                Job::every(job::FETCH, 60)
                    .title("Fetch feeds")
                    .description("Fetches each feed whose time has come")
                    .jitter(20),
            )
            .config_schema::<Settings>()
            .uses([Capability::Config, Capability::Keyvalue])
            .requests(HOSTS)
            .reads([ENTRY])
            .publishes([ENTRY])
            .limit(Limit::Wall, WALL)
    }
}

koi_extension::export!(Feed: Schedule, Tools);
