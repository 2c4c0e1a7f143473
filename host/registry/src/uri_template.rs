//! URI templates (RFC 6570), used backwards: whether a URI may have come out of one.
//!
//! Values are not taken apart: the extension does that. So a template is a row of literals with
//! gaps between them, and a gap takes what its operator can expand to.

use regex::{Regex, RegexBuilder};

use koi_schema::{MAX_REGEX_BYTES, Patterns};

/// Most expressions in one template.
const MAX_EXPRESSIONS: usize = 16;

/// A template, ready to match.
#[derive(Debug)]
pub(crate) struct UriTemplate {
    regex: Regex,
    patterns: Patterns,
}

impl UriTemplate {
    /// # Errors
    /// What is wrong with the template.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let mut pattern = String::from("^");
        let mut rest = template;
        let mut expressions = 0;
        while let Some((literal, after)) = rest.split_once('{') {
            let (expression, after) = after.split_once('}').ok_or("a `{` has no `}`")?;
            push_literal(&mut pattern, literal)?;
            pattern.push_str(gap(expression)?);
            expressions += 1;
            rest = after;
        }
        push_literal(&mut pattern, rest)?;
        pattern.push('$');
        if expressions == 0 {
            return Err(
                "it has no `{variable}`, so that it is a resource and no template".to_owned(),
            );
        }
        if expressions > MAX_EXPRESSIONS {
            return Err(format!("it has more than {MAX_EXPRESSIONS} expressions"));
        }
        let regex = RegexBuilder::new(&pattern)
            .size_limit(MAX_REGEX_BYTES)
            .dfa_size_limit(MAX_REGEX_BYTES)
            .build()
            .map_err(|_| "it is too large".to_owned())?;
        let patterns = Patterns::one(&pattern);
        Ok(Self { regex, patterns })
    }

    /// The regular expression that it keeps.
    pub(crate) fn patterns(&self) -> Patterns {
        self.patterns
    }

    pub(crate) fn fits(&self, uri: &str) -> bool {
        self.regex.is_match(uri)
    }
}

fn push_literal(pattern: &mut String, literal: &str) -> Result<(), String> {
    if literal.contains('}') {
        return Err("a `}` has no `{`".to_owned());
    }
    pattern.push_str(&regex::escape(literal));
    Ok(())
}

/// What an expression's expansion looks like. Simple expansion percent-encodes reserved
/// characters, the `+` and `#` operators do not; the others lead with their own character and
/// leave everything out when their variables are undefined.
fn gap(expression: &str) -> Result<&'static str, String> {
    let (operator, names) = match expression.chars().next() {
        Some(operator @ ('+' | '#' | '.' | '/' | ';' | '?' | '&')) => {
            (Some(operator), &expression[1..])
        }
        _ => (None, expression),
    };
    let named = !names.is_empty()
        && names
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.,*:%".contains(&b));
    if !named {
        return Err(format!("`{{{expression}}}` is no expression of RFC 6570"));
    }
    Ok(match operator {
        None => "[^/?#]*",
        Some('+') => ".*",
        Some('#') => "(?:#.*)?",
        Some('.') => r"(?:\.[^/?#]*)?",
        Some('/') => "(?:/[^?#]*)?",
        Some(';') => "(?:;[^/?#]*)?",
        Some('?') => r"(?:\?[^#]*)?",
        _ => "(?:&[^#]*)?",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(template: &str, uri: &str) -> bool {
        UriTemplate::parse(template).unwrap().fits(uri)
    }

    #[test]
    fn a_simple_expression_stays_within_its_segment() {
        assert!(fits("agent:{name}", "agent:bob"));
        assert!(fits("test://static/{id}/data", "test://static/12%2F3/data"));
        assert!(!fits("test://static/{id}/data", "test://static/1/2/data"));
        assert!(!fits("agent:{name}", "agents:bob"));
    }

    #[test]
    fn a_reserved_expression_spans_segments() {
        assert!(fits("file:///{+path}", "file:///a/b?c"));
    }

    #[test]
    fn a_query_may_be_left_out() {
        assert!(fits("x://find{?q,n*}", "x://find"));
        assert!(fits("x://find{?q,n*}", "x://find?q=1&n=2"));
        assert!(!fits("x://find{?q}", "x://finder"));
    }

    #[test]
    fn literals_are_literal() {
        assert!(!fits("x://a.b/{c}", "x://aXb/1"));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for template in [
            "x://plain",
            "x://{",
            "x://}",
            "x://{}",
            "x://{a b}",
            "x://{a}}",
        ] {
            assert!(UriTemplate::parse(template).is_err(), "{template}");
        }
        assert!(UriTemplate::parse(&format!("x://{}", "{a}".repeat(17))).is_err());
    }
}
