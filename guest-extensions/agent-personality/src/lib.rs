//! Personalities of agents. Each agent publishes a profile of its traits; this extension shows the
//! profiles as resources, makes a tool of each callable trait, and keeps the node's own personality.
//!
//! What it promises: a profile that its RID does not name is refused; nobody but this node changes
//! its own personality; whatever other nodes publish, the lists of tools and resources stay valid.

mod agents;
mod behaviour;
mod expression;
mod handlers;
mod input_schema;
mod own;
mod profile;
mod reference;
mod relay;
mod resources;
mod settings;
mod template;
mod tool_name;
mod tools;
mod traits;
mod uri;
mod version;

use koi_extension::prelude::*;

use profile::PersonalityProfile;
use reference::PERSONALITY;
use settings::Settings;

/// The extension.
struct AgentPersonality;

impl Extension for AgentPersonality {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            // Nothing is kept between calls, and there are several for each object.
            .mode(Mode::Pooled)
            .rid_type(
                RidType::new(PERSONALITY)
                    .title("Agent personality")
                    .description("The profile of an agent: where it is reached, and its traits")
                    .contents::<PersonalityProfile>()
                    .parsed(),
            )
            .handler(Handler::new(Phase::Rid, [PERSONALITY]))
            .handler(
                Handler::new(Phase::Bundle, [PERSONALITY])
                    .events([EventType::New, EventType::Update]),
            )
            .handler(Handler::new(Phase::Network, [PERSONALITY]))
            .lists_depend_on([PERSONALITY])
            .reads([PERSONALITY])
            .publishes([PERSONALITY])
            .uses([Capability::Config, Capability::Network])
            .requests(["POST:http://*:*", "POST:https://*:*"])
            .config_schema::<Settings>()
    }

    fn start() -> Result<()> {
        own::publish_settings()
    }
}

koi_extension::export!(AgentPersonality: RidTypes, Handlers, Tools, Resources);
