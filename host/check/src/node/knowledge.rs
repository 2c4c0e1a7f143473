//! Stored knowledge. What is published is there at once.

use std::cmp::Ordering;

use async_trait::async_trait;
use koi_registry::{Invocation, Right};
use koi_rid::{Bundle, BundleOrder, Contents, Manifest, Pointer, Rid, Writer};
use koi_runtime::ports::{
    CallContext, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage, PortError,
    Schemas,
};
use koi_runtime::{CallError, Mode};
use serde_json::Value;

use super::{MAX_NOTED, Node, now};

/// Most bundles that the node keeps; further ones are acknowledged and forgotten.
const MAX_BUNDLES: usize = 4096;

impl Node {
    /// Stores contents as if they had been published.
    pub(crate) fn store(
        &self,
        rid: Rid,
        contents: Contents,
        written_by: Option<Writer>,
    ) -> Manifest {
        let mut bundle = Bundle::generate(rid.clone(), contents);
        bundle.manifest.timestamp = now();
        let manifest = bundle.manifest.clone();
        let mut kept = self.kept();
        if kept.knowledge.len() < MAX_BUNDLES || kept.knowledge.contains_key(&rid) {
            kept.knowledge
                .insert(rid, KnownBundle { bundle, written_by });
        }
        manifest
    }

    /// Notes contents that the pipeline would refuse.
    fn judge(&self, call: &CallContext, rid: &Rid, contents: &Contents) {
        let mut owned = self.description.rid_types.iter();
        let schema = owned
            .find(|owned| owned.rid_type.as_str() == rid.type_str())
            .and_then(|owned| self.schemas.get(owned.schema.as_ref()?));
        let Some(schema) = schema else { return };
        let Ok(value) = contents.to::<Value>() else {
            return;
        };
        if let Err(misfit) = schema.check(&value) {
            let mut noted = self.noted();
            if noted.misfits.len() < MAX_NOTED {
                let key = (call.correlation.to_string(), rid.type_str().to_owned());
                noted.misfits.entry(key).or_insert(misfit);
            }
        }
    }

    /// The bundles that a query finds and the extension may read, in its order.
    fn find(
        &self,
        query: &KnowledgeQuery,
    ) -> Result<(Vec<KnownBundle>, Option<String>), PortError> {
        let from: usize = match &query.cursor {
            Some(cursor) => cursor.parse::<usize>().map_err(|_| {
                PortError::InvalidInput("the cursor is none that this node gave".to_owned())
            })?,
            None => 0,
        };
        if let Some(path) = query.order.path() {
            let mut owned = self.description.rid_types.iter();
            if !owned.any(|owned| owned.rid_type == query.rid_type && owned.indexes.contains(path))
            {
                return Err(PortError::InvalidInput(format!(
                    "the path `{path}` is not declared for indexing by the owner of {}",
                    query.rid_type
                )));
            }
        }
        let kept = self.kept();
        let of_type = kept.knowledge.values().filter(|known| {
            let rid = &known.bundle.manifest.rid;
            rid.type_str() == query.rid_type.as_str() && self.access.allows(Right::Read, rid)
        });
        let mut found: Vec<KnownBundle> = of_type
            .filter(|known| {
                let mut filter = query.filter.iter();
                filter.all(|filter| filter.matches(&known.bundle.contents))
            })
            .filter(|known| {
                query
                    .order
                    .path()
                    .is_none_or(|path| at(known, path).is_some())
            })
            .cloned()
            .collect();
        drop(kept);
        found.sort_by(|one, other| compare(&query.order, one, other));
        if query.order.is_descending() {
            found.reverse();
        }
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let next = from.saturating_add(limit);
        let next = (next < found.len()).then(|| next.to_string());
        Ok((found.into_iter().skip(from).take(limit).collect(), next))
    }
}

fn at(known: &KnownBundle, path: &Pointer) -> Option<Value> {
    let contents: Value = known.bundle.contents.to().ok()?;
    contents.pointer(path.as_str()).cloned()
}

fn compare(order: &BundleOrder, one: &KnownBundle, other: &KnownBundle) -> Ordering {
    let (first, second) = (&one.bundle.manifest, &other.bundle.manifest);
    let by = match order {
        BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
            first.timestamp.cmp(&second.timestamp)
        }
        BundleOrder::Path(path) | BundleOrder::PathDescending(path) => {
            let text = |value: Option<Value>| value.map(|value| value.to_string());
            text(at(one, path)).cmp(&text(at(other, path)))
        }
        _ => Ordering::Equal,
    };
    by.then_with(|| first.rid.cmp(&second.rid))
}

#[async_trait]
impl Knowledge for Node {
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError> {
        self.require(call, Right::Read, rid)?;
        Ok(self.kept().knowledge.get(rid).cloned())
    }

    async fn query(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError> {
        self.require_some(call, &query.rid_type)?;
        let (bundles, next) = self.find(query)?;
        Ok(KnowledgePage {
            bundles,
            next,
            bounded: None,
        })
    }

    async fn list(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError> {
        self.require_some(call, &query.rid_type)?;
        let (bundles, next) = self.find(query)?;
        let manifests = bundles.into_iter().map(|known| known.bundle.manifest);
        Ok(ManifestPage {
            manifests: manifests.collect(),
            next,
        })
    }

    async fn publish(
        &self,
        call: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError> {
        self.require(call, Right::Publish, &rid)?;
        self.judge(call, &rid, &contents);
        let writer = Writer {
            extension: call.extension.to_string(),
            revision: call.revision,
            digest: call.digest.to_string(),
        };
        Ok(self.store(rid, contents, Some(writer)))
    }

    async fn forget(&self, call: &CallContext, rid: &Rid) -> Result<(), PortError> {
        self.require(call, Right::Forget, rid)?;
        self.kept().knowledge.remove(rid);
        Ok(())
    }

    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        self.read(call, rid).await
    }
}

#[async_trait]
impl Schemas for Node {
    /// By one transform of the extension's own at the most.
    async fn transform(
        &self,
        call: &CallContext,
        rid: &Rid,
        contents: Contents,
        schema: &str,
    ) -> Result<Contents, PortError> {
        self.require(call, Right::Read, rid)?;
        let value: Value = contents
            .to()
            .map_err(|error| PortError::InvalidInput(error.to_string()))?;
        let fits = |name: &str| {
            let schema = self.schemas.get(name);
            schema.is_some_and(|schema| schema.check(&value).is_ok())
        };
        if fits(schema) {
            return Ok(contents);
        }
        let mut pairs = self.description.transforms.iter();
        let pair = pairs.find(|(from, to)| to == schema && fits(from));
        let (Some((from, to)), Some(callee)) = (pair, self.callee.get()) else {
            return Err(PortError::InvalidInput(format!(
                "there is no schema `{schema}`, or no way to it from what is stored under {rid}"
            )));
        };
        if self.access.execution().mode == Mode::Singleton {
            return Err(PortError::Permanent(format!(
                "{} has one instance, which waits for this answer",
                call.extension
            )));
        }
        let invocation = Invocation::new(call.correlation.clone());
        let made = callee
            .transform(from, to, contents.as_str(), invocation)
            .await;
        let made = made.map_err(|error| match error {
            CallError::Guest(error) => PortError::Permanent(error.message),
            other => PortError::Permanent(other.to_string()),
        })?;
        Contents::parse(&made).map_err(|error| PortError::Permanent(error.to_string()))
    }
}
