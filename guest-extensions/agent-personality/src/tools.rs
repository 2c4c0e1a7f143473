//! Callable traits as tools, and the tool that changes this node's own traits.

use std::collections::BTreeSet;

use koi_extension::log;
use koi_extension::prelude::*;
use serde_json::{Map, Value};

use crate::behaviour::Behaviour;
use crate::profile::{PersonalityProfile, PersonalityTrait};
use crate::settings::Settings;
use crate::{AgentPersonality, agents, input_schema, own, relay, tool_name};

/// The tool that changes this node's own traits.
pub const UPDATE_TRAITS: &str = "update_traits";

/// Most tools in the list, which is as many as the host takes.
const MAX_TOOLS: usize = 1000;
/// So long, in bytes, the list may grow: half of what the host takes of an answer by default.
const MAX_LIST_BYTES: usize = 4 << 20;
/// Most bytes of what a trait says about itself in a tool's description.
const MAX_DESCRIPTION_BYTES: usize = 1000;

impl Tools for AgentPersonality {
    fn toolbox() -> Toolbox {
        let update_traits = Tool::new(
            UPDATE_TRAITS,
            "Changes the traits of this node's own personality, and tells all its neighbours",
        )
        .title("Update own traits")
        .idempotent()
        .closed_world();
        Toolbox::new().tool(update_traits, own::update_traits)
    }

    fn list_tools() -> Result<Vec<Tool>> {
        let mut tools = Self::toolbox().tools();
        let mut names = BTreeSet::new();
        let mut bytes = 0;
        for (agent, known) in agents::listed()? {
            let profile = known.profile()?;
            for callable in profile.iter().flat_map(PersonalityProfile::callable) {
                let name = tool_name::of(&agent, &callable.name);
                if tools.len() == MAX_TOOLS || bytes > MAX_LIST_BYTES {
                    log!(
                        Warn,
                        "there are more callable traits than tools: `{name}` comes too late"
                    );
                    return Ok(tools);
                }
                if names.insert(name.clone()) {
                    let tool = trait_tool(name, &agent, callable);
                    bytes += Json::of(&tool)?.as_str().len();
                    tools.push(tool);
                } else {
                    log!(
                        Warn,
                        "`{name}` is left out: {} has another such trait",
                        known.rid
                    );
                }
            }
        }
        Ok(tools)
    }

    fn call_tool(name: &str, arguments: &Json) -> Result<ToolResult> {
        if name == UPDATE_TRAITS {
            return Self::toolbox().call(name, arguments);
        }
        let own = own::identity(&Settings::read()?)?;
        if tool_name::can_be_of(name, &own.name) {
            if let Some(called) = own_trait(&own.rid()?, &own.name, name)? {
                return call_own(&called, arguments);
            }
        }
        elsewhere(name, arguments)
    }
}

fn trait_tool(name: String, agent: &str, callable: &PersonalityTrait) -> Tool {
    // Of text that comes from strangers, neither length nor control characters are sure.
    let about: String = callable
        .description
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let description = format!(
        "{} (trait `{}` of the agent `{agent}`)",
        beginning(&about, MAX_DESCRIPTION_BYTES),
        callable.name
    );
    Tool::new(name, description)
        .title(format!("{agent}: {}", callable.name))
        .input_schema(input_schema::of(&callable.value))
}

/// At most so many bytes of a text, up to a whole character.
fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The callable trait of a profile that is a tool of this name.
fn called(profile: PersonalityProfile, agent: &str, tool: &str) -> Option<PersonalityTrait> {
    let is_called =
        |known: &PersonalityTrait| known.is_callable && tool_name::of(agent, &known.name) == tool;
    profile.traits.into_iter().find(is_called)
}

fn own_trait(own: &Rid, agent: &str, tool: &str) -> Result<Option<PersonalityTrait>> {
    match knowledge::read(own)? {
        Some(bundle) => Ok(called(bundle.contents_as()?, agent, tool)),
        None => Ok(None),
    }
}

fn call_own(called: &PersonalityTrait, arguments: &Json) -> Result<ToolResult> {
    let behaviour = Behaviour::of(&called.value).map_err(|error| {
        Error::permanent(format!(
            "the trait `{}` of this node's own personality cannot be called: {}",
            called.name, error.message
        ))
    })?;
    let arguments: Map<String, Value> = arguments.to()?;
    ToolResult::structured(&behaviour.call(&arguments)?)
}

/// Calls a tool that is not this node's own where it runs.
fn elsewhere(tool: &str, arguments: &Json) -> Result<ToolResult> {
    for (agent, known) in agents::newest(|agent| tool_name::can_be_of(tool, agent))? {
        let Some(profile) = known.profile()? else {
            continue;
        };
        let url = profile.mcp_url.clone();
        if let Some(called) = called(profile, &agent, tool) {
            let name = called.name;
            let Some(url) = url else {
                return Err(Error::permanent(format!(
                    "the trait `{name}` of the agent `{agent}` runs there and cannot be called: \
                     the agent has published no `mcp_url`"
                )));
            };
            return relay::call(&url, tool, arguments).map_err(|error| Error {
                message: format!(
                    "the trait `{name}` of the agent `{agent}` runs at its own MCP server, which \
                     could not be called as {url}: {error}"
                ),
                kind: error.kind,
            });
        }
    }
    Err(Error::invalid_input(format!("there is no tool `{tool}`")))
}

#[cfg(test)]
mod tests;
