//! A loaded revision of an extension and the calls into it.
//!
//! Each call has a fresh instance, made and dropped within it. Texts go in and come out as they are;
//! what they hold is checked by whoever called.

use std::sync::Arc;

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, UpdateDeadline};

use crate::border::Shown;
use crate::call::within;
use crate::error::{CallError, LoadError};
use crate::exports::Indices;
use crate::limits::Limits;
use crate::ports::{CallContext, CallKind, Ports};
use crate::runtime::Shared;
use crate::state::State;
use crate::values::{Call, Exports, KnowledgeObject, Outcome, ParsedReference, ResourceContents};

/// A loaded revision of an extension. Cheap to clone; its compiled code goes with the last clone.
#[derive(Clone)]
pub struct Extension {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    digest: Arc<str>,
    pre: InstancePre<State>,
    indices: Indices,
    slots: u32,
}

/// Calls one function of an interface in an instance of its own.
macro_rules! call {
    ($self:ident, $call:ident, $indices:expr, $function:ident($($argument:expr),*)) => {
        within(&$self.inner.shared.slots, $self.inner.slots, $call.limits, async move {
            let (mut store, instance) = $self.instantiate($call).await?;
            let guest = $indices.load(&mut store, &instance)?;
            guest.$function(&mut store $(, $argument)*).await
        })
    };
}

/// The indices of an optional interface, or the error that it is not there.
macro_rules! exported {
    ($self:ident, $interface:ident, $name:literal) => {
        match &$self.inner.indices.$interface {
            Some(indices) => indices,
            None => return Err(CallError::NotExported($name)),
        }
    };
}

