//! The node's knowledge. Each function is checked against the extension's grants for the RID.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::host::knowledge as host;
use crate::{Bundle, Error, ErrorKind, Json, Publication, Result, Rid};

/// The stored bundle, if there is one. Needs a grant to read.
///
/// # Errors
/// `denied` without the grant.
pub fn read(rid: &Rid) -> Result<Option<Bundle>> {
    host::read(rid.as_str())?.map(Bundle::try_from).transpose()
}

/// The stored bundle with its contents as the schema of that name wants them, through the transforms that
/// extensions offer. What else the bundle says, its hash too, is of what is stored. Needs a grant to read.
///
/// # Errors
/// `denied` without the grant, `invalid-input` if there is no such schema or no way to it.
pub fn read_as(rid: &Rid, schema: &str) -> Result<Option<Bundle>> {
    host::read_as(rid.as_str(), schema)?
        .map(Bundle::try_from)
        .transpose()
}

/// The stored bundle, else one fetched from a node that provides the RID type. Needs a grant to
/// read.
///
/// # Errors
/// `denied` without the grant, `transient` if no node could be asked.
pub fn dereference(rid: &Rid) -> Result<Option<Bundle>> {
    host::dereference(rid.as_str())?
        .map(Bundle::try_from)
        .transpose()
}

/// The bundle as [`dereference`] gives it, where there has to be one.
///
/// # Errors
/// As [`dereference`]; `invalid-input` if nobody has it.
pub fn find(rid: &Rid) -> Result<Bundle> {
    dereference(rid)?
        .ok_or_else(|| Error::invalid_input(format!("nothing is known under the RID {rid}")))
}

/// Puts contents under a RID on their way through the pipeline. When this returns, the publication
/// is on disk and survives a crash; it is not yet processed. Needs a grant to publish.
///
/// # Errors
/// `denied` without the grant, `invalid-input` if the contents are not a JSON object.
pub fn publish(rid: &Rid, contents: &impl Serialize) -> Result<Publication> {
    host::publish(rid.as_str(), Json::of(contents)?.as_str())?.try_into()
}

/// Waits until a publication has been processed and is what the node has stored: from then on
/// everybody reads it. False if that is not so within the time, since it waits behind others or was
/// refused on its way, and without a grant to read, since then the extension cannot tell: it has been
/// published all the same. The contract has no call that waits, so the store is asked again and
/// again.
///
/// # Errors
/// As [`read`], without `denied`.
pub fn stored_within(publication: &Publication, time: Duration) -> Result<bool> {
    const LONGEST_PAUSE: Duration = Duration::from_millis(50);
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        let stored = match read(&publication.rid) {
            Err(error) if error.kind == ErrorKind::Denied => return Ok(false),
            stored => stored?,
        };
        if stored.is_some_and(|now| now.sha256_hash == publication.sha256_hash) {
            return Ok(true);
        }
        if start.elapsed() >= time {
            return Ok(false);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Asks the node to forget what is stored under a RID, and to tell its subscribers. On disk and not
/// yet processed when it returns. Needs a grant to forget.
///
/// # Errors
/// `denied` without the grant.
pub fn forget(rid: &Rid) -> Result<()> {
    Ok(host::forget(rid.as_str())?)
}

/// One page of bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The bundles, in the order that was asked for.
    pub bundles: Vec<Bundle>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<String>,
    /// How many bundles the node looked at, if the page ended for that before it was full: what was asked
    /// for may yet be on the next ones.
    pub bounded: Option<u64>,
}

/// The order of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the RIDs.
    Rid,
    /// By the RIDs, downwards.
    RidDescending,
    /// The oldest first.
    Timestamp,
    /// The newest first.
    TimestampDescending,
    /// By what the contents have at a path that the owner of the RID type declares for indexing
    /// ([`RidType::index`](crate::RidType::index)); without those that have nothing there.
    Path(String),
    /// The same downwards.
    PathDescending(String),
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Rid => serializer.serialize_str("rid"),
            Self::RidDescending => serializer.serialize_str("-rid"),
            Self::Timestamp => serializer.serialize_str("timestamp"),
            Self::TimestampDescending => serializer.serialize_str("-timestamp"),
            Self::Path(path) => serializer.serialize_str(path),
            Self::PathDescending(path) => serializer.collect_str(&format_args!("-{path}")),
        }
    }
}

/// Which page of bundles to give.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Query {
    /// What the contents have to be like, as the contract defines it for `knowledge.query`:
    /// `json!({"path": "/owner", "eq": "sales"})`. A page with a filter may be short, or empty, and yet
    /// have a next one, see [`Page::bounded`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<serde_json::Value>,
    /// In which order; by the RIDs if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// At most this many bundles: 1 to 1000, 100 if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where to go on: the `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One page of the stored bundles of a RID type. Needs a grant to read; bundles that it does not
