//! A question in plain language as what is looked for: for each word its stem, the word as it
//! stands, and other words of the same meaning.

use super::text::exact;
use super::thesaurus;
use super::words::{Stems, is_stop_word, words};

/// Words of a question that are looked at.
const MAX_WORDS: usize = 64;
/// What a word of the same meaning counts, beside the word itself.
const SYNONYM: f32 = 0.8;
/// What the word as it stands counts besides its stem.
const EXACT: f32 = 0.25;
/// Words with which questions begin that something is read for, and what goes on as a request instead.
const QUESTIONS: &[&str] = &[
    "are", "did", "does", "has", "have", "how", "is", "was", "were", "what", "when", "where",
    "which", "who", "whose", "why",
];
const REQUESTS: &[&str] = &["can", "could", "do", "should", "to", "would"];
/// What a question asks for besides its words.
const READING: &[&str] = &["read", "list", "get", "find", "show"];
const ASKING_WEIGHT: f32 = 1.3;
/// What is to be done is not said.
const READING_WEIGHT: f32 = 0.5;
/// After these stands what the thing that is asked for belongs to, which counts less.
const BELONGING: &[&str] = &[
    "about",
    "belonging",
    "by",
    "for",
    "from",
    "of",
    "that",
    "whose",
    "with",
];
const BELONGING_WEIGHT: f32 = 0.8;
/// What is to be done to a thing tells tools of the same thing apart.
const CHANGING_WEIGHT: f32 = 1.3;
/// In a question, it has been done.
const CHANGED_WEIGHT: f32 = 0.5;
/// What says that many things are meant, or that they are to be listed.
const MANY: &str = "bulk";
const LIST: &str = "list";
const ALL: &[&str] = &[
    "all",
    "each",
    "every",
    "everybody",
    "everyone",
    "everything",
];
/// What numbers are of without there being many things.
const UNITS: &[&str] = &[
    "days", "dollars", "euros", "francs", "hours", "meters", "minutes", "months", "pounds",
    "seconds", "times", "weeks", "years",
];
const NUMBERS: &[&str] = &[
    "dozen",
    "dozens",
    "eight",
    "fifteen",
    "fifty",
    "five",
    "forty",
    "four",
    "hundred",
    "hundreds",
    "nine",
    "ninety",
    "seven",
    "six",
    "sixty",
    "ten",
    "thirty",
    "thousand",
    "thousands",
    "three",
    "twelve",
    "twenty",
    "two",
];

/// One thing that is asked for, in whatever words.
#[derive(Debug, PartialEq)]
pub(super) struct Concept {
    /// The terms that may stand for it, and what each counts.
    pub(super) terms: Vec<(String, f32)>,
    /// What it counts among the others.
    pub(super) weight: f32,
}

/// What a question asks for. `known` tells of which stems there are tools, and `spelling` the known stem
/// that an unknown one is likely to be.
pub(super) fn concepts(
    question: &str,
    stems: &Stems,
    known: impl Fn(&str) -> bool,
    spelling: impl Fn(&str) -> Option<String>,
) -> Vec<Concept> {
    let all: Vec<String> = words(question).take(MAX_WORDS).collect();
    let asks = asks(&all);
    let all = phrases(all);
    let mut concepts: Vec<(Vec<usize>, Concept)> = Vec::new();
    let only_stop_words = all.iter().all(|word| is_stop_word(word));
    let mut weight = 1.0;
    for word in &all {
        if BELONGING.contains(&word.as_str()) {
            weight = BELONGING_WEIGHT;
        }
        if ALL.contains(&word.as_str()) || is_stop_word(word) && !only_stop_words {
            continue;
        }
        let stem = stems.stem(word);
        let corrected = spelling(&stem);
        let stem = corrected.as_deref().unwrap_or(&stem);
        let meanings = thesaurus::meanings(stem);
        // Two words for the same, as in "make a new", are asked for once.
        let same = concepts
            .iter_mut()
            .find(|(known, _)| !meanings.is_empty() && known == meanings);
        if let Some((_, concept)) = same {
            concept.put(stem, 1.0);
            continue;
        }
        let mut concept = Concept {
            terms: Vec::new(),
            weight: match changes(meanings) {
                true if asks => CHANGED_WEIGHT,
                true => CHANGING_WEIGHT,
                false => weight,
            },
        };
        concept.put(stem, 1.0);
        for other in meanings.iter().flat_map(|of| thesaurus::stems(*of)) {
            concept.put(other, SYNONYM);
        }
        concepts.push((meanings.to_vec(), concept));
    }
    let mut concepts: Vec<Concept> = concepts.into_iter().map(|(_, concept)| concept).collect();
    concepts.extend(
        all.iter()
            .filter(|word| !is_stop_word(word))
            .map(|word| Concept {
                terms: vec![(exact(word), 1.0)],
                weight: EXACT,
            }),
    );
    let does = |word: &String| does(thesaurus::meanings(&stems.stem(word)));
    if asks || !all.iter().any(does) {
        let terms = READING
            .iter()
            .map(|word| (stems.stem(word).into_owned(), 1.0));
        concepts.push(Concept {
            terms: terms.collect(),
            weight: match asks {
                true => ASKING_WEIGHT,
                false => READING_WEIGHT,
            },
        });
    }
    let many = asks_for_many(&all, |word| known(&stems.stem(word))).then_some(MANY);
    if let Some(word) = many.or_else(|| all_of(&all, stems)) {
        concepts.push(Concept {
            terms: vec![(stems.stem(word).into_owned(), 1.0)],
            weight: 1.0,
        });
    }
    concepts
}

