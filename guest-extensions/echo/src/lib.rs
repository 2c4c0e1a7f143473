//! Gives back what it is given: the smallest extension, for tests and benches.

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NOTE: &str = "orn:echo.note";

#[derive(Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// What to say again.
    text: String,
}

struct EchoExtension;

impl Extension for EchoExtension {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .rid_type(RidType::new(NOTE).title("Note"))
            .handler(Handler::new(Phase::Bundle, [NOTE]))
            .mode(Mode::Pooled)
    }
}

impl Handlers for EchoExtension {
    fn handle(_: KnowledgeObject) -> Result<Outcome> {
        Ok(Outcome::Unchanged)
    }
}

impl Tools for EchoExtension {
    fn toolbox() -> Toolbox {
        let echo = Tool::new("echo", "Says the text again")
            .read_only()
            .idempotent();
        Toolbox::new().tool(echo.closed_world(), |echo: Echo| Ok(echo))
    }
}

koi_extension::export!(EchoExtension: Handlers, Tools);
