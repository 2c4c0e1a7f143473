//! All agents that the node knows, each by the newest version of its personality.

use std::collections::BTreeMap;

use koi_extension::log;
use koi_extension::prelude::*;

use crate::profile::PersonalityProfile;
use crate::reference::{PERSONALITY, Personality};
use crate::version;

/// The newest version of an agent's personality.
pub struct Agent {
    /// Which of its versions it is.
    pub version: String,
    /// Its profile, as it was published.
    pub bundle: Bundle,
}

impl Agent {
    /// The profile; none, and a line in the log, if it was stored without ever being checked.
    pub fn profile(&self) -> Option<PersonalityProfile> {
        self.bundle
            .contents_as()
            .inspect_err(|error| log!(Warn, "a personality is left out: {error}"))
            .ok()
    }
}

/// The agents with a wanted name, by their names.
///
/// # Errors
/// `denied` without a grant to read personalities.
pub fn newest(wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Agent>> {
    let mut agents: BTreeMap<String, Agent> = BTreeMap::new();
    for bundle in knowledge::all(PERSONALITY) {
        let bundle = bundle?;
        // References were checked on their way in, unless they came before this extension.
        let Ok(Personality { name, version }) = Personality::of(&bundle.rid) else {
            continue;
        };
        let newer = |known: &Agent| version::compare(&version, &known.version).is_gt();
        if wanted(&name) && agents.get(&name).is_none_or(newer) {
            agents.insert(name, Agent { version, bundle });
        }
    }
    Ok(agents)
}

/// All agents for a list; none without a grant to read personalities, since there is nothing that
/// could be listed then.
///
/// # Errors
/// If they cannot be read for another reason.
pub fn listed() -> Result<BTreeMap<String, Agent>> {
    match newest(|_| true) {
        Err(error) if error.kind == koi_extension::ErrorKind::Denied => {
            log!(Warn, "no agents are listed: {error}");
            Ok(BTreeMap::new())
        }
        agents => agents,
    }
}
