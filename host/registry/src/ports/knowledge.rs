//! Knowledge by right and pattern.

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::{Contents, Manifest, Rid};
use koi_runtime::ports::{
    CallContext, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, PortError,
};

use crate::grant::{Access, Right};
use crate::secret::{Guard, refuse};

pub(super) struct GrantedKnowledge {
    inner: Arc<dyn Knowledge>,
    access: Arc<Access>,
    guard: Option<Arc<Guard>>,
}

impl GrantedKnowledge {
    pub(super) fn new(
        inner: Arc<dyn Knowledge>,
        access: Arc<Access>,
        guard: Option<Arc<Guard>>,
    ) -> Self {
        Self {
            inner,
            access,
            guard,
        }
    }

    /// That a RID which others get to see has no secret in it.
    fn check_rid(&self, rid: &Rid) -> Result<(), PortError> {
        refuse(self.guard.as_ref(), "the RID", rid.as_str().as_bytes())
    }
}

#[async_trait]
impl Knowledge for GrantedKnowledge {
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        self.access.require(Right::Read, rid)?;
        self.inner.read(call, rid).await
    }

    /// Bundles of the type that the grants leave out are left out of the page, which may so be
    /// shorter than its limit, or empty, and yet not the last.
    async fn query(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        self.access.require_some(Right::Read, &query.rid_type)?;
        let mut page = self.inner.query(call, query).await?;
        page.bundles
            .retain(|known| self.access.allows(Right::Read, &known.bundle.manifest.rid));
        Ok(page)
    }

    async fn publish(
        &self,
        call: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        self.access.require(Right::Publish, &rid)?;
        self.check_rid(&rid)?;
        let text = contents.as_str().as_bytes();
        refuse(self.guard.as_ref(), "the publication", text)?;
        self.inner.publish(call, rid, contents).await
    }

    async fn forget(&self, call: &CallContext, rid: &Rid) -> Result<(), PortError> {
        self.access.require(Right::Forget, rid)?;
        self.check_rid(rid)?;
        self.inner.forget(call, rid).await
    }

    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        self.access.require(Right::Read, rid)?;
        self.check_rid(rid)?;
        self.inner.dereference(call, rid).await
    }
}
