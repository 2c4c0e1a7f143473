//! Words of plain language beside those that tools are named with: what people do with records, and
//! the things that most businesses have. Of each line, any word finds tools with any other.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::Stems;

/// Those of the meanings that change something, and of these that which makes something new.
pub(super) const CHANGES: std::ops::Range<usize> = 0..3;
pub(super) const CREATES: usize = 0;
/// Those by which something else is done.
pub(super) const OTHER_DEEDS: std::ops::Range<usize> = 6..19;

/// One meaning a line.
const MEANINGS: &[&str] = &[
    // What is done, first what changes something.
    "create add new make insert register enter start build put record introduce post save store write prepare draft report generate onboard hire log issue assign",
    "update change edit modify correct adjust rename fix set amend revise move mark switch replace give raise lower increase reduce extend close reopen activate deactivate enable disable block unblock suspend assign expire replace adapt",
    "delete remove erase drop discard destroy rid cancel purge wipe throw clear empty withdraw revoke retire abolish scrap",
    "read get fetch show view display look see retrieve open details detail info information load explain describe inspect examine",
    "list browse every overview search find filter query show see view display get read lookup sort many",
    "bulk batch mass many several multiple once dozens hundreds thousands together bunch lots import load",
    "upsert merge sync synchronize import load overwrite duplicate existing exist missing",
    "send submit deliver dispatch mail",
    "run execute perform start trigger launch",
    "stop end cancel abort halt",
    "copy duplicate clone",
    "count number total amount",
    "export download extract",
    "upload attach import",
    "approve accept confirm",
    "reject decline refuse",
    "calculate compute estimate",
    "compare diff difference",
    "check validate verify test",
    // What it is done to.
    "company business firm organization organisation enterprise corporation",
    "customer client buyer purchaser",
    "vendor supplier seller provider",
    "user account login person people member colleague employee staff",
    "quote quotation offer proposal bid price",
    "order purchase",
    "invoice bill billing",
    "product item article goods",
    "document file paper pdf doc attachment contract",
    "queue enqueue backlog waiting pending line pipeline job",
    "process processing handle",
    "history audit trail log past earlier previous formerly journal changes",
    "feedback opinion comment rating review complaint complain wrong incorrect mistake disagree",
    "metric metrics statistic statistics analytics figure figures performance kpi accuracy accurate numbers",
    "cache cached",
    "rule policy condition",
    "attribute property feature characteristic field",
    "classification category class classify classified categorize categorise categorization label",
    "message mail email note",
    "task job work todo",
    "schedule calendar appointment date",
    "picture image photo",
    "dataset table data",
    "agent assistant bot",
    "knowledge fact information",
    "term word glossary definition meaning",
];

/// Two words that mean something else than each by itself, and a word for it.
pub(super) const PHRASES: &[(&str, &str, &str)] = &[
    ("at", "once", "bulk"),
    ("give", "back", "read"),
    ("give", "me", "show"),
    ("how", "accurate", "accuracy"),
    ("how", "good", "performance"),
    ("how", "many", "list"),
    ("how", "well", "performance"),
    ("log", "in", "login"),
    ("log", "on", "login"),
    ("one", "go", "bulk"),
    ("same", "time", "bulk"),
];

/// The same, where other words may stand between the two, as in "throw the old ones away".
pub(super) const SEPARABLE: &[(&str, &str, &str)] = &[
    ("cross", "off", "delete"),
    ("draw", "up", "create"),
    ("fill", "in", "create"),
    ("get", "rid", "delete"),
    ("look", "up", "read"),
    ("note", "down", "create"),
    ("pull", "up", "read"),
    ("set", "up", "create"),
    ("sign", "up", "create"),
    ("switch", "off", "update"),
    ("switch", "on", "update"),
    ("take", "away", "delete"),
    ("take", "off", "delete"),
    ("take", "out", "delete"),
    ("throw", "away", "delete"),
    ("throw", "out", "delete"),
    ("turn", "off", "update"),
    ("turn", "on", "update"),
    ("write", "down", "create"),
];

/// Of each stem, the meanings that it may have.
static BY_STEM: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
    for (meaning, stems) in STEMS.iter().enumerate() {
        for stem in stems {
            by_stem.entry(stem.clone()).or_default().push(meaning);
        }
    }
    by_stem
});

static STEMS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let stems = Stems::new();
    let of = |line: &&str| {
        let mut all: Vec<String> = line
            .split_whitespace()
            .map(|word| stems.stem(word).into_owned())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    MEANINGS.iter().map(of).collect()
});

/// The meanings that a stem may have.
pub(super) fn meanings(stem: &str) -> &'static [usize] {
    BY_STEM.get(stem).map_or(&[], Vec::as_slice)
}

/// All stems.
pub(super) fn known<'a>() -> impl Iterator<Item = &'a str> {
    BY_STEM.keys().map(String::as_str)
}

/// The stems of a meaning.
pub(super) fn stems(meaning: usize) -> &'static [String] {
    STEMS.get(meaning).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_stand_where_they_are_looked_for() {
        let first = |meaning: usize| MEANINGS[meaning].split(' ').next().unwrap();
        assert_eq!(
            CHANGES.map(first).collect::<Vec<_>>(),
            ["create", "update", "delete"]
        );
        assert_eq!(first(CREATES), "create");
        assert_eq!(
            (first(OTHER_DEEDS.start), first(OTHER_DEEDS.end)),
            ("upsert", "company")
        );
    }
}
