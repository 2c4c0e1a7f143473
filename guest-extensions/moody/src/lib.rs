//! Answers, fails and crashes as its settings say: for tests of revisions, which differ in their settings.

use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;
use koi_extension::{Error, config};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Asked {
    /// The number of the question; which ones fail follows from it.
    n: u64,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    /// The setting `says`.
    says: String,
    /// What is under the key `last`, before this call puts its own answer there.
    last: Option<String>,
}

struct Moody;

impl Extension for Moody {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .uses([Capability::Config, Capability::Keyvalue])
    }
}

impl Tools for Moody {
    fn toolbox() -> Toolbox {
        let answer = Tool::new("mood", "Says how it is, unless its mood is bad").closed_world();
        Toolbox::new().tool(answer, answer_in_mood)
    }
}

/// Every so many questions, by the setting `fails-every` or `crashes-every`, end badly.
fn answer_in_mood(Asked { n }: Asked) -> Result<Answer> {
    let is_due = |key: &str| -> Result<bool> {
        let every: Option<u64> = config::get_as(key)?;
        Ok(every.is_some_and(|every| n.checked_rem(every) == Some(0)))
    };
    if is_due("crashes-every")? {
        std::process::abort();
    }
    if is_due("fails-every")? {
        return Err(Error::transient("this is not the moment"));
    }
    let says = config::get("says")?.unwrap_or_default();
    let bucket = Bucket::open("moody")?;
    let last: Option<Vec<u8>> = bucket.get("last")?;
    bucket.set("last", says.as_bytes())?;
    let last = last.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Answer { says, last })
}

koi_extension::export!(Moody: Tools);
