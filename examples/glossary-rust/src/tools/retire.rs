//! Forgetting a term, after asking.

use koi_extension::caller::{Filled, Questions};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::TermReference;

#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    #[schemars(title = "Yes, forget it")]
    sure: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Retired {
    retired: bool,
}

/// Forgets a term, after asking
#[tool(destructive)]
pub fn retire_term(
    /// Its vocabulary
    vocabulary: String,
    /// The term
    term: String,
) -> Result<Retired> {
    const RETIRE: &str = "retire";
    let reference = TermReference::to_term(&vocabulary, &term)?;
    let rid = reference.rid()?;
    knowledge::read(&rid)?.ok_or_else(|| reference.missing())?;
    let TermReference { vocabulary, name } = reference;
    let question = format!("Forget `{name}` of `{vocabulary}`?");
    let answers = Questions::new()
        .form::<Confirmation>(RETIRE, &question)
        .ask()?;
    let retired = match answers.form::<Confirmation>(RETIRE)? {
        Filled::Accepted(confirmation) => confirmation.sure,
        Filled::Declined | Filled::Cancelled => false,
    };
    if retired {
        knowledge::forget(&rid)?;
    }
    Ok(Retired { retired })
}
