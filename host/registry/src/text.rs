//! Texts of strangers in errors and logs.

/// The beginning of a text as it is quoted in a sentence: without line breaks and other control
/// characters, which would forge lines of a log or move a terminal's cursor.
pub(crate) fn shortened(text: &str) -> String {
    const MAX_CHARACTERS: usize = 120;
    text.chars()
        .take(MAX_CHARACTERS)
        .map(|character| match character.is_control() {
            true => char::REPLACEMENT_CHARACTER,
            false => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_short_and_has_no_control_characters() {
        assert_eq!(shortened("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
        assert_eq!(shortened(&"ü".repeat(500)).chars().count(), 120);
    }
}