impl Extension {
    pub(crate) fn new(
        shared: Arc<Shared>,
        digest: Arc<str>,
        pre: InstancePre<State>,
        indices: Indices,
        slots: u32,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                shared,
                digest,
                pre,
                indices,
                slots,
            }),
        }
    }

    /// Instantiates once, with nothing granted, and checks the types of all exports.
    pub(crate) async fn check(&self) -> Result<(), LoadError> {
        let call = self.ungranted();
        let limits = call.limits;
        let checked = within(
            &self.inner.shared.slots,
            self.inner.slots,
            limits,
            async move {
                let (mut store, instance) = self.instantiate(call).await?;
                Ok(Ok(self.inner.indices.check(&mut store, &instance)))
            },
        );
        checked
            .await
            .map_err(|error| LoadError::Instantiate(error.to_string()))?
    }

    async fn instantiate(&self, call: Call) -> wasmtime::Result<(Store<State>, Instance)> {
        let limits = call.limits;
        let mut store = Store::new(&self.inner.shared.engine, State::new(call));
        store.limiter(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        // Tokio's own way to yield also lets the thread look for I/O and timers in between.
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        store.set_hostcall_fuel(usize::try_from(limits.result).unwrap_or(usize::MAX));
        let instance = self.inner.pre.instantiate_async(&mut store).await?;
        Ok((store, instance))
    }

    /// A call with nothing granted, on behalf of nobody.
    fn ungranted(&self) -> Call {
        Call {
            context: CallContext {
                extension: self.inner.digest.clone(),
                revision: 0,
                digest: self.inner.digest.clone(),
                correlation: Arc::from("describe"),
                kind: CallKind::Lifecycle,
                principal: None,
                cause: None,
                depth: 0,
            },
            ports: Ports::denied(),
            limits: Limits::describe(),
        }
    }

    /// Lower-case hex SHA-256 of the component.
    pub fn digest(&self) -> &Arc<str> {
        &self.inner.digest
    }

    /// The interfaces that it exports beyond `extension`.
    pub fn exports(&self) -> Exports {
        self.inner.indices.exports()
    }

    /// What the extension is, provides and asks for: JSON text, not yet checked, at most 1 MiB.
    ///
    /// # Errors
    /// As every call: a [`CallError`] that says what ended it.
    pub async fn describe(&self) -> Result<String, CallError> {
        let call = self.ungranted();
        call!(self, call, self.inner.indices.extension, call_describe()).await
    }

    /// Tells the extension that this revision was activated.
    ///
    /// # Errors
    /// The guest's own error keeps the revision from being activated.
    pub async fn start(&self, call: Call) -> Result<(), CallError> {
        call!(self, call, self.inner.indices.extension, call_start()).await
    }

    /// Tells the extension that this revision is no longer active.
    ///
    /// # Errors
    /// Never the guest's own; only what ended the call.
    pub async fn stop(&self, call: Call) -> Result<(), CallError> {
        let extension = &self.inner.indices.extension;
        within(
            &self.inner.shared.slots,
            self.inner.slots,
            call.limits,
            async move {
                let (mut store, instance) = self.instantiate(call).await?;
                let guest = extension.load(&mut store, &instance)?;
                guest.call_stop(&mut store).await.map(Ok)
            },
        )
        .await
    }

    /// The extension's own view of its condition: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call.
    pub async fn health(&self, call: Call) -> Result<String, CallError> {
        call!(self, call, self.inner.indices.extension, call_health()).await
    }

    /// The tools of now: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `tools`.
    pub async fn list_tools(&self, call: Call) -> Result<String, CallError> {
        let tools = exported!(self, tools, "tools");
        call!(self, call, tools, call_list_tools()).await
    }

    /// Calls a tool with a JSON object; the answer is JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `tools`.
    pub async fn call_tool(
        &self,
        call: Call,
        name: &str,
        arguments: &str,
    ) -> Result<String, CallError> {
        let tools = exported!(self, tools, "tools");
        call!(self, call, tools, call_call_tool(name, arguments)).await
    }

    /// The resources of now: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `resources`.
    pub async fn list_resources(&self, call: Call) -> Result<String, CallError> {
        let resources = exported!(self, resources, "resources");
        call!(self, call, resources, call_list_resources()).await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `resources`.
    pub async fn read_resource(
        &self,
        call: Call,
        uri: &str,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let resources = exported!(self, resources, "resources");
        let contents = call!(self, call, resources, call_read_resource(uri)).await?;
        Ok(contents.into_iter().map(Into::into).collect())
    }

    /// Shows an object to the extension's handler in one phase.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `handlers`.
    pub async fn handle(&self, call: Call, object: &KnowledgeObject) -> Result<Outcome, CallError> {
        let handlers = exported!(self, handlers, "handlers");
        let shown = Shown::new(object);
        let outcome = call!(self, call, handlers, call_handle(shown.view())).await?;
        Ok(outcome.into())
    }

    /// Takes the part of a RID after its type apart.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `rid-types`.
    pub async fn parse_reference(
        &self,
        call: Call,
        rid_type: &str,
        reference: &str,
    ) -> Result<ParsedReference, CallError> {
        let rid_types = exported!(self, rid_types, "rid-types");
        let parsed = call!(
            self,
            call,
            rid_types,
            call_parse_reference(rid_type, reference)
        )
        .await?;
        Ok(ParsedReference {
            canonical: parsed.canonical,
            parts: parsed.parts,
        })
    }

    /// The canonical reference of its parts, a JSON object.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `rid-types`.
    pub async fn print_reference(
        &self,
        call: Call,
        rid_type: &str,
        parts: &str,
    ) -> Result<String, CallError> {
        let rid_types = exported!(self, rid_types, "rid-types");
        call!(self, call, rid_types, call_print_reference(rid_type, parts)).await
    }

    /// Checks contents that already satisfy the JSON Schema of that name.
    ///
    /// # Errors
    /// The guest's `invalid-input` says what is wrong with them; else as every call.
    pub async fn validate(
        &self,
        call: Call,
        schema: &str,
        contents: &str,
    ) -> Result<(), CallError> {
        let schemas = exported!(self, schemas, "schemas");
        call!(self, call, schemas, call_validate(schema, contents)).await
    }

    /// Turns contents of one schema into contents of another.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `schemas`.
    pub async fn transform(
        &self,
        call: Call,
        from: &str,
        to: &str,
        contents: &str,
    ) -> Result<String, CallError> {
        let schemas = exported!(self, schemas, "schemas");
        call!(self, call, schemas, call_transform(from, to, contents)).await
    }
}
