//! Patterns of RIDs: `orn:data.dataset:{namespace}/{name}`.

use syn::{Error, LitStr, Result};

/// A pattern, taken apart.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) rid_type: String,
    /// What stands before the first part.
    pub(crate) prefix: String,
    /// The parts, each with the text that follows it.
    pub(crate) parts: Vec<(String, String)>,
}

impl Pattern {
    /// # Errors
    /// If it is none: what is wrong with it.
    pub(crate) fn parse(literal: &LitStr) -> Result<Self> {
        let text = literal.value();
        let wrong = |what: String| {
            Error::new(
                literal.span(),
                format!("`{text}` is no pattern of RIDs: {what}"),
            )
        };
        let (rid_type, reference) = split(&text).ok_or_else(|| {
            wrong("it needs a type, a colon and a reference, as in `orn:data.dataset:{namespace}/{name}`".into())
        })?;
        if let Some(sign) = rid_type.chars().find(|sign| "{}*".contains(*sign)) {
            return Err(wrong(format!("`{sign}` stands in its type, `{rid_type}`")));
        }
        let mut texts = reference.split('{');
        let prefix = texts.next().unwrap_or_default();
        let mut parts: Vec<(String, String)> = Vec::new();
        for text in texts {
            let (name, after) = text
                .split_once('}')
                .ok_or_else(|| wrong(format!("`{{{text}` is not closed")))?;
            if syn::parse_str::<syn::Ident>(name).is_err()
                && syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_err()
            {
                return Err(wrong(format!("`{{{name}}}` does not name a field")));
            }
            if let Some((before, _)) = parts.last().filter(|(_, between)| between.is_empty()) {
                return Err(wrong(format!(
                    "nothing stands between `{{{before}}}` and `{{{name}}}` to tell them apart"
                )));
            }
            if parts.iter().any(|(known, _)| known == name) {
                return Err(wrong(format!("`{{{name}}}` stands there twice")));
            }
            parts.push((name.to_owned(), after.to_owned()));
        }
        let between = std::iter::once(prefix).chain(parts.iter().map(|(_, after)| after.as_str()));
        if between.into_iter().any(|text| text.contains('}')) {
            return Err(wrong("a `}` closes nothing".into()));
        }
        if parts.is_empty() {
            return Err(wrong("its reference has no parts in braces".into()));
        }
        Ok(Self {
            rid_type: rid_type.to_owned(),
            prefix: prefix.to_owned(),
            parts,
        })
    }

    /// Whether it has a part of this name.
    pub(crate) fn names(&self, part: &str) -> bool {
        self.parts.iter().any(|(name, _)| name == part)
    }

    /// The reference as people read it: `namespace/name`.
    pub(crate) fn form(&self) -> String {
        let parts = self
            .parts
            .iter()
            .map(|(name, after)| format!("{name}{after}"));
        std::iter::once(self.prefix.clone()).chain(parts).collect()
    }
}

/// Type and reference, if neither is empty.
fn split(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once(':')?;
    let at = match first {
        "orn" | "urn" => first.len() + 1 + rest.find(':')?,
        _ => first.len(),
    };
    let (rid_type, reference) = (&text[..at], &text[at + 1..]);
    let named = !matches!(rid_type, "" | "orn:" | "urn:");
    (named && !reference.is_empty()).then_some((rid_type, reference))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn pattern(text: &str) -> Result<Pattern> {
        Pattern::parse(&LitStr::new(text, Span::call_site()))
    }

    #[test]
    fn a_pattern_has_a_type_and_parts_with_texts_between_them() {
        let parsed = pattern("orn:data.dataset:v-{namespace}/{name}.csv").unwrap();
        assert_eq!(
            (parsed.rid_type.as_str(), parsed.prefix.as_str()),
            ("orn:data.dataset", "v-")
        );
        let parts =
            [("namespace", "/"), ("name", ".csv")].map(|(name, after)| (name.into(), after.into()));
        assert_eq!(parsed.parts, parts);
        assert_eq!(parsed.form(), "v-namespace/name.csv");
        let parsed = pattern("https://{type}").unwrap();
        assert_eq!(
            (parsed.rid_type.as_str(), parsed.prefix.as_str()),
            ("https", "//")
        );
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_named() {
        for (text, what) in [
            ("orn:data.dataset", "it needs a type"),
            ("orn::{a}", "it needs a type"),
            (":{a}", "it needs a type"),
            ("orn:data.dataset:", "it needs a type"),
            (
                "orn:data.{kind}:{a}",
                "`{` stands in its type, `orn:data.{kind}`",
            ),
            ("orn:a:{b", "`{b` is not closed"),
            ("orn:a:{b}/c}", "a `}` closes nothing"),
            ("orn:a:b}/{c}", "a `}` closes nothing"),
            ("orn:a:{}", "`{}` does not name a field"),
            ("orn:a:{b c}", "`{b c}` does not name a field"),
            ("orn:a:{b}{c}", "nothing stands between `{b}` and `{c}`"),
            ("orn:a:{b}/{b}", "`{b}` stands there twice"),
            ("orn:a:b/c", "its reference has no parts"),
        ] {
            let message = pattern(text).unwrap_err().to_string();
            assert!(message.contains(what), "{text}: {message}");
        }
    }
}
