//! Which tools answer a question: BM25 over several fields. A word counts where it counts most, in a
//! tool's name rather than in the description of a parameter, and not twice for being in both.
//!
//! Each concept of the question is scored by the best of its terms, and is the rarer the fewer tools
//! have any of them. A word that nobody knows is taken for the one that is spelt most like it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::query::{Concept, concepts};
use super::text::{EXACT, FIELDS, Text};
use super::thesaurus;
use super::words::Stems;

/// Tools that can be found; those beyond in the order of their names cannot.
const MAX_TOOLS: usize = 10_000;
/// What a word counts in the name, the title, the description and the parameters.
const WEIGHTS: [f32; FIELDS] = [3.0, 3.0, 2.0, 0.3];
/// How much a word counts less in a longer text, for each field.
const LENGTHS: [f32; FIELDS] = [0.4, 0.4, 0.4, 0.75];
/// After how many occurrences another one counts half of the first.
const SATURATION: f32 = 1.2;
/// Least likeness of words, 0 to 1, of which one may be the other misspelt.
const LIKENESS: f64 = 0.7;
/// Shortest word, in bytes, that may be misspelt. The first letter seldom is.
const SHORTEST: usize = 4;

/// An index of tools by their texts. Immutable.
pub(super) struct Index {
    names: Vec<String>,
    texts: Vec<Arc<Text>>,
    /// The tools that have a term, and how much of it.
    postings: HashMap<Box<str>, Vec<(u32, f32)>>,
}

impl Index {
    /// Of these tools, in this order.
    pub(super) fn new(tools: impl IntoIterator<Item = (String, Arc<Text>)>) -> Self {
        let (names, texts): (Vec<_>, Vec<_>) = tools.into_iter().take(MAX_TOOLS).unzip();
        let mean = |field: usize| {
            let all: f32 = texts
                .iter()
                .map(|text: &Arc<Text>| text.lengths[field] as f32)
                .sum();
            (all / texts.len().max(1) as f32).max(1.0)
        };
        let means: [f32; FIELDS] = std::array::from_fn(mean);
        let mut postings: HashMap<Box<str>, Vec<(u32, f32)>> = HashMap::new();
        for (tool, text) in (0..).zip(&texts) {
            for (term, counts) in &text.terms {
                let much: f32 = (0..FIELDS)
                    .map(|field| {
                        let length = text.lengths[field] as f32 / means[field];
                        let longer = 1.0 - LENGTHS[field] + LENGTHS[field] * length;
                        WEIGHTS[field] * f32::from(counts[field]) / longer.max(f32::EPSILON)
                    })
                    .fold(0.0, f32::max);
                match postings.get_mut(term) {
                    Some(of_term) => of_term.push((tool, much)),
                    None => drop(postings.insert(term.clone(), vec![(tool, much)])),
                }
            }
        }
        Self {
            names,
            texts,
            postings,
        }
    }

    /// The texts of the tools, for the next index.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &Arc<Text>)> {
        self.names.iter().map(String::as_str).zip(&self.texts)
    }

    /// The names of the tools that answer best, the best first.
    pub(super) fn search(&self, question: &str, limit: usize, stems: &Stems) -> Vec<&str> {
        let mut scores: BTreeMap<u32, f32> = BTreeMap::new();
        for concept in concepts(
            question,
            stems,
            |stem| self.is_known(stem),
            |stem| self.spelling(stem),
        ) {
            let found = self.find(&concept);
            let all = self.names.len() as f32;
            let those = breadth(&found);
            let rarity = (1.0 + (all - those + 0.5) / (those + 0.5)).ln();
            for (tool, much) in found {
                *scores.entry(tool).or_default() += concept.weight * rarity * much;
            }
        }
        let mut best: Vec<(u32, f32)> = scores.into_iter().collect();
        // The sort is stable and tools come by name.
        best.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        best.iter()
            .take(limit)
            .filter_map(|(tool, _)| self.names.get(*tool as usize))
            .map(String::as_str)
            .collect()
    }

    /// The tools that have any of a concept's terms, and how much of the best of them, 0 to 1.
    fn find(&self, concept: &Concept) -> BTreeMap<u32, f32> {
        let mut found: BTreeMap<u32, f32> = BTreeMap::new();
        for (term, counts) in &concept.terms {
            self.put(term, *counts, &mut found);
        }
        found
    }

    fn put(&self, term: &str, counts: f32, found: &mut BTreeMap<u32, f32>) {
        for (tool, much) in self.postings.get(term).into_iter().flatten() {
            let much = counts * much / (SATURATION + much);
            let best = found.entry(*tool).or_default();
            *best = best.max(much);
        }
    }

    /// Whether there are tools with a stem, or with another of its meaning.
    fn is_known(&self, stem: &str) -> bool {
        let others = thesaurus::meanings(stem).iter();
        let mut others = others.flat_map(|meaning| thesaurus::stems(*meaning));
        self.postings.contains_key(stem)
            || others.any(|other| self.postings.contains_key(other.as_str()))
    }

    /// What a stem that nobody knows is likely to be: the known one that is spelt most like it.
    fn spelling(&self, stem: &str) -> Option<String> {
        let is_known = || self.postings.contains_key(stem) || !thesaurus::meanings(stem).is_empty();
        let first = stem.chars().next()?;
        if stem.len() < SHORTEST || is_known() {
            return None;
        }
        let ours = self.postings.keys().map(|term| &**term);
        ours.filter(|term| !term.starts_with(EXACT))
            .chain(thesaurus::known())
            .filter(|known| known.starts_with(first) && known.len().abs_diff(stem.len()) <= 2)
            .map(|known| (known, likeness(stem, known)))
            .filter(|(_, likeness)| *likeness >= LIKENESS)
            .max_by(|(one, a), (other, b)| a.total_cmp(b).then_with(|| other.cmp(one)))
            .map(|(known, _)| known.to_owned())
    }
}

/// How many tools have as much of a concept as the one that has most; those that have less count less.
fn breadth(found: &BTreeMap<u32, f32>) -> f32 {
    let most = found.values().copied().fold(f32::EPSILON, f32::max);
    found.values().map(|much| (much / most).powi(2)).sum()
}

/// How much two words are alike, 0 to 1: what letters are to be changed, or to change places.
fn likeness(one: &str, other: &str) -> f64 {
    let longer = one.chars().count().max(other.chars().count()).max(1);
    1.0 - strsim::osa_distance(one, other) as f64 / longer as f64
}
