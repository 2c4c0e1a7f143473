//! A loaded revision of an extension and the calls into it.

use crate::error::CallError;
use crate::values::{
    Call, Exports, KnowledgeObject, Outcome, ParsedReference, ResourceContents,
};

/// A loaded revision of an extension. Cheap to clone; the compiled code goes with the last clone.
#[derive(Clone)]
pub struct Extension {
    digest: std::sync::Arc<str>,
    exports: Exports,
}

fn skeleton<T>() -> Result<T, CallError> {
    Err(CallError::Host("not connected".to_owned()))
}

#[allow(clippy::unused_async)]
impl Extension {
    /// Lower-case hex SHA-256 of the component.
    pub fn digest(&self) -> &std::sync::Arc<str> {
        &self.digest
    }

    /// The interfaces that it exports beyond `extension`.
    pub fn exports(&self) -> Exports {
        self.exports
    }

    /// What the extension is, provides and asks for: JSON text, not yet checked, at most 1 MiB.
    pub async fn describe(&self) -> Result<String, CallError> {
        skeleton()
    }

    /// Tells the extension that this revision was activated.
    pub async fn start(&self, _call: Call) -> Result<(), CallError> {
        skeleton()
    }

    /// Tells the extension that this revision is no longer active.
    pub async fn stop(&self, _call: Call) -> Result<(), CallError> {
        skeleton()
    }

    /// The extension's own view of its condition: JSON text, not yet checked.
    pub async fn health(&self, _call: Call) -> Result<String, CallError> {
        skeleton()
    }

    /// The tools of now: JSON text, not yet checked.
    pub async fn list_tools(&self, _call: Call) -> Result<String, CallError> {
        skeleton()
    }

    /// Calls a tool with a JSON object; the answer is JSON text, not yet checked.
    pub async fn call_tool(
        &self,
        _call: Call,
        _name: &str,
        _arguments: &str,
    ) -> Result<String, CallError> {
        skeleton()
    }

    /// The resources of now: JSON text, not yet checked.
    pub async fn list_resources(&self, _call: Call) -> Result<String, CallError> {
        skeleton()
    }

    /// Reads a resource.
    pub async fn read_resource(
        &self,
        _call: Call,
        _uri: &str,
    ) -> Result<Vec<ResourceContents>, CallError> {
        skeleton()
    }

    /// Shows an object to the extension's handler in one phase.
    pub async fn handle(
        &self,
        _call: Call,
        _object: &KnowledgeObject,
    ) -> Result<Outcome, CallError> {
        skeleton()
    }

    /// Takes the part of a RID after its type apart.
    pub async fn parse_reference(
        &self,
        _call: Call,
        _rid_type: &str,
        _reference: &str,
    ) -> Result<ParsedReference, CallError> {
        skeleton()
    }

    /// The canonical reference of its parts, a JSON object.
    pub async fn print_reference(
        &self,
        _call: Call,
        _rid_type: &str,
        _parts: &str,
    ) -> Result<String, CallError> {
        skeleton()
    }

    /// Checks contents that already satisfy the JSON Schema of that name.
    pub async fn validate(
        &self,
        _call: Call,
        _schema: &str,
        _contents: &str,
    ) -> Result<(), CallError> {
        skeleton()
    }

    /// Turns contents of one schema into contents of another.
    pub async fn transform(
        &self,
        _call: Call,
        _from: &str,
        _to: &str,
        _contents: &str,
    ) -> Result<String, CallError> {
        skeleton()
    }
}
