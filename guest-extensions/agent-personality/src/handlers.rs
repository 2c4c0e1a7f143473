//! Personalities on their way through the pipeline. Each event costs a call for each phase, so
//! that the host is asked only for what decides.

use std::borrow::Cow;

use koi_extension::network;
use koi_extension::prelude::*;
use serde::Deserialize;

use crate::{AgentPersonality, own};

impl Handlers for AgentPersonality {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        match object.phase {
            Phase::Rid => keep_own(&object),
            Phase::Bundle => check_name(&object),
            Phase::Network => tell_all_neighbours(object),
            _ => Ok(Outcome::Unchanged),
        }
    }
}

/// Nobody outside changes any version of this node's own personality.
fn keep_own(object: &KnowledgeObject) -> Result<Outcome> {
    match &object.source {
        Some(source) if is_own(&object.rid)? => Ok(Outcome::stop(format!(
            "{} is this node's own personality, which {source} cannot change",
            object.rid
        ))),
        _ => Ok(Outcome::Unchanged),
    }
}

/// The part of a profile that its schema cannot check.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    rid: Cow<'a, str>,
}

/// A profile names the RID under which it is published.
fn check_name(object: &KnowledgeObject) -> Result<Outcome> {
    let contents = object.contents.as_ref().map_or("", Json::as_str);
    let named: Named<'_> = serde_json::from_str(contents).map_err(|error| {
        Error::invalid_input(format!(
            "the profile of {} cannot be read: {error}",
            object.rid
        ))
    })?;
    if named.rid == object.rid.as_str() {
        Ok(Outcome::Unchanged)
    } else {
        Err(Error::invalid_input(format!(
            "the profile under {} says that it is that of `{}`",
            object.rid, named.rid
        )))
    }
}

/// Those who subscribe are told by the host; of this node's own personality all neighbours hear.
fn tell_all_neighbours(mut object: KnowledgeObject) -> Result<Outcome> {
    if object.source.is_some() || !is_own(&object.rid)? {
        return Ok(Outcome::Unchanged);
    }
    let before = object.network_targets.len();
    for neighbour in network::neighbours()? {
        if !object.network_targets.contains(&neighbour.rid) {
            object.network_targets.push(neighbour.rid);
        }
    }
    if object.network_targets.len() == before {
        return Ok(Outcome::Unchanged);
    }
    Ok(Replacement::network_targets(object.network_targets).into())
}

fn is_own(rid: &Rid) -> Result<bool> {
    let agent = rid.reference().split('/').next();
    Ok(agent == Some(own::name()?.as_str()))
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;

    use super::*;

    const OWN: &str = "orn:agent.personality:test/1.0";
    const BOB: &str = "orn:agent.personality:bob/1.0";

    fn rid(text: &str) -> Rid {
        Rid::parse(text).unwrap()
    }

    fn object(text: &str, phase: Phase) -> KnowledgeObject {
        KnowledgeObject::new(rid(text), phase)
    }

    fn from_outside(mut object: KnowledgeObject) -> KnowledgeObject {
        object.source = Some(rid("orn:koi-net.node:mallory+1"));
        object
    }

    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        AgentPersonality::handle(object)
    }

    #[test]
    fn nobody_outside_changes_any_version_of_our_own_personality() {
        Node::fresh();
        for own in [OWN, "orn:agent.personality:test/2.0"] {
            let outcome = handle(from_outside(object(own, Phase::Rid))).unwrap();
            assert!(matches!(outcome, Outcome::Stop(_)), "{own}");
        }
        for welcome in [
            object(OWN, Phase::Rid),
            from_outside(object(BOB, Phase::Rid)),
        ] {
            assert_eq!(handle(welcome).unwrap(), Outcome::Unchanged);
        }
    }

    #[test]
    fn our_own_is_the_one_that_the_settings_name() {
        Node::fresh().set_config("name", "bob");
        let outcome = handle(from_outside(object(BOB, Phase::Rid))).unwrap();
        assert!(matches!(outcome, Outcome::Stop(_)));
        let outcome = handle(from_outside(object(OWN, Phase::Rid))).unwrap();
        assert_eq!(outcome, Outcome::Unchanged);
    }

    #[test]
    fn a_profile_has_to_name_the_rid_it_is_published_under() {
        let mut published = object(BOB, Phase::Bundle);
        published.contents =
            Some(Json::parse(format!(r#"{{"rid":"{BOB}","traits":[]}}"#)).unwrap());
        assert_eq!(handle(published.clone()).unwrap(), Outcome::Unchanged);
        for contents in [
            r#"{"rid":"orn:agent.personality:eve/1.0","traits":[]}"#,
            "{}",
        ] {
            published.contents = Some(Json::parse(contents).unwrap());
            let error = handle(published.clone()).unwrap_err();
            assert_eq!(
                error.kind,
                koi_extension::ErrorKind::InvalidInput,
                "{contents}"
            );
        }
    }

    #[test]
    fn of_our_own_personality_all_neighbours_hear_and_of_others_the_subscribers() {
        let node = Node::fresh();
        let (quiet, subscriber) = (rid("orn:koi-net.node:q+1"), rid("orn:koi-net.node:s+2"));
        node.add_neighbour(&quiet, &[]);
        node.add_neighbour(&subscriber, &["orn:agent.personality"]);
        let mut own = object(OWN, Phase::Network);
        own.network_targets = vec![subscriber.clone()];
        let expected = Replacement::network_targets([subscriber.clone(), quiet]).into();
        assert_eq!(handle(own).unwrap(), expected);

        let mut bob = from_outside(object(BOB, Phase::Network));
        bob.network_targets = vec![subscriber];
        assert_eq!(handle(bob).unwrap(), Outcome::Unchanged);
    }
}
