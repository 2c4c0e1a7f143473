//! All agents that the node knows, each by the newest version of its personality.

use std::collections::BTreeMap;

use koi_extension::log;
use koi_extension::prelude::*;

use crate::profile::PersonalityProfile;
use crate::reference::{PERSONALITY, Personality};
use crate::version;

/// The newest version of an agent's personality. Profiles are long, and there are as many as others
/// like to publish: so only one is held at a time.
pub struct Agent {
    /// Which of its versions it is.
    pub version: String,
    /// Under which RID its profile was published.
    pub rid: Rid,
}

impl Agent {
    /// The profile as it was published; none if it was forgotten since.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn bundle(&self) -> Result<Option<Bundle>> {
        knowledge::read(&self.rid)
    }

    /// The profile; none if it was forgotten since, or, with a line in the log, if it was stored
    /// without ever being checked.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn profile(&self) -> Result<Option<PersonalityProfile>> {
        let Some(bundle) = self.bundle()? else {
            return Ok(None);
        };
        let profile = bundle.contents_as();
        Ok(profile
            .inspect_err(|error| log!(Warn, "a personality is left out: {error}"))
            .ok())
    }
}

/// The agents with a wanted name, by their names.
///
/// # Errors
/// `denied` without a grant to read personalities.
pub fn newest(wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Agent>> {
    let mut agents: BTreeMap<String, Agent> = BTreeMap::new();
    for bundle in knowledge::all(PERSONALITY) {
        let rid = bundle?.rid;
        // References were checked on their way in, unless they came before this extension.
        let Ok(Personality { name, version }) = Personality::of(&rid) else {
            continue;
        };
        let newer = |known: &Agent| version::compare(&version, &known.version).is_gt();
        if wanted(&name) && agents.get(&name).is_none_or(newer) {
            agents.insert(name, Agent { version, rid });
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
