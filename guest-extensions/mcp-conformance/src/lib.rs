//! The fixtures of the official MCP conformance suite (`@modelcontextprotocol/conformance`), as an
//! extension. Names, texts and schemas are those that the suite asks for. What passes with it shows
//! that the contract can say it, whatever the client's era and transport.

mod changes;
mod jobs;
mod media;
mod prompts;
mod questions;
mod resources;
mod tools;

use koi_extension::prelude::*;

struct Conformance;

impl Extension for Conformance {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(RidType::new(changes::SWITCH).title("Switch of a list"))
            .lists_depend_on([changes::SWITCH])
            .reads([changes::SWITCH])
            .publishes([changes::SWITCH])
            .uses([Capability::Ask])
    }
}

impl Tools for Conformance {
    fn toolbox() -> Toolbox {
        let toolbox = questions::tools(tools::tools(Toolbox::new()));
        changes::tools(jobs::tools(toolbox))
    }

    fn list_tools() -> Result<Vec<Tool>> {
        let mut tools = Self::toolbox().tools();
        tools.extend(changes::switched_tool()?);
        Ok(tools)
    }
}

impl Resources for Conformance {
    fn list_resources() -> Result<ResourceList> {
        Ok(resources::list())
    }

    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>> {
        resources::read(uri)
    }
}

impl Prompts for Conformance {
    fn list_prompts() -> Result<Vec<Prompt>> {
        prompts::list()
    }

    fn get_prompt(name: &str, arguments: &Json) -> Result<PromptMessages> {
        prompts::get(name, arguments)
    }
}

impl Completions for Conformance {
    fn complete(completing: &Completing) -> Result<Completed> {
        Ok(prompts::complete(completing))
    }
}

koi_extension::export!(Conformance: Tools, Resources, Prompts, Completions);
