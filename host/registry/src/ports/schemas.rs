//! The schemas of all extensions, for bundles that the extension may read.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use koi_rid::{Contents, Rid};
use koi_runtime::ports::{CallContext, PortError, Schemas};
use koi_runtime::{CallError, GuestErrorKind};

use crate::callee::Invocation;
use crate::grant::{Access, Right};
use crate::snapshot::Snapshot;

/// The newest Snapshot. Weak, since what a Snapshot holds holds this.
pub(crate) type Newest = Weak<ArcSwap<Snapshot>>;

pub(super) struct GrantedSchemas {
    newest: Newest,
    access: Arc<Access>,
}

impl GrantedSchemas {
    pub(super) fn new(newest: Newest, access: Arc<Access>) -> Self {
        Self { newest, access }
    }
}

#[async_trait]
impl Schemas for GrantedSchemas {
    async fn transform(
        &self,
        call: &CallContext,
        rid: &Rid,
        contents: Contents,
        schema: &str,
    ) -> Result<Contents, PortError> {
        self.access.require(Right::Read, rid)?;
        let Some(newest) = self.newest.upgrade() else {
            return Err(PortError::Transient("the node is stopping".to_owned()));
        };
        let snapshot = newest.load_full();
        let invocation = Invocation {
            principal: call.principal.clone(),
            cause: call.cause.clone(),
            depth: call.depth,
            ..Invocation::new(call.correlation.clone())
        };
        let reader = Some(&*call.extension);
        let transformed = snapshot.transform(rid, contents, schema, reader, invocation);
        transformed.await.map_err(port_error)
    }
}

/// The failure of another extension, or of the host in its words, as the reader is told of it. What was
/// denied was denied to the other one.
fn port_error(error: CallError) -> PortError {
    match error {
        CallError::Guest(error) if error.kind == GuestErrorKind::InvalidInput => {
            PortError::InvalidInput(error.message)
        }
        error if error.is_transient() => PortError::Transient(error.to_string()),
        error => PortError::Permanent(error.to_string()),
    }
}
