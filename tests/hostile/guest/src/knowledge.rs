//! What happens to objects in the pipeline, by their RID type.

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Hostile;

/// The handler crashes.
pub const TRAP: &str = "orn:hostile.trap";
/// The handler never comes back.
pub const SPIN: &str = "orn:hostile.spin";
/// The handler publishes what triggers it.
pub const AGAIN: &str = "orn:hostile.again";
/// One of that type.
pub const AGAIN_RID: &str = "orn:hostile.again:said";
/// The handler publishes what triggers that of [`PONG`].
pub const PING: &str = "orn:hostile.ping";
/// The handler publishes what triggers that of [`PING`].
pub const PONG: &str = "orn:hostile.pong";
/// The handler replaces the contents with very long ones.
pub const GIANT: &str = "orn:hostile.giant";
/// The handler sends the object to nodes that it has made up.
pub const TARGETS: &str = "orn:hostile.targets";
/// References are taken apart in bad ways.
pub const PARSED: &str = "orn:hostile.parsed";
/// The contents are checked for ever.
pub const VALIDATED: &str = "orn:hostile.validated";

/// Nothing that ends.
pub fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// A crash.
pub fn trap() -> ! {
    std::process::abort()
}

/// The schema of [`VALIDATED`].
pub fn validated() -> Schema {
    Schema::new("hostile-validated", json!({"type": "object"})).validated()
}

impl Handlers for Hostile {
    fn handle(object: KnowledgeObject) -> Result<Outcome> {
        match object.rid.rid_type() {
            TRAP => trap(),
            SPIN => spin(),
            AGAIN => answer(&object, AGAIN),
            PING => answer(&object, PONG),
            PONG => answer(&object, PING),
            GIANT => {
                let long = "x".repeat(32 << 20);
                Ok(Replacement::contents(&json!({ "long": long }))?.into())
            }
            TARGETS => {
                let count = match object.rid.reference() {
                    "many" => 10_000,
                    _ => 100,
                };
                let made_up =
                    (0..count).map(|n| Rid::new("orn:koi-net.node", format!("nobody+{n}")));
                let made_up = made_up.collect::<Result<Vec<_>>>()?;
                Ok(Replacement::network_targets(made_up).into())
            }
            _ => Ok(Outcome::Unchanged),
        }
    }
}

/// Publishes an object that differs from this one, so that it has to be handled too.
fn answer(object: &KnowledgeObject, rid_type: &str) -> Result<Outcome> {
    let count: Count = object.contents_as()?;
    let next = Count {
        count: count.count + 1,
    };
    let rid = Rid::new(rid_type, object.rid.reference())?;
    koi_extension::knowledge::publish(&rid, &next)?;
    Ok(Outcome::Unchanged)
}

#[derive(Serialize, Deserialize)]
struct Count {
    count: u64,
}

#[derive(Serialize, Deserialize)]
struct Parsed(String);

impl Reference for Parsed {
    const RID_TYPE: &'static str = PARSED;

    fn parse(reference: &str) -> Result<Self> {
        match reference {
            "spin" => spin(),
            "trap" => trap(),
            _ => Ok(Self(reference.to_owned())),
        }
    }

    /// Never what was parsed: nothing may travel under such a RID.
    fn print(&self) -> String {
        format!("{}-not", self.0)
    }
}

impl RidTypes for Hostile {
    fn references() -> References {
        References::new().with::<Parsed>()
    }
}

impl Schemas for Hostile {
    fn validate(_: &str, _: &Json) -> Result<()> {
        spin()
    }
}
