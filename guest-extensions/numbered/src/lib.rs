//! One of many of its kind: the bench writes a number into the component for each that it installs.

use std::hint::black_box;

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The extension's name, and its tool's. It stands once in the component, where another one of the same
/// length can take its place.
static NAME: &str = "numbered-extension-0000";

/// Read from memory each time: a text that the compiler knows is in the code, in pieces.
fn name() -> &'static str {
    black_box(NAME)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// What to say again.
    text: String,
}

struct Numbered;

impl Extension for Numbered {
    fn describe() -> Description {
        Description::new(name(), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .mode(Mode::Pooled)
    }
}

impl Tools for Numbered {
    fn toolbox() -> Toolbox {
        let echo = Tool::new(name(), "Says the text again").read_only();
        Toolbox::new().tool(echo.idempotent().closed_world(), |echo: Echo| Ok(echo))
    }
}

koi_extension::export!(Numbered: Tools);
