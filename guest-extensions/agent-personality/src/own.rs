//! This node's own personality.

use std::time::Duration;

use koi_extension::prelude::*;
use koi_extension::{log, network};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::profile::PersonalityProfile;
use crate::reference::Personality;
use crate::settings::{self, Settings};
use crate::traits;

const DEFAULT_VERSION: &str = "1.0";

/// So often a change is made when others keep overtaking it.
const MAX_TRIES: u32 = 3;

/// So long a change is awaited, so that whoever asked for it reads it from then on.
const AWAITED: Duration = Duration::from_secs(1);

/// The name of this node's own personality: from the settings, else the node's.
///
/// # Errors
/// `permanent` if settings cannot be read.
pub fn name() -> Result<String> {
    match settings::name()? {
        Some(name) => Ok(name),
        None => node_name(),
    }
}

fn node_name() -> Result<String> {
    let node = network::this_node()?;
    Ok(node
        .reference()
        .split('+')
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The name and version of this node's own personality.
///
/// # Errors
/// `permanent` if settings cannot be read; `invalid-input` if the two make no personality.
pub fn identity(settings: &Settings) -> Result<Personality> {
    let name = settings.name.clone().map_or_else(node_name, Ok)?;
    let version = settings.version.as_deref().unwrap_or(DEFAULT_VERSION);
    Personality::parse(&format!("{name}/{version}")).map_err(|error| Error {
        message: format!(
            "set `name` and `version` of this extension: {}",
            error.message
        ),
        ..error
    })
}

/// Publishes the traits that the settings name, unless the personality has them already.
///
/// # Errors
/// `invalid-input` if the settings make no personality, `transient` if it could not be published.
pub fn publish_settings() -> Result<()> {
    // Without this grant the name of the node, which the profile tells, cannot be asked for: that
    // would end the call instead of giving an error.
    if let Err(error) = network::neighbours() {
        log!(
            Warn,
            "this node's own personality is not looked after: {error}"
        );
        return Ok(());
    }
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(error) => {
            log!(
                Warn,
                "this node's own personality is not looked after: {error}"
            );
            return Ok(());
        }
    };
    let Some(traits) = settings.traits.clone() else {
        return Ok(());
    };
    match publish(&settings, traits, &[]) {
        Err(error) if error.kind == koi_extension::ErrorKind::Denied => {
            log!(
                Warn,
                "this node's own personality is not published: {error}"
            );
            Ok(())
        }
        published => published.map(drop),
    }
}

/// Changes to this node's own personality.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TraitChanges {
    /// Traits to set, by name: each a value, or an object with `value`, `is_callable`,
    /// `description`, `type`, of which those left out stay as they are.
    #[serde(default)]
    pub traits: Map<String, Value>,
    /// Names of traits to remove.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// This node's own personality after a change.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    rid: Rid,
    /// RFC 3339, UTC.
    timestamp: String,
    sha256_hash: String,
    /// Whether it is what everybody reads by now; if not, it still waits to be processed.
    stored: bool,
    /// The names of all its traits.
    traits: Vec<String>,
}

/// Changes this node's own personality, which is made if there is none, and publishes it.
///
/// # Errors
/// `invalid-input` says what is wrong with the changes, `denied` which grant is missing.
pub fn update_traits(changes: TraitChanges) -> Result<Changed> {
    if changes.traits.is_empty() && changes.remove.is_empty() {
        return Err(Error::invalid_input(
            "there is nothing to change: give `traits` to set or names to `remove`",
        ));
    }
    let settings = Settings::read()?;
    let mut tries = 0;
    loop {
        let (profile, publication) = publish(&settings, changes.traits.clone(), &changes.remove)?;
        let stored = knowledge::stored_within(&publication, AWAITED)?;
        tries += 1;
        // Two changes at the same time begin with the same profile, and the later one takes the
        // place of the other: then what is stored by now does not have this change.
        if !stored && tries < MAX_TRIES && was_overtaken(&publication)? {
            continue;
        }
        return Ok(Changed {
            stored,
            traits: profile.traits.into_iter().map(|known| known.name).collect(),
            rid: publication.rid,
            timestamp: publication.timestamp,
            sha256_hash: publication.sha256_hash,
        });
    }
}

/// Whether something newer than a publication took its place.
fn was_overtaken(publication: &Publication) -> Result<bool> {
    let stored = knowledge::read(&publication.rid)?;
    Ok(stored.is_some_and(|now| {
        now.sha256_hash != publication.sha256_hash && now.timestamp >= publication.timestamp
    }))
}

