//! MCP prompts.

use serde::Serialize;
use serde_json::Value;

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::prompts::exports::koi::extension::prompts::Guest;
use crate::{Content, Icon, Json, Result, Role};

/// Messages made ready for a conversation, which a person picks by name.
pub trait Prompts {
    /// The prompts of now. Asked for at activation and again after a change of knowledge that the
    /// description says the lists depend on.
    ///
    /// # Errors
    /// After an error the host keeps the list that it has.
    fn list_prompts() -> Result<Vec<Prompt>>;

    /// The messages of a prompt. `arguments` is an object of texts that has all the required ones.
    ///
    /// # Errors
    /// `invalid-input` if there is no such prompt or the arguments make no sense.
    fn get_prompt(name: &str, arguments: &Json) -> Result<PromptMessages>;
}

/// A prompt as MCP clients see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prompt {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<PromptArgument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    icons: Vec<Icon>,
}

/// An argument of a prompt: text that a person types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptArgument {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    required: bool,
}

impl Prompt {
    /// A prompt without arguments: a name for programs, and what people read to pick it.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            arguments: Vec::new(),
            icons: Vec::new(),
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: PromptArgument) -> Self {
        self.arguments.push(argument);
        self
    }

    /// Pictures to show beside it.
    pub fn icons(mut self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.icons.extend(icons);
        self
    }
}

impl PromptArgument {
    /// One that may be left out.
    pub fn optional(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            required: false,
        }
    }

    /// One without which the prompt cannot be made.
    pub fn required(name: impl Into<String>) -> Self {
        Self {
            required: true,
            ..Self::optional(name)
        }
    }

    /// What it is for, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// The messages of a prompt, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PromptMessages {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    messages: Vec<PromptMessage>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptMessage {
    role: Role,
    content: Value,
}

impl PromptMessages {
    /// No messages yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What they are about, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds a message.
    pub fn message(mut self, message: PromptMessage) -> Self {
        self.messages.push(message);
        self
    }
}

impl PromptMessage {
    /// Content of any kind, from one or the other.
    pub fn of(role: Role, content: Content) -> Self {
        let content = content.into_value();
        Self { role, content }
    }

    /// Something that the person says.
    pub fn user(text: impl Into<String>) -> Self {
        Self::of(Role::User, Content::text(text))
    }

    /// Something that the model says.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::of(Role::Assistant, Content::text(text))
    }
}

impl<T: Prompts> Guest for T {
    fn list_prompts() -> Result<String, wit::Error> {
        Ok(Json::of(&<T as Prompts>::list_prompts()?)?.into_string())
    }

    fn get_prompt(name: String, arguments: String) -> Result<String, wit::Error> {
        let messages = <T as Prompts>::get_prompt(&name, &Json::trusted(arguments))?;
        Ok(Json::of(&messages)?.into_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prompts_and_messages_have_the_form_of_mcp() {
        let prompt = Prompt::new("greet", "Greets")
            .argument(PromptArgument::required("name").description("Whom"))
            .icons([Icon::new("data:,")]);
        assert_eq!(
            json!(prompt),
            json!({
                "name": "greet",
                "description": "Greets",
                "arguments": [{ "name": "name", "description": "Whom", "required": true }],
                "icons": [{ "src": "data:," }]
            })
        );
        let picture = Content::image("image/png", [1, 2, 3]);
        let messages = PromptMessages::new()
            .message(PromptMessage::of(Role::User, picture))
            .message(PromptMessage::assistant("Nice"));
        assert_eq!(
            json!(messages),
            json!({
                "messages": [
                    {
                        "role": "user",
                        "content": { "type": "image", "data": "AQID", "mimeType": "image/png" }
                    },
                    { "role": "assistant", "content": { "type": "text", "text": "Nice" } }
                ]
            })
        );
    }
}
