//! Which of two versions of a personality is the newer one.

use std::cmp::Ordering;

/// Orders versions as semver does, and whatever else authors write in a way that people expect.
/// A leading `v` and build metadata (`+…`) do not count; the parts between dots are compared as
/// numbers where they are numbers, which come before texts; a missing part is 0; a pre-release
/// (`-…`) comes before its release. What is equal so far is ordered as text.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (core_a, pre_a) = parts(a);
    let (core_b, pre_b) = parts(b);
    compare_cores(core_a, core_b)
        .then_with(|| match (pre_a, pre_b) {
            (Some(pre_a), Some(pre_b)) => identifiers(pre_a).cmp(identifiers(pre_b)),
            (pre_a, pre_b) => pre_a.is_none().cmp(&pre_b.is_none()),
        })
        .then_with(|| a.cmp(b))
}

/// A version without build metadata, and its pre-release.
fn parts(version: &str) -> (&str, Option<&str>) {
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = version
        .split_once('+')
        .map_or(version, |(version, _)| version);
    match version.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (version, None),
    }
}

fn compare_cores(a: &str, b: &str) -> Ordering {
    let length = a.split('.').count().max(b.split('.').count());
    let padded = |core| {
        identifiers(core)
            .chain(std::iter::repeat(Identifier("0")))
            .take(length)
    };
    padded(a).cmp(padded(b))
}

fn identifiers(text: &str) -> impl Iterator<Item = Identifier<'_>> {
    text.split('.').map(Identifier)
}

#[derive(Clone, PartialEq, Eq)]
struct Identifier<'a>(&'a str);

impl Identifier<'_> {
    /// The digits without leading zeros: of two such numbers the longer one is the greater.
    fn number(&self) -> Option<(usize, &str)> {
        let digits = !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.0.trim_start_matches('0');
        digits.then_some((number.len(), number))
    }
}

impl Ord for Identifier<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => self.0.cmp(other.0),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}

impl PartialOrd for Identifier<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_people_expect() {
        let ascending = [
            "0.9",
            "1.0-alpha.2",
            "1.0-alpha.10",
            "1.0-rc.1",
            "1",
            "1.0",
            "1.0.0+build",
            "v1.0.1",
            "1.2",
            "1.10",
            "2",
            "2024-05-30",
            "2024-06-01",
            "99999999999999999999999",
            "latest",
        ];
        for (older, a) in ascending.iter().enumerate() {
            for (newer, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), older.cmp(&newer), "{a} and {b}");
            }
        }
    }
}
