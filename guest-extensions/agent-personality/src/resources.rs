//! Agents as resources: `agent:<name>` is the profile of the newest version.

use koi_extension::prelude::*;
use koi_extension::{log, no_resource};

use crate::{AgentPersonality, agents, uri};

/// Most agents in the list, which is as many as the host takes. All others are read by the template.
const MAX_LISTED: usize = 1000;

const JSON: &str = "application/json";

impl Resources for AgentPersonality {
    fn list_resources() -> Result<ResourceList> {
        let agents = agents::listed()?;
        if agents.len() > MAX_LISTED {
            log!(
                Warn,
                "of {} agents {MAX_LISTED} are listed as resources",
                agents.len()
            );
        }
        let resources = agents.iter().take(MAX_LISTED).map(|(name, agent)| {
            Resource::new(uri::of(name), name)
                .title(format!("Agent {name}"))
                .description(format!(
                    "Personality of the agent {name}, version {}: where it is reached, and its \
                     traits",
                    agent.version
                ))
                .mime_type(JSON)
        });
        let template = ResourceTemplate::new(uri::TEMPLATE, "agent")
            .title("Agent")
            .description("Personality of an agent, in its newest version")
            .mime_type(JSON);
        Ok(ResourceList {
            resources: resources.collect(),
            templates: vec![template],
        })
    }

    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>> {
        let name = uri::name(uri).ok_or_else(|| no_resource(uri))?;
        let agent = agents::newest(|known| known == name)?.remove(&name);
        let bundle = agent.map_or(Ok(None), |agent| agent.bundle())?;
        let profile = bundle.ok_or_else(|| no_resource(uri))?.contents;
        Ok(vec![ResourceContents::text(
            uri,
            JSON,
            profile.into_string(),
        )])
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::{Value, json};

    use super::*;

    fn store(node: &Node, reference: &str) {
        let rid = Rid::new("orn:agent.personality", reference).unwrap();
        node.store(
            &rid,
            &json!({ "rid": rid, "traits": [], "motto": reference }),
        );
    }

    #[test]
    fn each_agent_is_listed_once_and_read_in_its_newest_version() {
        let node = Node::fresh();
        for reference in ["bob/1.9", "bob/1.10", "bob/1.10-rc.1", "Zoë/1"] {
            store(&node, reference);
        }
        let list = serde_json::to_value(AgentPersonality::list_resources().unwrap()).unwrap();
        let uris: Vec<_> = list["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| &r["uri"])
            .collect();
        assert_eq!(uris, ["agent:Zo%C3%AB", "agent:bob"]);
        assert_eq!(list["templates"][0]["uriTemplate"], "agent:{name}");
        for (uri, newest) in [("agent:bob", "bob/1.10"), ("agent:Zo%C3%AB", "Zoë/1")] {
            let contents = AgentPersonality::read_resource(uri).unwrap();
            let rid = Rid::new("orn:agent.personality", newest).unwrap();
            let stored = node.stored(&rid).unwrap().into_string();
            assert_eq!(
                contents,
                [ResourceContents::text(uri, JSON, stored.clone())]
            );
            assert_eq!(
                serde_json::from_str::<Value>(&stored).unwrap()["motto"],
                newest
            );
        }
    }

    #[test]
    fn there_is_no_resource_of_an_unknown_agent() {
        Node::fresh();
        for uri in ["agent:bob", "agent:", "bob"] {
            let error = AgentPersonality::read_resource(uri).unwrap_err();
            assert_eq!(error.kind, koi_extension::ErrorKind::InvalidInput, "{uri}");
        }
    }
}
