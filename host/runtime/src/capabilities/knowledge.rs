//! `knowledge`: reads, queries, publishes, forgets and dereferences, over the port of that name.

use koi_rid::{BundleOrder, Contents, Filter, Manifest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::convert::{bundle, error, invalid, rid, rid_type};
use crate::bindings::koi::extension::knowledge::{
    Bundle, BundlePage, Entry, EntryPage, Host, Publication,
};
use crate::bindings::koi::extension::types::Error;
use crate::ports::{KnowledgeQuery, KnownBundle};
use crate::state::State;

const DEFAULT_PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;

/// The options of a query; members of later revisions are ignored.
#[derive(Deserialize)]
struct QueryOptions {
    limit: Option<u32>,
    cursor: Option<String>,
    order: Option<String>,
    filter: Option<Box<RawValue>>,
}

fn query(of_type: &str, options: &str) -> Result<KnowledgeQuery, Error> {
    let rid_type = rid_type(of_type)?;
    let options: QueryOptions = serde_json::from_str(options)
        .map_err(|reason| invalid(format!("the options of the query are malformed: {reason}")))?;
    let limit = options.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(invalid(format!(
            "the query's limit is {limit}; it has to be from 1 to {LARGEST_PAGE}"
        )));
    }
    let filter = options
        .filter
        .map(|filter| Filter::parse(filter.get()))
        .transpose()
        .map_err(invalid)?;
    let order = options.order.as_deref().map(str::parse).transpose();
    Ok(KnowledgeQuery {
        rid_type,
        filter,
        order: order.map_err(invalid)?.unwrap_or_default(),
        limit,
        cursor: options.cursor,
    })
}

fn entry(manifest: Manifest) -> Entry {
    Entry {
        rid: manifest.rid.as_str().to_owned(),
        timestamp: manifest.timestamp.as_str().to_owned(),
        sha256_hash: manifest.sha256_hash,
    }
}

impl Host for State {
    async fn read(&mut self, of: String) -> wasmtime::Result<Result<Option<Bundle>, Error>> {
        self.meter.host_call()?;
        let rid = match rid(&of) {
            Ok(rid) => rid,
            Err(error) => return Ok(Err(error)),
        };
        let found = self.ports.knowledge.read(&self.context, &rid).await;
        Ok(found.map(|known| known.map(bundle)).map_err(error))
    }

    async fn read_as(
        &mut self,
        of: String,
        schema: String,
    ) -> wasmtime::Result<Result<Option<Bundle>, Error>> {
        self.meter.host_call()?;
        let rid = match rid(&of) {
            Ok(rid) => rid,
            Err(error) => return Ok(Err(error)),
        };
        let (knowledge, schemas) = (&self.ports.knowledge, &self.ports.schemas);
        let found = match knowledge.read(&self.context, &rid).await {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(Ok(None)),
            Err(reason) => return Ok(Err(error(reason))),
        };
        let contents = found.bundle.contents.clone();
        let transformed = schemas.transform(&self.context, &rid, contents, &schema);
        Ok(match transformed.await {
            Ok(contents) => Ok(Some(bundle(KnownBundle {
                bundle: koi_rid::Bundle {
                    contents,
                    ..found.bundle
                },
                ..found
            }))),
            Err(reason) => Err(error(reason)),
        })
    }

    async fn query(
        &mut self,
        of_type: String,
        options: String,
    ) -> wasmtime::Result<Result<BundlePage, Error>> {
        self.meter.host_call()?;
        let query = match query(&of_type, &options) {
            Ok(query) => query,
            Err(error) => return Ok(Err(error)),
        };
        let found = self.ports.knowledge.query(&self.context, &query).await;
        Ok(found
            .map(|page| BundlePage {
                bundles: page.bundles.into_iter().map(bundle).collect(),
                next: page.next,
                bounded: page.bounded,
            })
            .map_err(error))
    }

    async fn entries(
        &mut self,
        of_type: String,
        options: String,
    ) -> wasmtime::Result<Result<EntryPage, Error>> {
        self.meter.host_call()?;
        let query = match query(&of_type, &options) {
            Ok(query) if query.filter.is_none() && query.order == BundleOrder::Rid => query,
            Ok(_) => {
                let reason =
                    "entries come in the order of their RIDs and without a filter: use `query`";
                return Ok(Err(invalid(reason)));
            }
            Err(error) => return Ok(Err(error)),
        };
        let found = self.ports.knowledge.list(&self.context, &query).await;
        Ok(found
            .map(|page| EntryPage {
                entries: page.manifests.into_iter().map(entry).collect(),
                next: page.next,
            })
            .map_err(error))
    }

    async fn publish(
        &mut self,
        of: String,
        contents: String,
    ) -> wasmtime::Result<Result<Publication, Error>> {
        self.meter.host_call()?;
        let rid = match rid(&of) {
            Ok(rid) => rid,
            Err(error) => return Ok(Err(error)),
        };
        let contents = match Contents::parse(&contents) {
            Ok(contents) => contents,
            Err(reason) => return Ok(Err(invalid(reason))),
        };
        let published = self
            .ports
            .knowledge
            .publish(&self.context, rid, contents)
            .await;
        Ok(published
            .map(|manifest| Publication {
                rid: manifest.rid.as_str().to_owned(),
                timestamp: manifest.timestamp.as_str().to_owned(),
                sha256_hash: manifest.sha256_hash,
            })
            .map_err(error))
    }

    async fn forget(&mut self, of: String) -> wasmtime::Result<Result<(), Error>> {
        self.meter.host_call()?;
        let rid = match rid(&of) {
            Ok(rid) => rid,
            Err(error) => return Ok(Err(error)),
        };
        let forgotten = self.ports.knowledge.forget(&self.context, &rid).await;
        Ok(forgotten.map_err(error))
    }

    async fn dereference(&mut self, of: String) -> wasmtime::Result<Result<Option<Bundle>, Error>> {
        self.meter.host_call()?;
        let rid = match rid(&of) {
            Ok(rid) => rid,
            Err(error) => return Ok(Err(error)),
        };
        let found = self.ports.knowledge.dereference(&self.context, &rid).await;
        Ok(found.map(|known| known.map(bundle)).map_err(error))
    }
}
