//! Knowledge as guests reach it: read from the store, published through the pipeline.
//!
//! Reading sees what is committed. Publishing and forgetting are durable when they return and are
//! processed afterwards, so a guest that reads at once what it published may not find it yet. What
//! dereferencing fetches has the right RID and hash and goes into the pipeline too; it is given to
//! the guest before handlers have judged it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::{Contents, Event, EventType, Manifest, Rid, Writer};
use koi_runtime::ports::{
    CallContext, CallKind, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage,
    PortError,
};
use koi_store::{Arrival, ArrivalKind, BundleQuery, StoreError, StoredBundle, Stores};

use crate::{Fetch, FetchError, Intake, IntakeError, succeed};

/// The knowledge port over a store, an entrance and a way to ask other nodes. It checks no grants:
/// the registry puts that in front.
pub fn knowledge(
    stores: &Stores,
    intake: &Intake,
    fetch: Arc<dyn Fetch>,
    node_rid: Rid,
) -> Arc<dyn Knowledge> {
    Arc::new(StoredKnowledge {
        stores: stores.clone(),
        intake: intake.clone(),
        fetch,
        node_rid,
    })
}

struct StoredKnowledge {
    stores: Stores,
    intake: Intake,
    fetch: Arc<dyn Fetch>,
    node_rid: Rid,
}

#[async_trait]
impl Knowledge for StoredKnowledge {
    async fn read(&self, _call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        Ok(self
            .stores
            .bundles
            .read(rid)
            .await
            .map_err(store_error)?
            .map(known))
    }

    async fn query(
        &self,
        _call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        let page = self.stores.bundles.list(&of(query)).await;
        let page = page.map_err(store_error)?;
        Ok(KnowledgePage {
            bundles: page.items.into_iter().map(known).collect(),
            next: page.next,
            bounded: page.is_bounded.then(|| page.scanned.into()),
        })
    }

    async fn list(
        &self,
        _call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        let page = self.stores.bundles.manifests(&of(query)).await;
        let page = page.map_err(store_error)?;
        Ok(ManifestPage {
            manifests: page.items,
            next: page.next,
        })
    }

    async fn publish(
        &self,
        call: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        if contents.is_empty() {
            return Err(PortError::InvalidInput(format!(
                "nothing was published under {rid}: empty contents cannot travel in the network"
            )));
        }
        let stored = self.stores.bundles.read(&rid).await.map_err(store_error)?;
        let event_type = match stored {
            Some(_) => EventType::Update,
            None => EventType::New,
        };
        let stored = stored.map(|stored| stored.bundle.manifest);
        let bundle = succeed(stored.as_ref(), rid, contents);
        let manifest = bundle.manifest.clone();
        self.enter(call, Event::of_bundle(event_type, bundle))
            .await?;
        Ok(manifest)
    }

    async fn forget(&self, call: &CallContext, rid: &Rid) -> Result<(), PortError> {
        self.enter(call, Event::of_rid(EventType::Forget, rid.clone()))
            .await
    }

    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        if let Some(known) = self.read(call, rid).await? {
            return Ok(Some(known));
        }
        if *rid == self.node_rid {
            return Ok(None);
        }
        let Some(fetched) = self
            .fetch
            .dereference(rid)
            .await
            .map_err(|error| match error {
                FetchError::Transient(reason) => PortError::Transient(reason),
                FetchError::Permanent(reason) => PortError::Permanent(reason),
            })?
        else {
            return Ok(None);
        };
        let bundle = fetched.bundle;
        if bundle.manifest.rid != *rid || !bundle.hash_is_right() {
            return Err(PortError::Permanent(format!(
                "{} answered with a bundle for {rid} whose RID or hash is wrong",
                fetched.source
            )));
        }
        let arrival = Arrival {
            kind: ArrivalKind::Listed,
            source: Some(fetched.source),
            writer: None,
            ..self.arrival(call, Event::of_bundle(EventType::New, bundle.clone()))
        };
        self.intake
            .publish(vec![arrival])
            .await
            .map_err(intake_error)?;
        Ok(Some(KnownBundle {
            bundle,
            written_by: None,
        }))
    }
}

impl StoredKnowledge {
    async fn enter(&self, call: &CallContext, event: Event) -> Result<(), PortError> {
        let arrival = self.arrival(call, event);
        self.intake
            .publish(vec![arrival])
            .await
            .map_err(intake_error)
    }

    fn arrival(&self, call: &CallContext, event: Event) -> Arrival {
        Arrival {
            writer: Some(Writer {
                extension: call.extension.to_string(),
                revision: call.revision,
                digest: call.digest.to_string(),
            }),
            cause: call.cause.clone(),
            // Only a handler adds to the chain of causes; tools and the host begin one.
            depth: match call.kind {
                CallKind::Handler => call.depth.saturating_add(1),
                CallKind::Lifecycle
                | CallKind::Tool
                | CallKind::Resource
                | CallKind::Prompt
                | CallKind::Completion
                | CallKind::Job => call.depth,
            },
            correlation: call.correlation.to_string(),
            ..Arrival::from(event)
        }
    }
}

fn of(query: &KnowledgeQuery) -> BundleQuery {
    BundleQuery {
        rid_types: vec![query.rid_type.clone()],
        reference_prefix: None,
        filter: query.filter.clone(),
        order: query.order.clone(),
        cursor: query.cursor.clone(),
        limit: query.limit,
    }
}

fn known(stored: StoredBundle) -> KnownBundle {
    KnownBundle {
        bundle: stored.bundle,
        written_by: stored.written_by,
    }
}

fn store_error(error: StoreError) -> PortError {
    match error {
        StoreError::Invalid { .. } => PortError::InvalidInput(error.to_string()),
        error if error.is_transient() => PortError::Transient(error.to_string()),
        _ => PortError::Permanent(error.to_string()),
    }
}

fn intake_error(error: IntakeError) -> PortError {
    match error {
        IntakeError::Busy { .. } | IntakeError::Share { .. } | IntakeError::Closed => {
            PortError::Transient(error.to_string())
        }
        IntakeError::Store(error) => store_error(error),
    }
}
