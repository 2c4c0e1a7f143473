//! Pages of what a search finds, in the order of RIDs.
//!
//! A cursor says which of the host's pages was being looked through, and after which of its RIDs to
//! go on. So the next page costs what is on it, and neither loses nor repeats anything when other
//! bundles come or go meanwhile. To clients it is opaque.

use koi_extension::knowledge::Query;
use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

/// Most bundles that are looked at for one page. Where few match, a page may be short, or empty,
/// and yet have a cursor.
const MAX_LOOKED_AT: usize = 5000;
/// Bundles that are asked for at once.
const BATCH: u32 = 200;
/// Longest cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 16 << 10;

/// What a search found.
#[derive(Debug, PartialEq)]
pub struct Page<T> {
    /// In the order of their RIDs.
    pub items: Vec<T>,
    /// Where to go on; none if there is nothing more.
    pub next: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cursor {
    /// The host's cursor of the batch.
    batch: Option<String>,
    /// The last RID of it that was looked at.
    after: Option<String>,
}

/// Looks through the bundles of a RID type from a cursor on, and takes up to `limit` of what `pick`
/// makes of them.
///
/// # Errors
/// `invalid-input` if the cursor is none, `denied` without a grant to read; what `pick` fails with.
pub fn search<T>(
    rid_type: &str,
    cursor: Option<&str>,
    limit: usize,
    mut pick: impl FnMut(&Bundle) -> Result<Option<T>>,
) -> Result<Page<T>> {
    let mut at = cursor.map(Cursor::parse).transpose()?.unwrap_or_default();
    let mut items = Vec::new();
    let mut looked_at = 0;
    loop {
        let query = Query {
            limit: Some(BATCH),
            cursor: at.batch.clone(),
            ..Query::default()
        };
        let batch = knowledge::query(rid_type, &query)?;
        for bundle in batch.bundles {
            if at
                .after
                .as_deref()
                .is_some_and(|after| bundle.rid.as_str() <= after)
            {
                continue;
            }
            if let Some(item) = pick(&bundle)? {
                if items.len() == limit {
                    return Ok(Page {
                        items,
                        next: Some(at.print()?),
                    });
                }
                items.push(item);
            }
            looked_at += 1;
            at.after = Some(bundle.rid.to_string());
        }
        if batch.next.is_none() {
            return Ok(Page { items, next: None });
        }
        at = Cursor {
            batch: batch.next,
            after: None,
        };
        if looked_at >= MAX_LOOKED_AT {
            return Ok(Page {
                items,
                next: Some(at.print()?),
            });
        }
    }
}

impl Cursor {
    fn parse(text: &str) -> Result<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let bytes = (text.len() <= MAX_CURSOR_BYTES && text.len() % 2 == 0).then(|| {
            let pairs = text.as_bytes().chunks_exact(2);
            pairs
                .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
                .collect()
        });
        bytes
            .flatten()
            .and_then(|bytes: Vec<u8>| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| {
                Error::invalid_input("the cursor is not one that this tool gave: begin without one")
            })
    }

    /// In hexadecimal digits, which no client takes apart or has to escape.
    fn print(&self) -> Result<String> {
        let json = Json::of(self)?;
        Ok(json
            .as_str()
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use koi_extension::testing::Node;
    use serde_json::json;

    use super::*;

    const NUMBER: &str = "orn:test.number";

    fn store(node: &Node, n: usize) {
        node.store(
            &Rid::new(NUMBER, format!("{n:05}")).unwrap(),
            &json!({ "n": n }),
        );
    }

    fn search_tens(cursor: Option<&str>, limit: usize) -> Page<usize> {
        search(NUMBER, cursor, limit, |bundle| {
            let n: usize = bundle.rid.reference().parse().unwrap();
            Ok((n % 10 == 0).then_some(n))
        })
        .unwrap()
    }

    #[test]
    fn pages_follow_each_other_without_loss_whatever_their_length() {
        let node = Node::fresh();
        (0..1000).for_each(|n| store(&node, n));
        for limit in [1, 7, 20, 100] {
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let page = search_tens(cursor.as_deref(), limit);
                assert!(page.items.len() <= limit);
                found.extend(page.items);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found, (0..1000).step_by(10).collect::<Vec<_>>(), "{limit}");
        }
    }

    #[test]
    fn a_page_that_takes_the_last_item_is_the_last_one() {
        let node = Node::fresh();
        (0..20).for_each(|n| store(&node, n));
        assert_eq!(
            search_tens(None, 2),
            Page {
                items: vec![0, 10],
                next: None
            }
        );
    }

    #[test]
    fn what_comes_and_goes_meanwhile_moves_nothing() {
        let node = Node::fresh();
        (10..40).for_each(|n| store(&node, n));
        let first = search_tens(None, 1);
        assert_eq!(first.items, [10]);
        store(&node, 0);
        knowledge::forget(&Rid::new(NUMBER, "00010").unwrap()).unwrap();
        assert_eq!(search_tens(first.next.as_deref(), 1).items, [20]);
    }

    #[test]
    fn a_search_that_finds_little_stops_and_can_go_on() {
        let node = Node::fresh();
        (1..=MAX_LOOKED_AT + 10).for_each(|n| store(&node, n * 10 + 1));
        store(&node, 99990);
        let page = search_tens(None, 10);
        assert!(page.items.is_empty());
        let page = search_tens(page.next.as_deref(), 10);
        assert_eq!(
            page,
            Page {
                items: vec![99990],
                next: None
            }
        );
    }

    #[test]
    fn a_cursor_of_somebody_elses_is_invalid_input() {
        Node::fresh();
        for cursor in ["x", "é", "7b7", "7b7d7d", &"00".repeat(MAX_CURSOR_BYTES)] {
            let error = search(NUMBER, Some(cursor), 1, |_| Ok(Some(()))).unwrap_err();
            assert_eq!(
                error.kind,
                koi_extension::ErrorKind::InvalidInput,
                "{cursor}"
            );
        }
    }
}
