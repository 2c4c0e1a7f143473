//! Knowledge by right and pattern.

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::{Contents, Manifest, Rid};
use koi_runtime::ports::{
    CallContext, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage, PortError,
};

use crate::grant::{Access, Right};
use crate::secret::{Guard, refuse};

/// Pages of the store that one page of an extension with narrow grants reads at the most.
const PAGES_AT_ONCE: usize = 10;

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

    fn may_read(&self, manifest: &Manifest) -> bool {
        self.access.allows(Right::Read, &manifest.rid)
    }
}

#[async_trait]
impl Knowledge for GrantedKnowledge {
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        self.access.require(Right::Read, rid)?;
        self.inner.read(call, rid).await
    }

    /// Bundles of the type that the grants leave out are passed over. Pages are read until the limit
    /// is reached, up to a number, so that a page may be short and yet not the last.
    async fn query(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        self.access.require_some(Right::Read, &query.rid_type)?;
        let mut whole = KnowledgePage::default();
        let mut rest = query.clone();
        for _ in 0..PAGES_AT_ONCE {
            let mut page = self.inner.query(call, &rest).await?;
            page.bundles
                .retain(|known| self.may_read(&known.bundle.manifest));
            rest.limit = rest.limit.saturating_sub(page.bundles.len() as u32);
            whole.bundles.append(&mut page.bundles);
            whole.next = page.next.clone();
            whole.bounded = page.bounded;
            rest.cursor = page.next;
            // A filter has cost as much as a page may.
            if rest.limit == 0 || rest.cursor.is_none() || rest.filter.is_some() {
                break;
            }
        }
        Ok(whole)
    }

    /// As `query`.
    async fn list(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        self.access.require_some(Right::Read, &query.rid_type)?;
        let mut whole = ManifestPage::default();
        let mut rest = query.clone();
        for _ in 0..PAGES_AT_ONCE {
            let mut page = self.inner.list(call, &rest).await?;
            page.manifests.retain(|manifest| self.may_read(manifest));
            rest.limit = rest.limit.saturating_sub(page.manifests.len() as u32);
            whole.manifests.append(&mut page.manifests);
            whole.next = page.next.clone();
            rest.cursor = page.next;
            if rest.limit == 0 || rest.cursor.is_none() {
                break;
            }
        }
        Ok(whole)
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
