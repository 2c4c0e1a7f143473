//! Texts: by a pattern, a format or a length.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

use super::size;
use crate::random::Random;

/// Bytes of a text that a pattern leaves open.
const MAX_TEXT: usize = 4096;

const WORDS: [&str; 10] = [
    "alpha", "beta", "gamma", "delta", "sales", "orders", "north", "river", "monday", "blue",
];

/// Texts of the formats that JSON Schema names.
const FORMATS: [(&str, &str); 15] = [
    ("date-time", "2026-01-02T03:04:05Z"),
    ("date", "2026-01-02"),
    ("time", "03:04:05Z"),
    ("duration", "P1DT2H"),
    ("email", "someone@example.com"),
    ("idn-email", "someone@example.com"),
    ("hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uri", "https://example.com/a"),
    ("iri", "https://example.com/a"),
    ("uri-reference", "/a"),
    ("uuid", "3f2a6c1e-8f4b-4d0a-9b57-1c2d3e4f5a6b"),
    ("json-pointer", "/a/b"),
    ("regex", "^a+$"),
];

/// A text for a schema of texts.
pub(super) fn text(schema: &Map<String, Value>, random: &mut Random) -> String {
    if let Some(Value::String(pattern)) = schema.get("pattern")
        && let Some(text) = of_pattern(pattern, random)
    {
        return text;
    }
    if let Some(Value::String(format)) = schema.get("format")
        && let Some((_, text)) = FORMATS.iter().find(|(name, _)| name == format)
    {
        return (*text).to_owned();
    }
    let least = size(schema, "minLength").unwrap_or_default().min(MAX_TEXT);
    let most = size(schema, "maxLength").unwrap_or(usize::MAX);
    let mut text = String::new();
    for index in 0..=random.below(3) {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(random.pick(&WORDS).unwrap_or(&""));
    }
    // Now and then one that is more than ASCII.
    if random.once_in(4) {
        text.push_str(" é日😀");
    }
    while text.chars().count() < least {
        text.push_str(random.pick(&WORDS).unwrap_or(&"x"));
    }
    text.chars().take(most).collect()
}

/// None if the pattern is not understood; JSON Schema's are those of JavaScript.
fn of_pattern(pattern: &str, random: &mut Random) -> Option<String> {
    let parsed = regex_syntax::Parser::new().parse(pattern).ok()?;
    let mut text = String::new();
    push(&parsed, random, &mut text);
    Some(text)
}

fn push(hir: &Hir, random: &mut Random, text: &mut String) {
    if text.len() > MAX_TEXT {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(one_of(class, random)),
        HirKind::Repetition(repetition) => {
            let least = repetition.min;
            let most = repetition
                .max
                .unwrap_or(u32::MAX)
                .min(least.saturating_add(4));
            let more = random.below((most - least) as usize + 1);
            for _ in 0..least as usize + more {
                push(&repetition.sub, random, text);
                if text.len() > MAX_TEXT {
                    return;
                }
            }
        }
        HirKind::Capture(capture) => push(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| push(part, random, text)),
        HirKind::Alternation(parts) => {
            if let Some(part) = random.pick(parts) {
                push(part, random, text);
            }
        }
    }
}

/// A character of the class: of those that are easily read, if it has any.
fn one_of(class: &Class, random: &mut Random) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let has = |c: char| {
        class
            .ranges()
            .iter()
            .any(|range| range.start() <= c && c <= range.end())
    };
    let plain: Vec<char> = ('a'..='z')
        .chain('0'..='9')
        .chain('A'..='Z')
        .filter(|c| has(*c))
        .collect();
    let readable = random.pick(&plain).copied();
    readable.or_else(|| random.pick(class.ranges()).map(|range| range.start()))
}
