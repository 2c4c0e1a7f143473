//! MCP tools.

mod result;
mod tool;
mod toolbox;

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::tools::exports::koi::extension::tools::Guest;
use crate::{Json, Result};

pub use result::{IntoToolResult, ToolResult};
pub use tool::{NoArguments, TaskSupport, Tool};
pub use toolbox::{ToolFunction, Toolbox};

/// What agents can call.
///
/// Tools that are always there: implement [`toolbox`](Tools::toolbox) and nothing else. Tools that
/// depend on knowledge: implement [`list_tools`](Tools::list_tools) and
/// [`call_tool`](Tools::call_tool), and fall back to the toolbox for the others.
pub trait Tools {
    /// The tools that are always there, each with its function.
    fn toolbox() -> Toolbox {
        Toolbox::new()
    }

    /// The tools of now. Asked for at activation and again after a change of knowledge that the
    /// description says the list depends on.
    ///
    /// # Errors
    /// After an error the host keeps the list that it has.
    fn list_tools() -> Result<Vec<Tool>> {
        Ok(Self::toolbox().tools())
    }

    /// Calls a tool with arguments that satisfy its input schema.
    ///
    /// # Errors
    /// `invalid-input`, `denied` and `permanent` are told to the agent as a failed call.
    fn call_tool(name: &str, arguments: &Json) -> Result<ToolResult> {
        Self::toolbox().call(name, arguments)
    }
}

impl<T: Tools> Guest for T {
    fn list_tools() -> Result<String, wit::Error> {
        Ok(Json::of(&<T as Tools>::list_tools()?)?.into_string())
    }

    fn call_tool(name: String, arguments: String) -> Result<String, wit::Error> {
        let result = <T as Tools>::call_tool(&name, &Json::trusted(arguments))?;
        Ok(result.json()?.into_string())
    }
}
