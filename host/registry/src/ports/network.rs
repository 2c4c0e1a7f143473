//! The network, where it was granted.

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::Rid;
use koi_runtime::ports::{CallContext, Neighbour, Network, PortError};

use crate::grant::{Access, Capability};

pub(super) struct GrantedNetwork {
    inner: Arc<dyn Network>,
    access: Arc<Access>,
}

impl GrantedNetwork {
    pub(super) fn new(inner: Arc<dyn Network>, access: Arc<Access>) -> Self {
        Self { inner, access }
    }
}

#[async_trait]
impl Network for GrantedNetwork {
    fn this_node(&self, call: &CallContext) -> Result<Rid, PortError> {
        self.access.require_capability(Capability::Network)?;
        self.inner.this_node(call)
    }

    async fn neighbours(&self, call: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        self.access.require_capability(Capability::Network)?;
        self.inner.neighbours(call).await
    }
}
