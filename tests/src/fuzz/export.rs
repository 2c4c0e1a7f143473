//! Exports of a store, as an import reads them.

use super::assert_is_a_sentence;

/// Longest error: it repeats a part of a name at most.
const MOST: usize = 1000;

/// It is read, or refused in a sentence that says where.
pub(super) fn check(input: &[u8]) {
    if let Err(error) = koi_store::check_export(input) {
        let told = error.to_string();
        assert_is_a_sentence(&told, MOST);
        assert!(told.contains("the export"), "{told}");
    }
}
