//! A glossary: agents define terms and look them up, and every node of the network hears of it.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const TERM: &str = "orn:glossary.term";

#[derive(Serialize, Deserialize, JsonSchema)]
struct Term {
    /// The word itself.
    term: String,
    /// What it means, in a sentence or two.
    meaning: String,
}

#[derive(Deserialize, JsonSchema)]
struct Question {
    /// The word to look up.
    term: String,
}

struct Glossary;

impl Extension for Glossary {
    fn describe() -> Description {
        Description::new("glossary", "0.1.0")
            .rid_type(RidType::new(TERM).title("Term").contents::<Term>())
            .handler(Handler::new(Phase::Bundle, [TERM]))
            .reads([TERM])
            .publishes([TERM])
    }
}

impl Handlers for Glossary {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        let term = object.contents_as::<Term>()?.term;
        Ok(match object.rid.reference() == term {
            true => Outcome::Unchanged,
            false => Outcome::stop(format!("its RID does not name the term `{term}`")),
        })
    }
}

impl Tools for Glossary {
    fn toolbox() -> Toolbox {
        Toolbox::new()
            .tool(
                Tool::new("define_term", "Says what a term means"),
                |term: Term| knowledge::publish(&Rid::new(TERM, &term.term)?, &term),
            )
            .tool(
                Tool::new("look_up_term", "Tells what a term means"),
                |question: Question| {
                    let rid = Rid::new(TERM, question.term)?;
                    let unknown = || Error::invalid_input(format!("nobody has defined {rid}"));
                    knowledge::dereference(&rid)?
                        .ok_or_else(unknown)?
                        .contents_as::<Term>()
                },
            )
    }
}

koi_extension::export!(Glossary: Handlers, Tools);
