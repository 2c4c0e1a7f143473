//! The ports of a revision that does not serve.
//!
//! One in the shadow reads what others read; what it writes is dropped and counted, and it is told
//! that it was done. It cannot send requests to others or fetch what other nodes have: nothing that it
//! does may be seen outside. What it wrote it does not find again, not even within the same call. Of any
//! revision that does not serve the state of a singleton is not saved: there is one for an extension,
//! and it is that of the one that serves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_rid::{Bundle, Contents, Manifest, Rid};
use koi_runtime::ports::{
    CallContext, Denial, FileRoot, Files, Http, HttpError, Knowledge, KnowledgePage,
    KnowledgeQuery, KnownBundle, ManifestPage, PortError, Ports,
};
use koi_store::{KeyPage, KeyValue as Store, KeyValueUsage, SavedStates, StoreError};

use super::NodePorts;
use crate::watched::ShadowReport;

impl NodePorts {
    /// The same for a revision in the shadow.
    pub(crate) fn unseen(&self, report: &Arc<ShadowReport>) -> Self {
        Self {
            knowledge: Arc::new(UnseenKnowledge {
                inner: self.knowledge.clone(),
                report: report.clone(),
            }),
            key_value: Arc::new(UnseenStore {
                inner: self.key_value.clone(),
                report: report.clone(),
            }),
            ..self.unsaved()
        }
    }

    /// The same for a revision that does not serve.
    pub(crate) fn unsaved(&self) -> Self {
        Self {
            saved_states: Arc::new(UnsavedStates(self.saved_states.clone())),
            ..self.clone()
        }
    }
}

/// What is granted, less what leads out of the node.
pub(crate) fn within_the_node(ports: Ports, report: &Arc<ShadowReport>) -> Ports {
    Ports {
        http: Arc::new(NoHttp(report.clone())),
        files: Arc::new(ReadOnly(ports.files.clone())),
        ..ports
    }
}

struct UnseenKnowledge {
    inner: Arc<dyn Knowledge>,
    report: Arc<ShadowReport>,
}

#[async_trait]
impl Knowledge for UnseenKnowledge {
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        self.inner.read(call, rid).await
    }

    async fn query(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        self.inner.query(call, query).await
    }

    async fn list(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        self.inner.list(call, query).await
    }

    async fn publish(
        &self,
        _: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        self.report.wrote();
        Ok(Bundle::generate(rid, contents).manifest)
    }

    async fn forget(&self, _: &CallContext, _: &Rid) -> Result<(), PortError> {
        self.report.wrote();
        Ok(())
    }

    /// What is stored: asking others would be seen by them.
    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        self.inner.read(call, rid).await
    }
}

struct UnseenStore {
    inner: Arc<dyn Store>,
    report: Arc<ShadowReport>,
}

#[async_trait]
impl Store for UnseenStore {
    async fn get(
        &self,
        extension: &str,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(extension, bucket, key).await
    }

    async fn exists(&self, extension: &str, bucket: &str, key: &str) -> Result<bool, StoreError> {
        self.inner.exists(extension, bucket, key).await
    }

    async fn list_keys(
        &self,
        extension: &str,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(extension, bucket, cursor).await
    }

    /// The sum that there would be.
    async fn increment(
        &self,
        extension: &str,
        bucket: &str,
        key: &str,
        delta: u64,
    ) -> Result<u64, StoreError> {
        let before = self.inner.get(extension, bucket, key).await?;
        let digits = before.as_deref().map_or(Ok("0"), str::from_utf8);
        let sum = digits
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok()?.checked_add(delta));
        self.report.wrote();
        sum.ok_or_else(|| StoreError::Invalid {
            what: format!("the value under {key:?} is no number, or the sum goes beyond 64 bits"),
        })
    }

    async fn used(&self, extension: &str) -> Result<KeyValueUsage, StoreError> {
        self.inner.used(extension).await
    }

    async fn get_many(
        &self,
        extension: &str,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.get_many(extension, bucket, keys).await
    }

    async fn set_many(
        &self,
        _: &str,
        _: &str,
        _: Vec<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.report.wrote();
        Ok(())
    }

    async fn delete_many(&self, _: &str, _: &str, _: &[String]) -> Result<(), StoreError> {
        self.report.wrote();
        Ok(())
    }
}

struct UnsavedStates(Arc<dyn SavedStates>);

#[async_trait]
impl SavedStates for UnsavedStates {
    async fn load(&self, extension: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.load(extension).await
    }

    async fn save(&self, _: &str, _: u64, _: Vec<u8>) -> Result<(), StoreError> {
        Ok(())
    }
}

struct NoHttp(Arc<ShadowReport>);

#[async_trait]
impl Http for NoHttp {
    async fn exchange(
        &self,
        _: &CallContext,
        _: http::Request<Bytes>,
        _: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        self.0.wrote();
        Err(HttpError::Denied(Denial {
            grant: "outgoing HTTP".to_owned(),
            remedy: "a revision in the shadow sends no requests, since others would see them"
                .to_owned(),
        }))
    }
}

struct ReadOnly(Arc<dyn Files>);

impl Files for ReadOnly {
    fn roots(&self, call: &CallContext) -> Vec<FileRoot> {
        let mut roots = self.0.roots(call);
        for root in &mut roots {
            root.write = false;
        }
        roots
    }
}
