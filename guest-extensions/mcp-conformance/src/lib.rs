//! The fixtures of the official MCP conformance suite (`@modelcontextprotocol/conformance`), as an
//! extension. Names, texts and schemas are those that the suite asks for. What passes with it shows
//! that the contract can say it, whatever the client's era and transport.

mod changes;
mod media;
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
    }
}

impl Tools for Conformance {
    fn toolbox() -> Toolbox {
        changes::tools(tools::tools(Toolbox::new()))
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

koi_extension::export!(Conformance: Tools, Resources);
