//! Which index a list goes along, if any.
//!
//! Along an index that has the keys that a filter asks for, lists by RID stay in their order if that is
//! one key. Otherwise what the index names is gathered and sorted, if it is no more than a page may look
//! at; if it is more, rows are read in their order as without an index. Lists by a path go along its
//! index always.

use koi_rid::{BundleOrder, Keys, Pointer, RidType};

use crate::{BundleQuery, MAX_SCANNED, Result, StoreError};

/// An index that a list may go along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// The index's number.
    pub(crate) index: i64,
    pub(crate) path: Pointer,
    /// The keys to look at.
    pub(crate) keys: Keys,
}

/// An index of the query's type.
pub(crate) struct Indexed {
    pub(crate) number: i64,
    pub(crate) path: Pointer,
    pub(crate) is_whole: bool,
}

/// What a query can go along.
pub(crate) enum Ways {
    /// The rows of the bundles.
    Rows,
    /// This index.
    One(Way),
    /// One of these, or the rows: their keys have to be counted, up to [`COUNTED`].
    Counted(Vec<Way>),
}

/// As many keys as need to be counted to know that they are too many.
pub(crate) const COUNTED: u32 = MAX_SCANNED + 1;

/// The RID type whose indexes may be of use to a query.
pub(crate) fn wants_indexes(query: &BundleQuery) -> Option<&RidType> {
    match query.rid_types.as_slice() {
        [rid_type] if query.filter.is_some() || query.order.path().is_some() => Some(rid_type),
        _ => None,
    }
}

/// What a query can go along. `declared` are the indexes of the type that [`wants_indexes`] says.
pub(crate) fn ways(query: &BundleQuery, declared: Vec<Indexed>) -> Result<Ways> {
    if let Some(path) = query.order.path() {
        return by_path(query, path, declared).map(Ways::One);
    }
    let Some(filter) = &query.filter else {
        return Ok(Ways::Rows);
    };
    let whole = declared.into_iter().filter(|index| index.is_whole);
    let mut ways: Vec<Way> = whole
        .filter_map(|index| {
            Some(Way {
                index: index.number,
                keys: filter.keys_at(&index.path)?,
                path: index.path,
            })
        })
        .collect();
    Ok(match ways.len() {
        0 => Ways::Rows,
        1 if ways.iter().all(|way| is_in_order(way, query)) => {
            ways.pop().map_or(Ways::Rows, Ways::One)
        }
        _ => Ways::Counted(ways),
    })
}

/// The way to take, given how many keys each of them has, up to [`COUNTED`]. Of several that have as few, the
/// first by its path: the order in which a database gives the indexes is its own affair.
pub(crate) fn choose(query: &BundleQuery, counted: Vec<(Way, u32)>) -> Option<Way> {
    let usable = counted
        .into_iter()
        .filter(|(way, keys)| *keys < COUNTED || is_in_order(way, query));
    let fewest = usable.min_by(|(one, keys), (other, others)| {
        keys.cmp(others).then_with(|| one.path.cmp(&other.path))
    });
    fewest.map(|(way, _)| way)
}

/// Whether what a way leads along is in the order of the query.
fn is_in_order(way: &Way, query: &BundleQuery) -> bool {
    let is_one = matches!(&way.keys, Keys::Points(points) if points.len() == 1);
    is_one && matches!(query.order, BundleOrder::Rid | BundleOrder::RidDescending)
}

fn by_path(query: &BundleQuery, path: &Pointer, declared: Vec<Indexed>) -> Result<Way> {
    let [rid_type] = query.rid_types.as_slice() else {
        return Err(StoreError::Invalid {
            what: "bundles are listed by a path for one RID type at a time".to_owned(),
        });
    };
    let index = declared.into_iter().find(|index| index.path == *path);
    let index = index.ok_or_else(|| StoreError::Invalid {
        what: format!(
            "bundles of {rid_type} are not listed by `{path}`: the extension that owns the type has \
             not declared that path in its description (`indexes`)"
        ),
    })?;
    if !index.is_whole {
        return Err(StoreError::Filling {
            what: format!("{rid_type} by `{path}`"),
        });
    }
    let keys = query
        .filter
        .as_ref()
        .and_then(|filter| filter.keys_at(path));
    let keys = match keys.unwrap_or_else(Keys::all) {
        Keys::Points(points) => match (points.first(), points.last()) {
            (Some(first), Some(last)) => Keys::Range(first.clone(), last.clone()),
            _ => Keys::Points(points),
        },
        range => range,
    };
    Ok(Way {
        index: index.number,
        path: index.path,
        keys,
    })
}

#[cfg(test)]
mod tests {
    use koi_rid::Filter;

    use super::*;

    #[test]
    fn of_ways_with_as_few_keys_the_same_is_taken_in_whatever_order_they_come() {
        let filter = r#"{"all":[{"path":"/a","ge":1},{"path":"/b","ge":1}]}"#;
        let query = BundleQuery {
            filter: Some(Filter::parse(filter).unwrap()),
            ..BundleQuery::default()
        };
        let way = |number, path: &str| {
            let path = Pointer::parse(path).unwrap();
            let keys = query.filter.as_ref().unwrap().keys_at(&path).unwrap();
            (
                Way {
                    index: number,
                    path,
                    keys,
                },
                3,
            )
        };
        let chosen = |counted| choose(&query, counted).map(|way| way.index);
        assert_eq!(chosen(vec![way(1, "/a"), way(2, "/b")]), Some(1));
        assert_eq!(chosen(vec![way(2, "/b"), way(1, "/a")]), Some(1));
    }
}
