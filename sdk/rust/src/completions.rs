//! Completion of arguments while they are typed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bindings::completions::exports::koi::extension::completions::Guest;
use crate::bindings::imports::koi::extension::types as wit;
use crate::{Json, Result};

/// Completes what a person types as an argument of a prompt or a variable of a URI template.
pub trait Completions {
    /// Values that begin as, or are meant by, what was typed so far.
    ///
    /// # Errors
    /// Any error is told to the client.
    fn complete(completing: &Completing) -> Result<Completed>;
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completing {
    /// `prompt` or `resource-template`; there may be more kinds.
    pub kind: String,
    /// The name of the prompt, or the URI template.
    pub name: String,
    /// Which argument or variable.
    pub argument: String,
    /// What was typed so far.
    pub value: String,
    /// The values that were given already, by name.
    pub given: BTreeMap<String, String>,
}

/// Values to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Completed {
    values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
}

impl Completed {
    /// Values, the best first. The host passes on 100.
    pub fn new<V: Into<String>>(values: impl IntoIterator<Item = V>) -> Self {
        Self {
            values: values.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// There are so many in all.
    pub fn of_total(mut self, total: u64) -> Self {
        self.has_more = Some(total > self.values.len() as u64);
        self.total = Some(total);
        self
    }
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

impl<T: Completions> Guest for T {
    fn complete(
        kind: String,
        name: String,
        argument: String,
        value: String,
        context: String,
    ) -> Result<String, wit::Error> {
        let context: Context = Json::trusted(context).to()?;
        let completing = Completing {
            kind,
            name,
            argument,
            value,
            given: context.arguments,
        };
        Ok(Json::of(&<T as Completions>::complete(&completing)?)?.into_string())
    }
}