/// Publishes what the changes make of the stored personality, unless they make no difference.
fn publish(
    settings: &Settings,
    set: Map<String, Value>,
    remove: &[String],
) -> Result<(PersonalityProfile, Publication)> {
    let own = identity(settings)?;
    let rid = own.rid()?;
    let stored = knowledge::read(&rid)?;
    let before: Option<PersonalityProfile> =
        stored.as_ref().map(Bundle::contents_as).transpose()?;
    let mut profile = before
        .clone()
        .unwrap_or_else(|| PersonalityProfile::new(&rid));
    profile.node_rid = Some(network::this_node()?.to_string());
    for (given, member) in [
        (&settings.base_url, &mut profile.base_url),
        (&settings.mcp_url, &mut profile.mcp_url),
    ] {
        if given.is_some() {
            member.clone_from(given);
        }
    }
    profile.traits.retain(|known| !remove.contains(&known.name));
    for (name, given) in set {
        traits::set(&mut profile, &own.name, &name, given)?;
    }
    let publication = match stored {
        Some(stored) if before.as_ref() == Some(&profile) => Publication {
            rid,
            timestamp: stored.timestamp,
            sha256_hash: stored.sha256_hash,
        },
        _ => knowledge::publish(&rid, &profile)?,
    };
    Ok((profile, publication))
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::json;

    use super::*;

    const OWN: &str = "orn:agent.personality:ada/2.0";

    fn node() -> Node {
        let node = Node::fresh();
        node.set_config("name", "ada");
        node.set_config("version", "2.0");
        node
    }

    fn stored(node: &Node, rid: &str) -> PersonalityProfile {
        node.stored(&Rid::parse(rid).unwrap())
            .unwrap()
            .to()
            .unwrap()
    }

    fn values(profile: &PersonalityProfile) -> Value {
        profile
            .traits
            .iter()
            .map(|known| (known.name.clone(), known.value.clone()))
            .collect()
    }

    fn update(changes: Value) -> Result<Changed> {
        update_traits(serde_json::from_value(changes).unwrap())
    }

    #[test]
    fn the_first_change_makes_the_personality_and_later_ones_change_it() {
        let node = node();
        node.set_config("mcp_url", "http://127.0.0.1:9000/mcp");
        update(json!({ "traits": { "mood": "curious", "style": "terse" } })).unwrap();
        let changed =
            update(json!({ "traits": { "mood": "calm" }, "remove": ["style", "none"] })).unwrap();
        assert_eq!(changed.traits, ["mood"]);
        assert!(changed.stored);
        let profile = stored(&node, OWN);
        assert_eq!(values(&profile), json!({ "mood": "calm" }));
        assert_eq!(profile.rid, OWN);
        assert_eq!(profile.node_rid.as_deref(), Some("orn:koi-net.node:test+0"));
        assert_eq!(
            profile.mcp_url.as_deref(),
            Some("http://127.0.0.1:9000/mcp")
        );
    }

    #[test]
    fn without_a_name_in_the_settings_the_personality_has_the_nodes() {
        let node = Node::fresh();
        assert_eq!(name().unwrap(), "test");
        update(json!({ "traits": { "mood": "calm" } })).unwrap();
        stored(&node, "orn:agent.personality:test/1.0");
    }

    #[test]
    fn the_settings_traits_are_published_at_start_and_others_left_alone() {
        let node = node();
        node.set_config(
            "traits",
            r#"{"mood":"helpful","calculate":{"description":"Adds","is_callable":true}}"#,
        );
        publish_settings().unwrap();
        update(json!({ "traits": { "mood": "tired", "style": "terse" } })).unwrap();
        publish_settings().unwrap();
        assert_eq!(
            values(&stored(&node, OWN)),
            json!({ "mood": "helpful", "calculate": null, "style": "terse" })
        );
    }

    #[test]
    fn a_change_that_another_took_the_place_of_is_noticed() {
        let _node = node();
        let publication =
            knowledge::publish(&Rid::parse(OWN).unwrap(), &json!({ "n": 1 })).unwrap();
        assert!(!was_overtaken(&publication).unwrap());
        let other = Publication {
            sha256_hash: "1".repeat(64),
            ..publication.clone()
        };
        assert!(was_overtaken(&other).unwrap());
        // One that is not processed yet stands behind an older one.
        let later = Publication {
            timestamp: "2026-01-01T00:00:01.000000Z".into(),
            ..other
        };
        assert!(!was_overtaken(&later).unwrap());
    }

    #[test]
    fn without_traits_in_the_settings_nothing_is_published_at_start() {
        let node = node();
        publish_settings().unwrap();
        assert_eq!(node.stored(&Rid::parse(OWN).unwrap()), None);
    }

    #[test]
    fn members_that_this_extension_does_not_know_stay() {
        let node = node();
        let rid = Rid::parse(OWN).unwrap();
        node.store(
            &rid,
            &json!({ "rid": OWN, "traits": [], "motto": "be kind" }),
        );
        update(json!({ "traits": { "mood": "calm" } })).unwrap();
        let contents: Value = node.stored(&rid).unwrap().to().unwrap();
        assert_eq!(contents["motto"], "be kind");
    }

    #[test]
    fn a_change_of_nothing_and_a_name_that_is_none_are_invalid_input() {
        let node = node();
        let refused = |changes: Value| update(changes).unwrap_err().kind;
        assert_eq!(refused(json!({})), koi_extension::ErrorKind::InvalidInput);
        node.set_config("name", "a/b");
        assert_eq!(
            refused(json!({ "traits": { "mood": "calm" } })),
            koi_extension::ErrorKind::InvalidInput
        );
    }
}
