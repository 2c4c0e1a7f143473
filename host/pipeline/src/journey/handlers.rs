//! The handlers of a phase: the host's, the extensions', and the rules of the type's owner.

use koi_rid::EventType;
use koi_runtime::Outcome;

use super::{Halt, Journey};
use crate::fault::Fault;
use crate::{Flow, HostHandler, replacement};

impl Journey<'_> {
    /// The host's handlers of the present phase.
    pub(crate) async fn host_handlers(&mut self) -> Result<(), Halt> {
        let world = self.world;
        for handler in &world.handlers {
            if !self.concerns(&**handler) {
                continue;
            }
            match handler.handle(&mut self.object).await {
                Ok(Flow::Continue) => {}
                Ok(Flow::Stop(reason)) => {
                    return Err(Halt::Stop(format!("{}: {reason}", handler.name())));
                }
                Err(error) => return Err(Fault::handler(handler.name(), error).into()),
            }
        }
        Ok(())
    }

    fn concerns(&self, handler: &dyn HostHandler) -> bool {
        handler.phases().contains(&self.object.knowledge.phase)
            && handler.handles(self.rid_type.as_str())
    }

    fn is_judged_by_host(&self) -> bool {
        let mut handlers = self.world.handlers.iter();
        handlers.any(|handler| self.concerns(&**handler))
    }

    /// The extensions' handlers of the present phase.
    pub(crate) async fn guest_handlers(&mut self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        let event_type = Some(knowledge.happens());
        let (phase, rid) = (knowledge.phase, knowledge.rid.clone());
        let snapshot = self.snapshot.clone();
        let judged = self.is_judged_by_host();
        for handler in snapshot.handlers_for(phase, &rid, event_type) {
            let (handler, outcome) = handler
                .handle(&self.object.knowledge, self.invocation.clone())
                .await
                .map_err(|error| Fault::call(handler.extension(), &error))?;
            match outcome {
                Outcome::Unchanged => {}
                Outcome::Stop(reason) => {
                    return Err(Halt::Stop(format!("{}: {reason}", handler.extension())));
                }
                Outcome::Replace(changes) => {
                    let this_node = &self.world.node_rid;
                    replacement::apply(&mut self.object, &handler, changes, this_node, judged)?;
                }
            }
        }
        Ok(())
    }

    /// The rules of the type's owner for contents.
    pub(super) async fn check_schema(&self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        let (Some(owner), Some(contents)) = (
            self.snapshot.rid_types.get(&self.rid_type),
            &knowledge.contents,
        ) else {
            return Ok(());
        };
        if knowledge.normalized == Some(EventType::Forget) {
            return Ok(());
        }
        owner
            .validate(&knowledge.rid, contents, self.invocation.clone())
            .await
            .map_err(|error| Fault::call(&owner.extension, &error).into())
    }
}
