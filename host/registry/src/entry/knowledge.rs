//! RID types, schemas and handlers of an extension.

use std::fmt;
use std::sync::Arc;

use koi_rid::{Contents, EventType, Rid, RidType, Writer};
use koi_runtime::{
    CallError, GuestError, GuestErrorKind, KnowledgeObject, Outcome, ParsedReference, Phase,
};
use serde_json::Value;

use super::successor::{call_newest, successor};
use crate::callee::{Callee, Invocation};
use crate::description::{HandlerDescription, RidTypeDescription, SchemaDescription};
use crate::grant::{Access, Right};
use koi_schema::{JsonSchema, Patterns, SchemaError};

/// A failure as if an extension had said it.
pub(crate) fn failure(kind: GuestErrorKind, message: String) -> CallError {
    CallError::Guest(GuestError { kind, message })
}

fn invalid(message: String) -> CallError {
    failure(GuestErrorKind::InvalidInput, message)
}

/// A RID type and the extension that owns it.
pub struct RidTypeEntry {
    /// The type.
    pub rid_type: RidType,
    /// The owner.
    pub extension: Arc<str>,
    /// The schema that contents under such RIDs satisfy.
    pub schema: Option<Arc<SchemaEntry>>,
    /// What people call it.
    pub title: Option<String>,
    /// What it is, for people.
    pub description: Option<String>,
    /// The media type of its bundles as MCP resources.
    pub mime_type: Option<String>,
    /// Whether the owner looks at its references, where it may.
    pub parses: bool,
    access: Arc<Access>,
    callee: Arc<dyn Callee>,
}

impl RidTypeEntry {
    pub(super) fn new(
        from: &RidTypeDescription,
        schema: Option<Arc<SchemaEntry>>,
        access: Arc<Access>,
        callee: Arc<dyn Callee>,
    ) -> Self {
        Self {
            rid_type: from.rid_type.clone(),
            extension: access.extension().into(),
            schema,
            title: from.title.clone(),
            description: from.description.clone(),
            mime_type: from.mime_type.clone(),
            parses: from.parses,
            access,
            callee,
        }
    }

    /// Has the owner take the reference apart; none if the owner does not look at references, or
    /// was not granted to handle this RID: then it sees nothing of it and has no say in it.
    ///
    /// # Errors
    /// Of kind invalid input if the owner refuses the reference, or prints it otherwise: knowledge
    /// travels under its canonical RID.
    pub async fn parse_reference(
        &self,
        rid: &Rid,
        invocation: Invocation,
    ) -> Result<Option<ParsedReference>, CallError> {
        if !self.parses || !self.access.allows(Right::Handle, rid) {
            return Ok(None);
        }
        let reference = rid.reference();
        let rid_type = self.rid_type.as_str();
        let parsed = call_newest!(self.callee, parse_reference(rid_type, reference; invocation))?;
        if parsed.canonical != reference {
            let canonical: String = parsed.canonical.chars().take(200).collect();
            return Err(invalid(format!(
                "{rid} is not in the canonical form: {} prints its reference as `{canonical}`",
                self.extension
            )));
        }
        Ok(Some(parsed))
    }

    /// The RID's reference out of its parts, a JSON object.
    ///
    /// # Errors
    /// Of kind invalid input if a part is missing or malformed.
    pub async fn print_reference(
        &self,
        parts: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let rid_type = self.rid_type.as_str();
        call_newest!(self.callee, print_reference(rid_type, parts; invocation))
    }

    /// Checks contents under a RID against the type's JSON Schema, if it has one, and then has the
    /// owner check them, if it wants to and was granted to handle this RID.
    ///
    /// # Errors
    /// Of kind invalid input if they do not fit; else as a call fails.
    pub async fn validate(
        &self,
        rid: &Rid,
        contents: &Contents,
        invocation: Invocation,
    ) -> Result<(), CallError> {
        let Some(schema) = &self.schema else {
            return Ok(());
        };
        schema.check(contents)?;
        if schema.validates && self.access.allows(Right::Handle, rid) {
            let contents = contents.as_str();
            call_newest!(self.callee, validate(&schema.name, contents; invocation))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RidTypeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RidTypeEntry({} of {})", self.rid_type, self.extension)
    }
}

/// A schema and the extension that owns it.
pub struct SchemaEntry {
    /// Its name, unique on a node.
    pub name: String,
    /// The owner.
    pub extension: Arc<str>,
    /// The JSON Schema as the owner gave it.
    pub schema: Value,
    /// Whether the owner checks contents beyond the JSON Schema.
    pub validates: bool,
    compiled: JsonSchema,
}

impl SchemaEntry {
    pub(super) fn new(extension: Arc<str>, from: &SchemaDescription) -> Result<Self, SchemaError> {
        let compiled = JsonSchema::compile(&from.schema)
            .map_err(|error| SchemaError(format!("`{}`: {}", from.name, error.0)))?;
        Ok(Self {
            name: from.name.clone(),
            extension,
            schema: from.schema.clone(),
            validates: from.validates,
            compiled,
        })
    }

