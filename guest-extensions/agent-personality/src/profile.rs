//! What is published under a personality's RID.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most traits of one personality.
pub const MAX_TRAITS: usize = 256;
/// Most characters of a trait's name, and of the name of its type.
pub const MAX_NAME_CHARS: usize = 128;
/// Most characters of a trait's description.
pub const MAX_DESCRIPTION_CHARS: usize = 4096;

/// An agent: where it is reached, and what it is like. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonalityProfile {
    /// The RID under which the profile is published.
    #[schemars(length(max = 1024))]
    pub rid: String,
    /// The node that the agent is.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub node_rid: Option<String>,
    /// Where the node speaks KOI-net.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub base_url: Option<String>,
    /// Where the agent speaks MCP.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub mcp_url: Option<String>,
    /// What the agent is like and can do. Of several with one name the first counts.
    #[schemars(length(max = MAX_TRAITS))]
    pub traits: Vec<PersonalityTrait>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// One trait of an agent. Other members may stand beside these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonalityTrait {
    /// Unique within the personality.
    #[schemars(length(min = 1, max = MAX_NAME_CHARS))]
    pub name: String,
    /// What it is, for agents and people.
    #[schemars(length(max = MAX_DESCRIPTION_CHARS))]
    pub description: String,
    /// The type of the value, as its author calls it: `str`, `list`, `function`.
    #[serde(rename = "type")]
    #[schemars(length(max = MAX_NAME_CHARS))]
    pub kind: String,
    /// The value. Of a callable trait: what it does, or the schema of its arguments as `parameters`.
    #[serde(default)]
    pub value: Value,
    /// Whether it can be called, as a tool.
    #[serde(default)]
    pub is_callable: bool,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl PersonalityProfile {
    /// A personality without any trait.
    pub fn new(rid: &Rid) -> Self {
        Self {
            rid: rid.to_string(),
            node_rid: None,
            base_url: None,
            mcp_url: None,
            traits: Vec::new(),
            other: Map::new(),
        }
    }

    /// The traits that can be called.
    pub fn callable(&self) -> impl Iterator<Item = &PersonalityTrait> {
        self.traits.iter().filter(|known| known.is_callable)
    }
}

impl PersonalityTrait {
    /// A trait without a value.
    pub fn new(name: &str, description: String) -> Self {
        Self {
            name: name.into(),
            description,
            kind: String::new(),
            value: Value::Null,
            is_callable: false,
            other: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::Schema;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_python_node_publishes_is_read_and_written_back_with_all_its_members() {
        let published = json!({
            "rid": "orn:agent.personality:bob/1.0",
            "node_rid": "orn:koi-net.node:bob+12ab",
            "base_url": "http://127.0.0.1:8100/koi-net",
            "mcp_url": null,
            "traits": [{
                "name": "mood", "description": "mood trait for bob", "type": "str",
                "value": "helpful", "is_callable": false, "since": 2024
            }],
            "motto": "be kind"
        });
        let profile: PersonalityProfile = serde_json::from_value(published.clone()).unwrap();
        assert_eq!(serde_json::to_value(profile).unwrap(), published);
    }

    #[test]
    fn the_schema_asks_for_little_and_bounds_what_it_names() {
        let schema = serde_json::to_value(Schema::of::<PersonalityProfile>()).unwrap();
        assert_eq!(schema["name"], "personality-profile");
        let schema = &schema["schema"];
        assert_eq!(schema["required"], json!(["rid", "traits"]));
        assert_eq!(schema["additionalProperties"], json!(true));
        let traits = &schema["properties"]["traits"];
        assert_eq!(traits["maxItems"], json!(256));
        assert_eq!(
            traits["items"]["required"],
            json!(["name", "description", "type"])
        );
        assert_eq!(
            traits["items"]["properties"]["name"]["maxLength"],
            json!(128)
        );
        assert_eq!(
            schema["properties"]["node_rid"]["type"],
            json!(["string", "null"])
        );
    }
}
