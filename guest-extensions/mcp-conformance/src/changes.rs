//! Lists that change while clients watch: whether an entry is on a list is a piece of knowledge, and a
//! tool changes it.

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

/// Under the reference of a list: whether its entry is there.
pub const SWITCH: &str = "orn:mcp-conformance.switch";

#[derive(Serialize, Deserialize)]
struct Switch {
    on: bool,
}

/// Adds the tools that change lists.
pub fn tools(toolbox: Toolbox) -> Toolbox {
    toolbox
        .tool(
            Tool::new(
                "test_trigger_tool_change",
                "Adds a tool to the list, or takes it away",
            ),
            |_: NoArguments| toggle("tools"),
        )
        .tool(
            Tool::new(
                "test_trigger_prompt_change",
                "Adds a prompt to the list, or takes it away",
            ),
            |_: NoArguments| toggle("prompts"),
        )
}

/// The tool that is there every other time.
pub fn switched_tool() -> Result<Option<Tool>> {
    let tool = || Tool::new("test_switched_tool", "Is there every other time");
    Ok(is_on("tools")?.then(tool))
}

/// The prompt that is there every other time.
pub fn switched_prompt() -> Result<Option<Prompt>> {
    let prompt = || Prompt::new("test_switched_prompt", "Is there every other time");
    Ok(is_on("prompts")?.then(prompt))
}

fn toggle(list: &str) -> Result<Content> {
    let on = !is_on(list)?;
    knowledge::publish(&switch(list)?, &Switch { on })?;
    let state = if on { "longer" } else { "shorter" };
    Ok(Content::text(format!("The list of {list} gets {state}")))
}

fn is_on(list: &str) -> Result<bool> {
    match knowledge::read(&switch(list)?)? {
        Some(switch) => Ok(switch.contents_as::<Switch>()?.on),
        None => Ok(false),
    }
}

fn switch(list: &str) -> Result<Rid> {
    Rid::parse(format!("{SWITCH}:{list}"))
}