/// cover are left out.
///
/// # Errors
/// `denied` without a grant, `invalid-input` for a filter, limit or cursor that cannot be.
pub fn query(rid_type: &str, query: &Query) -> Result<Page> {
    let page = host::query(rid_type, Json::of(query)?.as_str())?;
    let bundles = page
        .bundles
        .into_iter()
        .map(Bundle::try_from)
        .collect::<Result<_>>()?;
    Ok(Page {
        bundles,
        next: page.next,
        bounded: page.bounded,
    })
}

/// A stored bundle without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its RID.
    pub rid: Rid,
    /// When its contents came into being: RFC 3339 in UTC.
    pub timestamp: String,
    /// Lower-case hex SHA-256 of the JCS form of its contents.
    pub sha256_hash: String,
}

/// One page of entries and the cursor of the next one. `limit` and `cursor` of the query count.
///
/// # Errors
/// As [`query`].
pub fn entries(rid_type: &str, query: &Query) -> Result<(Vec<Entry>, Option<String>)> {
    let page = host::entries(rid_type, Json::of(query)?.as_str())?;
    let entries = page.entries.into_iter().map(|entry| {
        Ok(Entry {
            rid: Rid::parse(entry.rid)?,
            timestamp: entry.timestamp,
            sha256_hash: entry.sha256_hash,
        })
    });
    Ok((entries.collect::<Result<_>>()?, page.next))
}

/// All stored bundles of a RID type, in the order of their RIDs, read page by page. Needs a grant to
/// read; bundles that it does not cover are left out. Ends after the first error.
pub fn all(rid_type: &str) -> impl Iterator<Item = Result<Bundle>> {
    let mut ahead = VecDeque::new();
    let mut next = Some(Query::default());
    std::iter::from_fn(move || {
        while ahead.is_empty() {
            match query(rid_type, &next.take()?) {
                Ok(page) => {
                    ahead.extend(page.bundles);
                    next = page.next.map(|cursor| Query {
                        cursor: Some(cursor),
                        ..Query::default()
                    });
                }
                Err(error) => return Some(Err(error)),
            }
        }
        ahead.pop_front().map(Ok)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Node;

    #[test]
    fn orders_are_told_as_the_contract_has_them() {
        let told = |order| serde_json::to_value(order).unwrap();
        assert_eq!(told(Order::TimestampDescending), "-timestamp");
        assert_eq!(told(Order::Path("/n".to_owned())), "/n");
        assert_eq!(told(Order::PathDescending("/n".to_owned())), "-/n");
    }

    #[test]
    fn all_bundles_are_read_page_by_page() {
        let node = Node::fresh();
        for n in 0..250 {
            node.store(&Rid::new("orn:test.number", n).unwrap(), &json!({ "n": n }));
        }
        node.store(&Rid::parse("orn:test.other:1").unwrap(), &json!({}));
        let rids: Vec<_> = all("orn:test.number")
            .map(|bundle| bundle.unwrap().rid)
            .collect();
        assert_eq!(rids.len(), 250);
        assert!(rids.is_sorted());
        let (found, next) = entries("orn:test.number", &Query::default()).unwrap();
        assert_eq!((found.len(), next.is_some()), (100, true));
        assert_eq!(found[0].rid, rids[0]);
    }

    #[test]
    fn a_publication_is_awaited_until_it_is_stored_or_time_is_up() {
        Node::fresh();
        let rid = Rid::parse("orn:test.number:1").unwrap();
        let publication = publish(&rid, &json!({ "n": 1 })).unwrap();
        assert!(stored_within(&publication, Duration::ZERO).unwrap());
        publish(&rid, &json!({ "n": 2 })).unwrap();
        assert!(!stored_within(&publication, Duration::ZERO).unwrap());
        forget(&rid).unwrap();
        assert!(!stored_within(&publication, Duration::ZERO).unwrap());
    }

    #[test]
    fn what_was_published_can_be_read_and_what_was_forgotten_cannot() {
        Node::fresh();
        let rid = Rid::parse("orn:test.number:1").unwrap();
        publish(&rid, &json!({ "n": 1 })).unwrap();
        assert_eq!(find(&rid).unwrap().contents.as_str(), r#"{"n":1}"#);
        forget(&rid).unwrap();
        assert_eq!(read(&rid).unwrap(), None);
        assert_eq!(find(&rid).unwrap_err().kind, crate::ErrorKind::InvalidInput);
    }
}
