//! Texts as words: names like `createVendor_v2` taken apart, endings taken off.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

/// Longer words are cut; nobody asks for them.
const MAX_WORD_BYTES: usize = 32;

/// Words that say nothing about which tool is meant.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "could", "do", "does", "for",
    "from", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "let", "like", "me",
    "my", "need", "of", "on", "or", "our", "out", "please", "should", "so", "some", "tell", "that",
    "the", "their", "them", "there", "these", "they", "this", "those", "to", "us", "want", "was",
    "we", "were", "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
];

pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The words of a text in lower case: split at whatever is neither letter nor digit, and where
/// camelCase and acronyms end.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .flat_map(humps)
        .map(|word| {
            let end = word.floor_char_boundary(MAX_WORD_BYTES);
            word[..end].to_lowercase()
        })
}

/// `ETIMAttributeList` as `ETIM`, `Attribute`, `List`.
fn humps(part: &str) -> impl Iterator<Item = &str> {
    let mut rest = part;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = rest.split_at(hump(rest));
        rest = after;
        Some(word)
    })
}

/// Where the first word ends: before a capital after a small letter, or before the last capital of
/// several that a small letter follows.
fn hump(part: &str) -> usize {
    let mut letters = part.char_indices().peekable();
    let mut before = None;
    while let Some((at, letter)) = letters.next() {
        let small_next = letters.peek().is_some_and(|(_, next)| next.is_lowercase());
        if letter.is_uppercase() {
            match before {
                Some(before) if !char::is_uppercase(before) => return at,
                Some(_) if small_next => return at,
                _ => {}
            }
        }
        before = Some(letter);
    }
    part.len()
}

/// Takes endings off English words.
pub(super) struct Stems(Stemmer);

impl Stems {
    pub(super) fn new() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }

    /// A word of another script or with digits stays as it is.
    pub(super) fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        match word.bytes().all(|b| b.is_ascii_lowercase()) {
            true => self.0.stem(word),
            false => Cow::Borrowed(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_where_their_words_begin() {
        let of = |text| words(text).collect::<Vec<_>>();
        assert_eq!(of("create_vendor-v2"), ["create", "vendor", "v2"]);
        assert_eq!(of("ETIMAttributeList"), ["etim", "attribute", "list"]);
        assert_eq!(of("getUserByID"), ["get", "user", "by", "id"]);
        assert_eq!(
            of("HTTP2 is  fine; Übergröße!"),
            ["http2", "is", "fine", "übergröße"]
        );
        assert_eq!(of("__--"), Vec::<String>::new());
        assert_eq!(of(&"x".repeat(100))[0].len(), MAX_WORD_BYTES);
    }

    #[test]
    fn stop_words_are_in_the_order_in_which_they_are_looked_for() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word("the") && !is_stop_word("vendor"));
    }
}
