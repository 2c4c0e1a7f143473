//! Components as [`Callee`]s.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, CallKind, Caller, Ports};
use koi_runtime::{
    Call, CallError, Called, Completion, Exports, Extension, Held, KnowledgeObject, LoadError,
    Mode, Outcome, ParsedReference, RecordError, Recording, ReplayError, Replayed,
    ResourceContents, Runtime,
};

use crate::callee::{Binding, Callee, Handover, Invocation, Loaded, Loader};
use crate::entry::ExtensionEntry;
use crate::grant::{Access, Execution};
use crate::in_flight::InFlight;
use crate::ports::{GrantedCaller, Unheard};

#[async_trait]
impl Loader for Runtime {
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError> {
        // The inherent method of the same name.
        let extension = Runtime::load(self, component).await?;
        Ok(Arc::new(extension))
    }
}

#[async_trait]
impl Loaded for Extension {
    fn digest(&self) -> Arc<str> {
        Extension::digest(self).clone()
    }

    fn exports(&self) -> Exports {
        Extension::exports(self)
    }

    fn imports(&self) -> Vec<String> {
        Extension::imports(self)
    }

    fn is_plain(&self) -> bool {
        Extension::is_plain(self)
    }

    fn compiled_bytes(&self) -> Option<u64> {
        Some(Extension::compiled_bytes(self))
    }

    async fn describe(&self) -> Result<String, CallError> {
        Extension::describe(self).await
    }

    async fn describe_at(&self, at: u32) -> Result<String, CallError> {
        Extension::describe_at(self, at).await
    }

    async fn replay(&self, recording: &Recording) -> Result<Replayed, ReplayError> {
        Extension::replay(self, recording).await
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Callee> {
        Arc::new(WasmCallee {
            extension: Extension::bind(self, binding.save_every),
            name: binding.extension,
            revision: binding.revision,
            ports: Arc::new(binding.ports),
            unheard: Arc::new(Unheard),
            access: binding.access,
            in_flight: binding.in_flight,
            successor: OnceLock::new(),
        })
    }
}

struct WasmCallee {
    extension: Extension,
    name: Arc<str>,
    revision: u64,
    ports: Arc<Ports>,
    /// The caller of what nobody waits for.
    unheard: Arc<dyn Caller>,
    access: Arc<Access>,
    in_flight: Arc<InFlight>,
    successor: OnceLock<Arc<ExtensionEntry>>,
}

impl WasmCallee {
    fn call(&self, kind: CallKind, invocation: Invocation) -> Call {
        let caller = match invocation.caller {
            Some(caller) => Arc::new(GrantedCaller::new(caller, self.access.clone())),
            None => self.unheard.clone(),
        };
        let Execution {
            mut mode,
            mut limits,
        } = self.access.execution();
        if let Some(lower) = invocation.limits {
            limits = limits.lowered_to(&lower);
        }
        // Nothing in memory survives `start` but in a singleton.
        if kind == CallKind::Lifecycle && mode == Mode::Pooled {
            mode = Mode::Fresh;
        }
        Call {
            context: CallContext {
                extension: self.name.clone(),
                revision: self.revision,
                digest: self.extension.digest().clone(),
                correlation: invocation.correlation,
                kind,
                principal: invocation.principal,
                cause: invocation.cause,
                depth: invocation.depth,
            },
            ports: self.ports.clone(),
            caller,
            limits,
            mode,
        }
    }

    fn own(&self, what: &str) -> Call {
        let correlation = format!("{what}:{}@{}", self.name, self.revision);
        self.call(CallKind::Lifecycle, Invocation::new(correlation))
    }
}

#[async_trait]
impl Callee for WasmCallee {
    async fn start(&self) -> Result<(), CallError> {
        self.extension.start(self.own("start")).await
    }

    async fn stop(&self) -> Result<(), CallError> {
        self.extension.stop(self.own("stop")).await
    }

    async fn health(&self) -> Result<String, CallError> {
        self.extension.health(self.own("health")).await
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        if !self.extension.exports().tools {
            return Ok("[]".to_owned());
        }
        self.extension.list_tools(self.own("list-tools")).await
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        if !self.extension.exports().resources {
            return Ok("{}".to_owned());
        }
        self.extension
            .list_resources(self.own("list-resources"))
            .await
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Tool, invocation);
        self.extension.call_tool(call, name, arguments).await
    }

    async fn read_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let _underway = self.in_flight.enter();
        self.extension
            .read_resource(self.call(CallKind::Resource, invocation), uri)
            .await
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        if !self.extension.exports().prompts {
            return Ok("[]".to_owned());
        }
        self.extension.list_prompts(self.own("list-prompts")).await
    }

    async fn get_prompt(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Prompt, invocation);
        self.extension.get_prompt(call, name, arguments).await
    }

    async fn complete(
        &self,
        completion: &Completion,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        if !self.extension.exports().completions {
            return Ok("{}".to_owned());
        }
        let call = self.call(CallKind::Completion, invocation);
        self.extension.complete(call, completion).await
    }

    async fn run_job(
        &self,
        name: &str,
        run: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Job, invocation);
        self.extension.run_job(call, name, run).await
    }

    async fn handle(
        &self,
        object: &KnowledgeObject,
        invocation: Invocation,
    ) -> Result<Outcome, CallError> {
        let _underway = self.in_flight.enter();
        let invocation = Invocation {
            cause: Some(object.rid.clone()),
            depth: object.depth,
            ..invocation
        };
        self.extension
            .handle(self.call(CallKind::Handler, invocation), object)
            .await
    }

    async fn parse_reference(
        &self,
        rid_type: &str,
        reference: &str,
        invocation: Invocation,
    ) -> Result<ParsedReference, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Handler, invocation);
        self.extension
            .parse_reference(call, rid_type, reference)
            .await
    }

    async fn print_reference(
        &self,
        rid_type: &str,
        parts: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Handler, invocation);
        self.extension.print_reference(call, rid_type, parts).await
    }

    async fn validate(
        &self,
        schema: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<(), CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Handler, invocation);
        self.extension.validate(call, schema, contents).await
    }

    async fn transform(
        &self,
        from: &str,
        to: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let _underway = self.in_flight.enter();
        let call = self.call(CallKind::Handler, invocation);
        self.extension.transform(call, from, to, contents).await
    }
    async fn record(
        &self,
        called: Called,
        invocation: Invocation,
    ) -> Result<Recording, RecordError> {
        let _underway = self.in_flight.enter();
        let call = self.call(called.kind(), invocation);
        self.extension.record(call, called).await
    }

    fn handover(&self) -> Option<&dyn Handover> {
        Some(self)
    }
}

#[async_trait]
impl Handover for WasmCallee {
    fn keeps_state(&self) -> bool {
        self.extension.exports().state && self.access.execution().mode == Mode::Singleton
    }

    async fn hold(&self) -> Result<Held, CallError> {
        self.extension.hold(self.own("save")).await
    }

    async fn take_up(&self, state: Vec<u8>) -> Result<(), CallError> {
        self.extension.take_up(self.own("load"), state).await
    }

    fn supersede(&self, held: Held, successor: Arc<ExtensionEntry>) {
        // Known before anybody is told to ask for it.
        self.successor.get_or_init(|| successor);
        held.supersede();
    }

    fn successor(&self) -> Option<Arc<ExtensionEntry>> {
        self.successor.get().cloned()
    }
}
