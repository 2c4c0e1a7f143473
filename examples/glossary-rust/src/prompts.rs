//! A term explained to somebody, as a prompt.

use koi_extension::PromptArgument;
use koi_extension::prelude::*;
use serde::Deserialize;

use crate::Glossary;
use crate::reference::TermReference;
use crate::tools::look_up::find;

const EXPLAIN: &str = "explain_term";

#[derive(Deserialize)]
struct Explain {
    vocabulary: String,
    term: String,
    #[serde(default = "a_newcomer")]
    audience: String,
}

fn a_newcomer() -> String {
    "a newcomer".into()
}

impl Prompts for Glossary {
    fn list_prompts() -> Result<Vec<Prompt>> {
        let explain = Prompt::new(EXPLAIN, "Has a term explained to somebody")
            .argument(PromptArgument::required("vocabulary").description("Its vocabulary"))
            .argument(PromptArgument::required("term").description("The term"))
            .argument(PromptArgument::optional("audience").description("To whom"));
        Ok(vec![explain])
    }

    fn get_prompt(name: &str, arguments: &Json) -> Result<PromptMessages> {
        match name {
            EXPLAIN => explain(arguments.to()?),
            other => Err(Error::invalid_input(format!(
                "there is no prompt `{other}`"
            ))),
        }
    }
}

fn explain(arguments: Explain) -> Result<PromptMessages> {
    let found = find(&TermReference::to_term(
        &arguments.vocabulary,
        &arguments.term,
    )?)?;
    let (term, audience) = (found.term, arguments.audience);
    let meanings = found.meanings.join("; ");
    Ok(PromptMessages::new()
        .description(format!("{term}, for {audience}"))
        .message(PromptMessage::user(format!(
            "Explain {term} to {audience}. It means: {meanings}"
        ))))
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::{Value, json};

    use super::*;

    fn prompt(arguments: &Value) -> Result<Value> {
        let messages = Glossary::get_prompt(EXPLAIN, &Json::of(arguments).unwrap());
        messages.map(|messages| json!(messages))
    }

    #[test]
    fn a_term_is_explained_to_a_newcomer_or_whom_one_names() {
        let node = Node::fresh();
        let rid = Rid::parse("orn:glossary.term:koi/event").unwrap();
        node.store(&rid, &json!({ "term": "Event", "meanings": ["A", "B"] }));
        for (audience, to) in [
            (json!({}), "a newcomer"),
            (json!({ "audience": "Ada" }), "Ada"),
        ] {
            let mut arguments = json!({ "vocabulary": "KOI", "term": "event" });
            if let Some(audience) = audience.get("audience") {
                arguments["audience"] = audience.clone();
            }
            let text = format!("Explain Event to {to}. It means: A; B");
            let content = json!({ "type": "text", "text": text });
            let expected = json!({
                "description": format!("Event, for {to}"),
                "messages": [{ "role": "user", "content": content }]
            });
            assert_eq!(prompt(&arguments), Ok(expected));
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_explained() {
        Node::fresh();
        let error = prompt(&json!({ "vocabulary": "KOI", "term": "My Event" }));
        let expected = Error::invalid_input("there is no `my-event` in `koi`");
        assert_eq!(error, Err(expected));
    }
}
