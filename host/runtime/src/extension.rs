//! A loaded revision of an extension and the calls into it.
//!
//! Texts go in and come out as they are; what they hold is checked by whoever called.

use std::num::NonZero;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use crate::bound::{Bound, Code};
use crate::contract::{Indices, whichever};
use crate::error::{CallError, LoadError};
use crate::live::Live;
use crate::runtime::Shared;
use crate::slots::Rank;
use crate::state::State;
use crate::values::{
    Call, Completion, Exports, KnowledgeObject, Outcome, ParsedReference, ResourceContents,
};
use crate::work::Boxed;

/// A loaded revision of an extension. Cheap to clone; its compiled code and its warm instances go
/// with the last clone.
#[derive(Clone)]
pub struct Extension {
    pub(crate) bound: Arc<Bound>,
}

/// What a call comes to.
pub type Calling<'a, T> = Boxed<'a, Result<T, CallError>>;

/// Calls one function in an instance that the call's mode says, in the component's version of the contract.
macro_rules! call {
    ($self:ident, $call:ident, $function:ident($($argument:expr),*)) => {
        Box::pin($self.bound.run($call, move |entered| Box::pin(async move {
            let mut seated = entered.seat().await?;
            let Live { store, guest, .. } = &mut *seated.live;
            let answer = whichever!(Guest: guest, guest => guest.$function(store $(, $argument)*).await);
            seated.end(answer).await
        })))
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
        let code = Code {
            shared,
            digest,
            pre,
            indices,
            slots,
        };
        Self {
            bound: Bound::new(Arc::new(code), NonZero::<u32>::MIN),
        }
    }

    /// The same code with warm instances, a queue and a state of its own, as one extension's that
    /// runs. A singleton saves its state after every so many calls.
    pub fn bind(&self, save_every: NonZero<u32>) -> Self {
        Self {
            bound: Bound::new(self.bound.code.clone(), save_every),
        }
    }

    /// Instantiates once, with nothing granted, and checks the types of all exports.
    pub(crate) async fn check(&self) -> Result<(), LoadError> {
        let call = self.bound.ungranted();
        let checked = self.bound.run(call, |entered| {
            Box::pin(async move {
                let mut seated = entered.seat().await?;
                let Live { store, guest, .. } = &mut *seated.live;
                Ok(Ok(guest.check(store)))
            })
        });
        checked
            .await
            .map_err(|error| LoadError::Instantiate(error.to_string()))?
    }

    /// Lower-case hex SHA-256 of the component.
    pub fn digest(&self) -> &Arc<str> {
        &self.bound.code.digest
    }

    /// The interfaces that it exports beyond `extension`.
    pub fn exports(&self) -> Exports {
        self.bound.code.indices.exports()
    }

    /// Whether it is a plain component: one that exports nothing of the contract, whose tools are its own
    /// functions. What it says of itself may have no name.
    pub fn is_plain(&self) -> bool {
        matches!(self.bound.code.indices, Indices::Plain(_))
    }

    /// The names of what it imports, such as `koi:extension/knowledge@0.1.0`.
    pub fn imports(&self) -> Vec<String> {
        let pre = &self.bound.code.pre;
        let of = pre.component().component_type();
        let imports = of.imports(pre.engine());
        imports.map(|(name, _)| name.to_owned()).collect()
    }

    /// What the extension is, provides and asks for: JSON text, not yet checked, at most 1 MiB.
    ///
    /// # Errors
    /// As every call: a [`CallError`] that says what ended it.
    pub fn describe(&self) -> Calling<'_, String> {
        let call = self.bound.ungranted();
        call!(self, call, describe())
    }

    /// Tells the extension that this revision was activated.
    ///
    /// # Errors
    /// The guest's own error keeps the revision from being activated.
    pub fn start(&self, call: Call) -> Calling<'_, ()> {
        call!(self, call, start())
    }

    /// Tells the extension that this revision is no longer active.
    ///
    /// # Errors
    /// Never the guest's own; only what ended the call.
    pub fn stop(&self, call: Call) -> Calling<'_, ()> {
        Box::pin(self.bound.run_as(Rank::Last, call, |entered| {
            Box::pin(async move {
                let mut seated = entered.seat().await?;
                let Live { store, guest, .. } = &mut *seated.live;
                whichever!(Guest: guest, guest => guest.stop(store).await)?;
                seated.close(()).await
            })
        }))
    }

    /// The extension's own view of its condition: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call.
    pub fn health(&self, call: Call) -> Calling<'_, String> {
        call!(self, call, health())
    }

    /// The tools of now: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `tools`.
    pub fn list_tools(&self, call: Call) -> Calling<'_, String> {
        call!(self, call, list_tools())
    }

    /// Calls a tool with a JSON object; the answer is JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `tools`.
    pub fn call_tool(&self, call: Call, name: &str, arguments: &str) -> Calling<'_, String> {
        let (name, arguments) = (name.to_owned(), arguments.to_owned());
        call!(self, call, call_tool(&name, &arguments))
    }

    /// The resources of now: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `resources`.
    pub fn list_resources(&self, call: Call) -> Calling<'_, String> {
        call!(self, call, list_resources())
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `resources`.
    pub fn read_resource(&self, call: Call, uri: &str) -> Calling<'_, Vec<ResourceContents>> {
        let uri = uri.to_owned();
        call!(self, call, read_resource(&uri))
    }

    /// The prompts of now: JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `prompts`.
    pub fn list_prompts(&self, call: Call) -> Calling<'_, String> {
        call!(self, call, list_prompts())
    }

    /// The messages of a prompt; the answer is JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `prompts`.
    pub fn get_prompt(&self, call: Call, name: &str, arguments: &str) -> Calling<'_, String> {
        let (name, arguments) = (name.to_owned(), arguments.to_owned());
        call!(self, call, get_prompt(&name, &arguments))
    }

    /// Values for an argument; the answer is JSON text, not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `completions`.
    pub fn complete(&self, call: Call, completion: &Completion) -> Calling<'_, String> {
        let Completion {
            kind,
            name,
            argument,
            value,
            context,
        } = completion.clone();
        call!(
            self,
            call,
            complete(kind, &name, &argument, &value, &context)
        )
    }

    /// Does a job; what it is told and answers is JSON text, the answer not yet checked.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `schedule`.
    pub fn run_job(&self, call: Call, name: &str, run: &str) -> Calling<'_, String> {
        let (name, run) = (name.to_owned(), run.to_owned());
        call!(self, call, run_job(&name, &run))
    }

    /// Shows an object to the extension's handler in one phase.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `handlers`.
    pub fn handle(&self, call: Call, object: &KnowledgeObject) -> Calling<'_, Outcome> {
        let object = object.clone();
        call!(self, call, handle(&object))
    }

    /// Takes the part of a RID after its type apart.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `rid-types`.
    pub fn parse_reference(
        &self,
        call: Call,
        rid_type: &str,
        reference: &str,
    ) -> Calling<'_, ParsedReference> {
        let (rid_type, reference) = (rid_type.to_owned(), reference.to_owned());
        call!(self, call, parse_reference(&rid_type, &reference))
    }

    /// The canonical reference of its parts, a JSON object.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `rid-types`.
    pub fn print_reference(&self, call: Call, rid_type: &str, parts: &str) -> Calling<'_, String> {
        let (rid_type, parts) = (rid_type.to_owned(), parts.to_owned());
        call!(self, call, print_reference(&rid_type, &parts))
    }

    /// Checks contents that already satisfy the JSON Schema of that name.
    ///
    /// # Errors
    /// The guest's `invalid-input` says what is wrong with them; else as every call.
    pub fn validate(&self, call: Call, schema: &str, contents: &str) -> Calling<'_, ()> {
        let (schema, contents) = (schema.to_owned(), contents.to_owned());
        call!(self, call, validate(&schema, &contents))
    }

    /// Turns contents of one schema into contents of another.
    ///
    /// # Errors
    /// As every call; [`CallError::NotExported`] without `schemas`.
    pub fn transform(
        &self,
        call: Call,
        from: &str,
        to: &str,
        contents: &str,
    ) -> Calling<'_, String> {
        let (from, to, contents) = (from.to_owned(), to.to_owned(), contents.to_owned());
        call!(self, call, transform(&from, &to, &contents))
    }
}
