//! A glossary: agents define terms and look them up, and every node of the network hears of it.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const TERM: &str = "orn:glossary.term";

#[derive(Serialize, Deserialize, JsonSchema)]
struct GlossaryTerm {
    term: String,
    /// What it means, in a sentence or two.
    meaning: String,
}

#[derive(Deserialize, JsonSchema)]
struct Question {
    term: String,
}

struct Glossary;

impl Extension for Glossary {
    fn describe() -> Description {
        Description::new("glossary", "0.1.0")
            .rid_type(RidType::new(TERM).title("Term").contents::<GlossaryTerm>())
            .handler(Handler::new(Phase::Bundle, [TERM]))
            .reads([TERM])
            .publishes([TERM])
    }
}

impl Handlers for Glossary {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        match object.contents_as::<GlossaryTerm>()?.term == object.rid.reference() {
            true => Ok(Outcome::Unchanged),
            false => Ok(Outcome::stop("its RID names another term")),
        }
    }
}

impl Tools for Glossary {
    fn toolbox() -> Toolbox {
        let define = Tool::new("define_term", "Says what a term means");
        let look_up = Tool::new("look_up_term", "Tells what a term means");
        let toolbox = Toolbox::new().tool(define, define_term);
        toolbox.tool(look_up, look_up_term)
    }
}

fn define_term(term: GlossaryTerm) -> Result<Publication> {
    knowledge::publish(&Rid::new(TERM, &term.term)?, &term)
}

fn look_up_term(question: Question) -> Result<GlossaryTerm> {
    knowledge::find(&Rid::new(TERM, question.term)?)?.contents_as()
}

koi_extension::export!(Glossary: Handlers, Tools);
