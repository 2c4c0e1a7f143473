//! A node in memory, for unit tests on the author's machine: what the host functions reach where
//! there is no host. Everything is granted, a publication is stored at once, and each thread has a
//! node of its own. Hashes and timestamps are made up.
//!
//! ```
//! use koi_extension::prelude::*;
//! use koi_extension::testing::Node;
//! # struct Glossary;
//! # impl Tools for Glossary {
//! #     fn toolbox() -> Toolbox {
//! #         Toolbox::new().tool(Tool::new("look_up", "?"), |_: koi_extension::NoArguments| {
//! #             let rid = Rid::parse("orn:glossary.term:rid")?;
//! #             knowledge::find(&rid)?.contents_as::<serde_json::Value>()
//! #         })
//! #     }
//! # }
//!
//! // In a test of the extension `Glossary`:
//! let node = Node::fresh();
//! let meaning = serde_json::json!({ "meaning": "a name of knowledge" });
//! node.store(&Rid::parse("orn:glossary.term:rid")?, &meaning);
//! let answer = Glossary::call_tool("look_up", &Json::parse(r#"{"term":"rid"}"#)?)?;
//! assert_eq!(answer.structured_as(), Some(meaning));
//! # Ok::<(), Error>(())
//! ```

pub(crate) mod host;

use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;

use crate::http::{Request, Response};
use crate::{Json, Result, Rid};

/// The node of this thread.
pub struct Node(());

/// How far a call said that it was, by [`progress`](crate::caller::progress).
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// So much.
    pub progress: f64,
    /// Of so much, if that was said.
    pub total: Option<f64>,
    /// What was being done, if that was said.
    pub message: Option<String>,
}

impl Node {
    /// Empties the node of this thread: what a test begins with.
    pub fn fresh() -> Self {
        host::with(|node| *node = host::Memory::default());
        Self(())
    }

    /// Sets a setting of the extension.
    pub fn set_config(&self, key: &str, value: &str) {
        host::with(|node| node.config.insert(key.into(), value.into()));
    }

    /// Puts a neighbour on the network, which is a provider, and a subscriber to these RID types.
    pub fn add_neighbour(&self, rid: &Rid, rid_types: &[&str]) {
        let rid_types = rid_types
            .iter()
            .map(|rid_type| (*rid_type).to_owned())
            .collect();
        host::with(|node| node.neighbours.insert(rid.to_string(), rid_types));
    }

    /// Stores a bundle. Contents that have no JSON form are not stored.
    pub fn store(&self, rid: &Rid, contents: &impl Serialize) {
        if let Ok(contents) = Json::of(contents) {
            host::with(|node| node.bundles.insert(rid.to_string(), contents.into_string()));
        }
    }

    /// Answers the HTTP requests of the extension from now on; without this, they are denied.
    pub fn serve(&self, server: impl Fn(&Request) -> Result<Response> + 'static) {
        host::with(|node| node.server = Some(Rc::new(server)));
    }

    /// Answers the questions of the extension from now on, each by its key, in the form in which MCP
    /// has them; without this, there is nobody to ask.
    pub fn answer(&self, person: impl Fn(&str, &Value) -> Result<Value> + 'static) {
        host::with(|node| node.person = Some(Rc::new(person)));
    }

    /// Makes the contents of bundles that are read in another schema from now on, out of the schema's name and the
    /// stored contents; without this, they come as they are stored.
    pub fn transform(&self, transform: impl Fn(&str, &Json) -> Result<Json> + 'static) {
        host::with(|node| node.transform = Some(Rc::new(transform)));
    }

    /// Sets who calls the extension from now on, in the form in which the contract has it:
    /// `json!({"kind": "tool", "principal": "ada"})`.
    pub fn set_caller(&self, caller: &Value) {
        host::with(|node| node.caller = Some(caller.to_string()));
    }

    /// How far calls have said that they were, in order.
    pub fn progress(&self) -> Vec<Progress> {
        host::with(|node| node.progress.clone())
    }

    /// What was written to the caller's log, in order: severities in lower case, and what was said.
    pub fn caller_log(&self) -> Vec<(String, Value)> {
        host::with(|node| node.caller_log.clone())
    }

    /// The contents stored under a RID.
    pub fn stored(&self, rid: &Rid) -> Option<Json> {
        host::with(|node| node.bundles.get(rid.as_str()).cloned()).map(Json::trusted)
    }

    /// What was written to the operator's log, in order.
    pub fn log(&self) -> Vec<String> {
        host::with(|node| node.log.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::caller::Severity;
    use crate::{Error, caller, knowledge};

    #[test]
    fn what_the_caller_was_told_is_kept_for_the_test() {
        let node = Node::fresh();
        caller::progress(1.0, None, Some("half"));
        caller::log(Severity::Notice, &json!({ "n": 1 })).unwrap();
        let half = Progress {
            progress: 1.0,
            total: None,
            message: Some("half".into()),
        };
        assert_eq!(node.progress(), [half]);
        assert_eq!(node.caller_log(), [("notice".into(), json!({ "n": 1 }))]);
    }

    #[test]
    fn a_test_says_who_calls() {
        let node = Node::fresh();
        assert_eq!(caller::who().unwrap().kind, "tool");
        node.set_caller(&json!({ "kind": "job", "correlation-id": "7" }));
        let caller = caller::who().unwrap();
        assert_eq!(
            (caller.kind.as_str(), caller.correlation_id.as_deref()),
            ("job", Some("7"))
        );
    }

    #[test]
    fn a_test_says_what_contents_are_in_another_schema() {
        let node = Node::fresh();
        let rid = Rid::parse("orn:test.number:1").unwrap();
        node.store(&rid, &json!({ "n": 1 }));
        let read = |schema: &str| {
            let bundle = knowledge::read_as(&rid, schema)?;
            bundle
                .map(|bundle| bundle.contents.to::<Value>())
                .transpose()
        };
        assert_eq!(read("text"), Ok(Some(json!({ "n": 1 }))));
        node.transform(|schema, contents| match schema {
            "text" => Json::of(&json!({ "text": contents.as_str() })),
            other => Err(Error::invalid_input(format!(
                "there is no schema `{other}`"
            ))),
        });
        assert_eq!(read("text"), Ok(Some(json!({ "text": r#"{"n":1}"# }))));
        assert!(read("other").is_err());
        let none = Rid::parse("orn:test.number:2").unwrap();
        assert_eq!(knowledge::read_as(&none, "text").unwrap(), None);
    }
}
