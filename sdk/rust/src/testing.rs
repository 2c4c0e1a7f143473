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

    /// The contents stored under a RID.
    pub fn stored(&self, rid: &Rid) -> Option<Json> {
        host::with(|node| node.bundles.get(rid.as_str()).cloned()).map(Json::trusted)
    }

    /// What was written to the operator's log, in order.
    pub fn log(&self) -> Vec<String> {
        host::with(|node| node.log.clone())
    }
}
