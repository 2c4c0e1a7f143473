//! The ranges of RIDs, in the order of their bytes, that a query selects.

use koi_rid::RidType;

use crate::BundleQuery;

/// From one text, itself included, up to another, itself excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) from: String,
    /// `None` if there is no end.
    pub(crate) to: Option<String>,
}

impl Range {
    /// The RIDs of a type whose references begin with a prefix.
    pub(crate) fn of_type(rid_type: &str, reference_prefix: &str) -> Self {
        let from = format!("{rid_type}:{reference_prefix}");
        let to = end_of_prefix(&from);
        Self { from, to }
    }

    /// What of it comes after a RID, if anything.
    pub(crate) fn after(mut self, cursor: &str) -> Option<Self> {
        if self.to.as_deref().is_some_and(|to| to <= cursor) {
            return None;
        }
        if *self.from <= *cursor {
            // The next text there is after the cursor.
            self.from = format!("{cursor}\0");
        }
        Some(self)
    }

    /// What of it comes before a RID, if anything.
    fn before(mut self, cursor: &str) -> Option<Self> {
        if *self.from >= *cursor {
            return None;
        }
        if self.to.as_deref().is_none_or(|to| to > cursor) {
            self.to = Some(cursor.to_owned());
        }
        Some(self)
    }
}

/// Whether the ranges of a query depend on which types have bundles.
pub(crate) fn needs_types(query: &BundleQuery) -> bool {
    let prefix = query.reference_prefix.as_deref().unwrap_or_default();
    query.rid_types.is_empty() && !prefix.is_empty()
}

/// The ranges of a query for a list that goes down, the last one first: what comes before the cursor.
pub(crate) fn before_cursor(query: &BundleQuery, types: &[RidType]) -> Vec<Range> {
    let mut ranges = all(query, types);
    ranges.reverse();
    match query.cursor.as_deref() {
        None => ranges,
        Some(cursor) => ranges
            .into_iter()
            .filter_map(|range| range.before(cursor))
            .collect(),
    }
}

/// The ranges of a query, in their order, none overlapping another: what comes after the cursor.
pub(crate) fn of_query(query: &BundleQuery, types: &[RidType]) -> Vec<Range> {
    let ranges = all(query, types);
    match query.cursor.as_deref() {
        None => ranges,
        Some(cursor) => ranges
            .into_iter()
            .filter_map(|range| range.after(cursor))
            .collect(),
    }
}

/// The ranges of a query without regard to its cursor. `types` are those that have bundles, if
/// [`needs_types`] says so.
fn all(query: &BundleQuery, types: &[RidType]) -> Vec<Range> {
    let prefix = query.reference_prefix.as_deref().unwrap_or_default();
    let of_types = |types: &[RidType]| -> Vec<Range> {
        types
            .iter()
            .map(|rid_type| Range::of_type(rid_type.as_str(), prefix))
            .collect()
    };
    let mut ranges = if !query.rid_types.is_empty() {
        of_types(&query.rid_types)
    } else if prefix.is_empty() {
        vec![Range {
            from: String::new(),
            to: None,
        }]
    } else {
        of_types(types)
    };
    ranges.sort();
    ranges.dedup();
    ranges
}

/// The first text after all that begin with `prefix`, if there is one.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // Surrogates are no characters, so the one after U+D7FF is U+E000.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_text_begins() {
        assert_eq!(end_of_prefix("orn:a:").as_deref(), Some("orn:a;"));
        assert_eq!(end_of_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end_of_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
    }

    #[test]
    fn a_cursor_cuts_off_what_is_not_after_it() {
        let range = Range::of_type("orn:b", "");
        assert_eq!(range.clone().after("orn:a:z"), Some(range.clone()));
        assert_eq!(range.clone().after("orn:c:a"), None);
        let rest = range.after("orn:b:m").map(|range| range.from);
        assert_eq!(rest.as_deref(), Some("orn:b:m\0"));
    }
}
