//! Times as feeds write them.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The same instant as RFC 3339 text in UTC, to the second; none for what is no time. RSS has RFC 822,
/// often with a wrong day of the week, Atom and Dublin Core have RFC 3339.
pub fn normal(text: &str) -> Option<String> {
    const RFC822: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let text = text.trim();
    let time: Timestamp = RFC822
        .parse_timestamp(text)
        .or_else(|_| text.parse())
        .ok()?;
    let whole = Timestamp::from_second(time.as_second()).ok()?;
    Some(whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn times_of_all_kinds_of_feeds_become_utc() {
        let noon = Some("2026-01-02T12:00:00Z".to_owned());
        for text in [
            "Fri, 02 Jan 2026 13:00:00 +0100",
            "Mon, 02 Jan 2026 12:00:00 GMT",
            " 2 Jan 2026 07:00:00 EST ",
            "2026-01-02T13:00:00.25+01:00",
            "2026-01-02T12:00:00Z",
        ] {
            assert_eq!(normal(text), noon, "{text}");
        }
        for text in ["", "yesterday", "2026-01-02", "99999999999"] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
