//! `knowledge`: reads, queries, publishes, forgets and dereferences, over the port of that name.

use koi_rid::{Bundle, BundleOrder, Contents, Filter, Manifest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::convert::{Given, invalid, rid, rid_type};
use crate::ports::{KnowledgePage, KnowledgeQuery, KnownBundle, ManifestPage, PortError};
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

fn parsed(of_type: &str, options: &str) -> Result<KnowledgeQuery, PortError> {
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

/// Ends a function with what the guest is told.
macro_rules! given {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(reason) => return Ok(Err(reason)),
        }
    };
}

pub(crate) async fn read(state: &mut State, of: &str) -> Given<Option<KnownBundle>> {
    state.meter.host_call()?;
    let rid = given!(rid(of));
    Ok(state.ports.knowledge.read(&state.context, &rid).await)
}

pub(crate) async fn read_as(
    state: &mut State,
    of: &str,
    schema: &str,
) -> Given<Option<KnownBundle>> {
    state.meter.host_call()?;
    let rid = given!(rid(of));
    let (knowledge, schemas) = (&state.ports.knowledge, &state.ports.schemas);
    let Some(found) = given!(knowledge.read(&state.context, &rid).await) else {
        return Ok(Ok(None));
    };
    let contents = found.bundle.contents.clone();
    let transformed = schemas.transform(&state.context, &rid, contents, schema);
    let contents = given!(transformed.await);
    Ok(Ok(Some(KnownBundle {
        bundle: Bundle {
            contents,
            ..found.bundle
        },
        ..found
    })))
}

pub(crate) async fn query(state: &mut State, of_type: &str, options: &str) -> Given<KnowledgePage> {
    state.meter.host_call()?;
    let query = given!(parsed(of_type, options));
    Ok(state.ports.knowledge.query(&state.context, &query).await)
}

pub(crate) async fn entries(
    state: &mut State,
    of_type: &str,
    options: &str,
) -> Given<ManifestPage> {
    state.meter.host_call()?;
    let query = given!(parsed(of_type, options));
    if query.filter.is_some() || query.order != BundleOrder::Rid {
        let reason = "entries come in the order of their RIDs and without a filter: use `query`";
        return Ok(Err(invalid(reason)));
    }
    Ok(state.ports.knowledge.list(&state.context, &query).await)
}

pub(crate) async fn publish(state: &mut State, of: &str, contents: &str) -> Given<Manifest> {
    state.meter.host_call()?;
    let rid = given!(rid(of));
    let contents = given!(Contents::parse(contents).map_err(invalid));
    let knowledge = &state.ports.knowledge;
    Ok(knowledge.publish(&state.context, rid, contents).await)
}

pub(crate) async fn forget(state: &mut State, of: &str) -> Given<()> {
    state.meter.host_call()?;
    let rid = given!(rid(of));
    Ok(state.ports.knowledge.forget(&state.context, &rid).await)
}

pub(crate) async fn dereference(state: &mut State, of: &str) -> Given<Option<KnownBundle>> {
    state.meter.host_call()?;
    let rid = given!(rid(of));
    let knowledge = &state.ports.knowledge;
    Ok(knowledge.dereference(&state.context, &rid).await)
}
