//! Takes secrets out of what a guest says.
//!
//! A secret is known plain, in base64 (both alphabets, wherever in the encoded bytes it stands, with
//! and without padding) and in hex (upper, lower and mixed), each also percent-encoded or escaped as
//! in JSON, up to JSON within JSON. What is encoded in other ways, or said in pieces, is not found: a
//! guest holds no values, so that this is for what a server sends back and for what was configured
//! twice, and not a wall against a guest that has got hold of a value.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, BuildError};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::view::View;
use super::{SecretName, SecretValue};

/// Layers of JSON escapes that are undone: a text, and a text within its strings.
const JSON_LAYERS: u8 = 2;

/// Finds secrets in texts.
pub(crate) struct Scrubber {
    names: Vec<SecretName>,
    /// Which secret a pattern of each automaton is of.
    exact: Automaton,
    any_case: Automaton,
}

/// A secret in a text.
struct Found {
    at: Range<usize>,
    secret: usize,
}

impl Scrubber {
    /// None if there is nothing to look for.
    ///
    /// # Errors
    /// If there are more and longer secrets than an automaton can hold.
    pub(super) fn new(
        secrets: &[(SecretName, Arc<SecretValue>)],
    ) -> Result<Option<Self>, BuildError> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let mut names = Vec::new();
        let (mut exact, mut any_case) = (Vec::new(), Vec::new());
        for (secret, (name, value)) in secrets.iter().enumerate() {
            let value = value.expose();
            names.push(name.clone());
            exact.push((value.as_bytes().to_vec(), secret));
            if value.contains(' ') {
                // As a form has it.
                exact.push((value.replace(' ', "+").into_bytes(), secret));
            }
            exact.extend(base64_forms(value.as_bytes()).map(|form| (form.into_bytes(), secret)));
            any_case.push((hex::encode(value).into_bytes(), secret));
        }
        Ok(Some(Self {
            names,
            exact: automaton(exact, false)?,
            any_case: automaton(any_case, true)?,
        }))
    }

    /// The first secret in a text.
    pub(crate) fn first(&self, text: &[u8]) -> Option<&SecretName> {
        let found = self.find(text).into_iter().next()?;
        Some(&self.names[found.secret])
    }

    /// All secrets in a text.
    pub(crate) fn all(&self, text: &[u8]) -> impl Iterator<Item = &SecretName> {
        self.find(text)
            .into_iter()
            .map(|found| &self.names[found.secret])
    }

    /// The text with `[secret:NAME]` in place of each secret.
    pub(crate) fn scrub_bytes<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut scrubbed = Vec::with_capacity(text.len());
        let mut copied = 0;
        for Found { at, secret } in found {
            if at.end <= copied {
                continue;
            }
            if at.start >= copied {
                scrubbed.extend_from_slice(&text[copied..at.start]);
                scrubbed.extend_from_slice(b"[secret:");
                scrubbed.extend_from_slice(self.names[secret].as_str().as_bytes());
                scrubbed.push(b']');
            }
            // One that overlaps with the one before goes with it.
            copied = at.end;
        }
        scrubbed.extend_from_slice(&text[copied..]);
        Cow::Owned(scrubbed)
    }

    /// As [`scrub_bytes`](Self::scrub_bytes). Where the text was JSON it still is.
    pub(crate) fn scrub(&self, text: String) -> String {
        match self.scrub_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(scrubbed) => String::from_utf8_lossy(&scrubbed).into_owned(),
        }
    }

    /// In the order in which they begin.
    fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        self.look(&View::plain(text), JSON_LAYERS, true, &mut found);
        found.sort_by_key(|found| (found.at.start, found.at.end));
        found
    }

    fn look(&self, view: &View<'_>, json_layers: u8, percent: bool, found: &mut Vec<Found>) {
        for (automaton, owners) in [&self.exact, &self.any_case] {
            let matches = automaton.find_overlapping_iter(view.bytes());
            found.extend(matches.map(|one| Found {
                at: view.place(one.start())..view.place(one.end()),
                secret: owners[one.pattern().as_usize()],
            }));
        }
        if percent && let Some(decoded) = view.percent_decoded() {
            self.look(&decoded, json_layers, false, found);
        }
        if let Some(left) = json_layers.checked_sub(1)
            && let Some(unescaped) = view.unescaped()
        {
            self.look(&unescaped, left, percent, found);
        }
    }
}

type Automaton = (AhoCorasick, Vec<usize>);

fn automaton(patterns: Vec<(Vec<u8>, usize)>, any_case: bool) -> Result<Automaton, BuildError> {
    let (patterns, owners): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(any_case)
        .build(patterns)?;
    Ok((automaton, owners))
}

/// What of a secret's base64 depends on nothing but the secret, for each of the three places that its
/// first byte can have in a group of three.
fn base64_forms(value: &[u8]) -> impl Iterator<Item = String> {
    let value = value.to_vec();
    [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
        .into_iter()
        .flat_map(move |engine| {
            let value = value.clone();
            (0..3).map(move |before| {
                let mut bytes = vec![0; before];
                bytes.extend_from_slice(&value);
                let encoded = engine.encode(&bytes);
                let first = (before * 8).div_ceil(6);
                let end = bytes.len() * 8 / 6;
                encoded[first..end].to_owned()
            })
        })
}
