//! Tools that take their time, so that a call of them may become a task.

use std::thread;
use std::time::Duration;

use koi_extension::TaskSupport::{Optional, Required};
use koi_extension::caller::{Filled, Questions};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::questions::{name, who};

/// Long enough for a call to become a task.
const WORK: Duration = Duration::from_millis(300);

#[derive(Deserialize, JsonSchema)]
struct Greet {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Compute {
    /// How long it takes.
    #[schemars(range(max = 60))]
    seconds: u64,
    /// What it is called.
    #[serde(default)]
    label: String,
}

#[derive(Deserialize, JsonSchema)]
struct File {
    filename: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    confirm: bool,
}

/// Adds them.
pub fn tools(toolbox: Toolbox) -> Toolbox {
    toolbox
        .tool(Tool::new("greet", "Greets, at once"), |Greet { name }| {
            Ok(Content::text(format!("Hello, {name}!")))
        })
        .tool(
            Tool::new("slow_compute", "Takes so many seconds").task(Optional),
            |Compute { seconds, label }| {
                thread::sleep(Duration::from_secs(seconds));
                Ok(Content::text(format!("{label}: computed for {seconds} s")))
            },
        )
        .tool(
            Tool::new("failing_job", "Fails after a second").task(Required),
            |_: NoArguments| -> Result<Content> {
                thread::sleep(Duration::from_secs(1));
                Err(Error::permanent("This job always fails"))
            },
        )
        .tool(
            Tool::new("protocol_error_job", "Crashes after a second").task(Required),
            |_: NoArguments| -> Result<Content> {
                thread::sleep(Duration::from_secs(1));
                std::process::abort()
            },
        )
        .tool(
            Tool::new(
                "confirm_delete",
                "Asks whether to delete a file, and deletes none",
            )
            .task(Optional),
            |File { filename }| {
                thread::sleep(WORK);
                let question = format!("Delete {filename}?");
                let answers = Questions::new()
                    .form::<Confirm>("confirm", &question)
                    .ask()?;
                let text = match answers.form("confirm")? {
                    Filled::Accepted(Confirm { confirm: true }) => format!("Deleted {filename}"),
                    Filled::Accepted(_) | Filled::Declined | Filled::Cancelled => {
                        format!("Kept {filename}")
                    }
                };
                Ok(Content::text(text))
            },
        )
        .tool(
            Tool::new("multi_input", "Asks two things at once").task(Optional),
            |_: NoArguments| {
                thread::sleep(WORK);
                let questions = who("first", "Your first name?");
                let answers = questions
                    .form::<crate::questions::Name>("last", "Your last?")
                    .ask()?;
                let (first, last) = (name(&answers, "first")?, name(&answers, "last")?);
                Ok(Content::text(format!("{first} {last}")))
            },
        )
        .tool(
            Tool::new(
                "test_tool_with_task",
                "Asks for a name and takes its time then",
            )
            .task(Required),
            |_: NoArguments| {
                let answers = who("user_name", "What is your name?").ask()?;
                let name = name(&answers, "user_name")?;
                thread::sleep(WORK);
                Ok(Content::text(format!("Done for {name}")))
            },
        )
}