impl Concept {
    fn put(&mut self, term: &str, counts: f32) {
        match self.terms.iter_mut().find(|(known, _)| known == term) {
            Some((_, known)) => *known = known.max(counts),
            None => self.terms.push((term.to_owned(), counts)),
        }
    }
}

/// Words that may stand inside of a separable phrase.
const INSIDE: usize = 3;

/// The words with one in place of each phrase.
fn phrases(mut words: Vec<String>) -> Vec<String> {
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let found = |phrases: &[(&str, &str, &'static str)], inside: usize| {
            let of = phrases.iter().filter(|(begin, ..)| begin == first);
            of.into_iter().find_map(|(_, last, word)| {
                let mut after = words.iter().skip(at + 1).take(inside + 1);
                Some((at + 1 + after.position(|end| end == last)?, *word))
            })
        };
        let found = found(thesaurus::PHRASES, 0).or_else(|| found(thesaurus::SEPARABLE, INSIDE));
        if let Some((end, word)) = found {
            words.remove(end);
            word.clone_into(&mut words[at]);
        }
        at += 1;
    }
    words
}

/// Whether it is a question that something is read for, and no request.
fn asks(words: &[String]) -> bool {
    let is = |word: Option<&String>, among: &[&str]| {
        word.is_some_and(|word| among.contains(&word.as_str()))
    };
    is(words.first(), QUESTIONS) && !is(words.get(1), REQUESTS)
}

/// Whether one of the meanings is that something is done, and not only read.
fn does(meanings: &[usize]) -> bool {
    let other = |meaning: &usize| thesaurus::OTHER_DEEDS.contains(meaning);
    changes(meanings) || meanings.iter().any(other)
}

/// Whether one of the meanings is that something is changed.
fn changes(meanings: &[usize]) -> bool {
    meanings
        .iter()
        .any(|meaning| thesaurus::CHANGES.contains(meaning))
}

/// What "all" stands for: with something that is to be done to them, many; else a list. What is made
/// new for all is still one.
fn all_of(words: &[String], stems: &Stems) -> Option<&'static str> {
    let all = words.iter().position(|word| ALL.contains(&word.as_str()))?;
    let mut before = words[..all]
        .iter()
        .flat_map(|word| thesaurus::meanings(&stems.stem(word)));
    match before.find(|meaning| thesaurus::CHANGES.contains(meaning)) {
        Some(&thesaurus::CREATES) => None,
        Some(_) => Some(MANY),
        None => Some(LIST),
    }
}

/// Whether a number stands before the plural of something that there are tools for, as in "forty
/// customers"; "customer 40" is one.
fn asks_for_many(words: &[String], known: impl Fn(&str) -> bool) -> bool {
    let is_number = |word: &str| {
        NUMBERS.binary_search(&word).is_ok() || word.parse::<u64>().is_ok_and(|number| number > 1)
    };
    let is_plural = |word: &String| {
        word.len() > 3
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !UNITS.contains(&word.as_str())
            && known(word)
    };
    // "product 3 into boxes" is about one.
    let goes_on =
        |word: &&String| ["of", "our", "the"].contains(&word.as_str()) || !is_stop_word(word);
    words.iter().enumerate().any(|(at, word)| {
        let after = words.iter().skip(at + 1).take(3);
        is_number(word) && after.take_while(goes_on).any(is_plural)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(question: &str) -> Vec<Vec<String>> {
        let concepts = concepts(question, &Stems::new(), |_| true, |_| None);
        concepts
            .into_iter()
            .filter(|concept| concept.weight >= BELONGING_WEIGHT)
            .map(|concept| concept.terms.into_iter().map(|(term, _)| term).collect())
            .collect()
    }

    #[test]
    fn a_word_asks_for_others_of_its_meaning_too() {
        let asked = terms("a supplier");
        assert_eq!(asked.len(), 1);
        assert!(asked[0].contains(&"vendor".to_owned()), "{asked:?}");
    }

    #[test]
    fn two_words_for_the_same_count_once() {
        let stem = Stems::new().stem("create").into_owned();
        let creating = terms("make a new widget");
        assert_eq!(creating.iter().filter(|of| of.contains(&stem)).count(), 1);
    }

    #[test]
    fn a_number_before_a_plural_asks_for_many() {
        assert!(NUMBERS.is_sorted());
        let many = |question: &str| {
            let words: Vec<_> = words(question).collect();
            asks_for_many(&words, |word| word != "pumps")
        };
        assert!(many("add 40 new customers") && many("Remove twenty quotes"));
        assert!(!many("show customer 40") && !many("1 address") && !many("40"));
        assert!(!many("an offer for 20 pumps") && !many("put product 3 into boxes"));
    }

    #[test]
    fn a_question_of_stop_words_alone_still_asks_for_something() {
        assert!(!terms("what is it").is_empty());
        assert!(terms("").is_empty());
    }
}
