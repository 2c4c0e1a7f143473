//! Prompts: text, arguments, media, and one that asks before it answers.

use koi_extension::PromptArgument;
use koi_extension::caller::{Filled, Questions};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{changes, media};

#[derive(Deserialize)]
struct Two {
    arg1: String,
    arg2: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Embedding {
    resource_uri: String,
}

#[derive(Deserialize, JsonSchema)]
struct Context {
    context: String,
}

/// All prompts.
pub fn list() -> Result<Vec<Prompt>> {
    let mut prompts = vec![
        Prompt::new("test_simple_prompt", "Says one thing"),
        Prompt::new("test_prompt_with_arguments", "Says what it is given")
            .argument(PromptArgument::required("arg1").description("The first"))
            .argument(PromptArgument::required("arg2").description("The second")),
        Prompt::new("test_prompt_with_embedded_resource", "Shows a resource").argument(
            PromptArgument::required("resourceUri").description("The URI of the resource"),
        ),
        Prompt::new("test_prompt_with_image", "Shows an image"),
        Prompt::new("test_input_required_result_prompt", "Asks what it is about"),
    ];
    prompts.extend(changes::switched_prompt()?);
    Ok(prompts)
}

/// The messages of one.
pub fn get(name: &str, arguments: &Json) -> Result<PromptMessages> {
    let messages = PromptMessages::new();
    match name {
        "test_simple_prompt" => {
            Ok(messages.message(PromptMessage::user("This is a simple prompt for testing.")))
        }
        "test_prompt_with_arguments" => {
            let Two { arg1, arg2 } = arguments.to()?;
            let text = format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'");
            Ok(messages.message(PromptMessage::user(text)))
        }
        "test_prompt_with_embedded_resource" => {
            let Embedding { resource_uri } = arguments.to()?;
            let text = "Embedded resource content for testing.";
            let resource = ResourceContents::text(resource_uri, "text/plain", text);
            Ok(messages
                .message(PromptMessage::of(Role::User, Content::resource(&resource)))
                .message(PromptMessage::user(
                    "Please process the embedded resource above.",
                )))
        }
        "test_prompt_with_image" => Ok(messages
            .message(PromptMessage::of(Role::User, media::image()))
            .message(PromptMessage::user("Please analyze the image above."))),
        "test_input_required_result_prompt" => {
            let question = "What context should the prompt use?";
            let answers = Questions::new()
                .form::<Context>("user_context", question)
                .ask()?;
            let text = match answers.form("user_context")? {
                Filled::Accepted(Context { context }) => format!("Use this context: {context}"),
                Filled::Declined | Filled::Cancelled => "Use no context".to_owned(),
            };
            Ok(messages.message(PromptMessage::user(text)))
        }
        _ => Err(Error::invalid_input(format!("there is no prompt `{name}`"))),
    }
}

/// Values for the arguments of the prompts: words that begin as what was typed.
pub fn complete(completing: &Completing) -> Completed {
    let words = match (completing.kind.as_str(), completing.argument.as_str()) {
        ("prompt", "arg1") => &["paris", "park", "party", "test"][..],
        ("resource-template", "id") => &["1", "12", "123"],
        _ => &[],
    };
    let fits = |word: &&&str| word.starts_with(&completing.value);
    let values: Vec<_> = words.iter().filter(fits).copied().collect();
    let total = values.len() as u64;
    Completed::new(values).of_total(total)
}