    /// The regular expressions that it keeps.
    pub(super) fn patterns(&self) -> Patterns {
        self.compiled.patterns()
    }

    /// # Errors
    /// Of kind invalid input if the contents do not fit the JSON Schema.
    pub(crate) fn check(&self, contents: &Contents) -> Result<(), CallError> {
        let value: Value = contents.to().map_err(|error| invalid(error.to_string()))?;
        self.compiled.check(&value).map_err(|misfit| {
            invalid(format!(
                "the contents do not fit the schema {}: {misfit}",
                self.name
            ))
        })
    }
}

impl fmt::Debug for SchemaEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SchemaEntry({} of {})", self.name, self.extension)
    }
}

/// A handler of an extension.
pub struct HandlerEntry {
    /// Whose handler it is; stands with the bundles whose contents it replaces.
    pub writer: Writer,
    /// The phase in which it looks at objects.
    pub phase: Phase,
    /// Lower ones come first.
    pub priority: i32,
    /// The types of the objects.
    pub rid_types: Vec<RidType>,
    event_types: Vec<EventType>,
    access: Arc<Access>,
    callee: Arc<dyn Callee>,
}

impl HandlerEntry {
    pub(super) fn new(
        writer: Writer,
        from: &HandlerDescription,
        access: Arc<Access>,
        callee: Arc<dyn Callee>,
    ) -> Self {
        Self {
            writer,
            phase: from.phase,
            priority: from.priority,
            rid_types: from.rid_types.clone(),
            event_types: from.event_types.clone(),
            access,
            callee,
        }
    }

    /// The extension's name.
    pub fn extension(&self) -> &str {
        &self.writer.extension
    }

    /// Whether it wants to see an object of this RID and this event type, and may.
    pub fn wants(&self, rid: &Rid, event_type: Option<EventType>) -> bool {
        let of_type = self.event_types.is_empty()
            || event_type.is_some_and(|event_type| self.event_types.contains(&event_type));
        of_type && self.access.allows(Right::Handle, rid)
    }

    /// The types of objects that it may see any of.
    pub fn granted_rid_types(&self) -> impl Iterator<Item = &RidType> {
        self.rid_types
            .iter()
            .filter(|rid_type| self.access.touches(Right::Handle, rid_type))
    }

    /// Shows it an object; gives what it did, and who it was: another revision's handler, if one took the
    /// place of this one meanwhile. One that has none for the object leaves it as it is. Cause and depth
    /// of the call are the object's.
    ///
    /// # Errors
    /// As a call fails; [`CallError::is_transient`] says whether to try again.
    pub async fn handle(
        self: &Arc<Self>,
        object: &KnowledgeObject,
        invocation: Invocation,
    ) -> Result<(Arc<Self>, Outcome), CallError> {
        let mut handler = self.clone();
        loop {
            match handler.callee.handle(object, invocation.clone()).await {
                Err(CallError::Superseded) => {}
                answer => return answer.map(|outcome| (handler, outcome)),
            }
            let successor = successor(&*handler.callee)?;
            let mut handlers = successor.handlers.iter();
            match handlers.find(|next| next.takes(object)) {
                Some(next) => handler = next.clone(),
                None => return Ok((handler, Outcome::Unchanged)),
            }
        }
    }

    /// Whether an object in its phase is one for it.
    fn takes(&self, object: &KnowledgeObject) -> bool {
        self.phase == object.phase
            && self.rid_types.contains(&object.rid.rid_type())
            && self.wants(&object.rid, Some(object.happens()))
    }
}

impl fmt::Debug for HandlerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HandlerEntry({} of {})",
            self.phase.as_str(),
            self.writer.extension
        )
    }
}
