//! Does everything that an extension must not do, one way at a time: whatever is hard to write down in
//! WebAssembly's text format. `tests/tests/hostile` says what has to become of each.
//!
//! The tool `hostile` does what its argument `way` names. The RID types `orn:hostile.*` name what
//! happens to an object in the pipeline.

mod knowledge;
mod resources;
mod tool;

use koi_extension::prelude::*;

use knowledge::{AGAIN, GIANT, PARSED, PING, PONG, SPIN, TARGETS, TRAP, VALIDATED};

/// Somebody else's RID type: asked for, to see whether asking is enough.
const FOREIGN: &str = "orn:echo.note";

/// A secret that it would like to tell everybody.
const SECRET: &str = "TOKEN";

struct Hostile;

impl Extension for Hostile {
    fn describe() -> Description {
        let own = [TRAP, SPIN, AGAIN, PING, PONG, GIANT, TARGETS];
        let mut description = Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"));
        for rid_type in own {
            description = description.rid_type(RidType::new(rid_type));
        }
        description
            .rid_type(RidType::new(PARSED).parsed())
            .rid_type(RidType::new(VALIDATED).schema(knowledge::validated()))
            .handler(Handler::new(
                Phase::Bundle,
                [TRAP, SPIN, AGAIN, PING, PONG, GIANT],
            ))
            .handler(Handler::new(Phase::Network, [TARGETS]))
            .reads([FOREIGN])
            .publishes([AGAIN, PING, PONG, FOREIGN])
            .forgets([FOREIGN])
            .uses([Capability::Keyvalue])
            .asks_secrets([SECRET])
    }
}

koi_extension::export!(Hostile: RidTypes, Schemas, Handlers, Tools, Resources);
