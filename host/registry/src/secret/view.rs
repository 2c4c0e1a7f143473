//! A text as it was meant: percent-encoding or JSON escapes undone, with the way back to where each
//! byte stands in the text as it is.

use std::borrow::Cow;

/// A text with some encodings undone. The innermost parent is the text as it is.
pub(super) struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// After each thing that was undone: the place here and in the parent. In between, both go on
    /// byte by byte.
    steps: Vec<(usize, usize)>,
    parent: Option<&'a View<'a>>,
}

impl<'a> View<'a> {
    /// The text as it is.
    pub(super) fn plain(text: &'a [u8]) -> Self {
        Self {
            bytes: Cow::Borrowed(text),
            steps: Vec::new(),
            parent: None,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a place of this view is in the text as it is. A place within what was undone is one
    /// within its encoding.
    pub(super) fn place(&self, at: usize) -> usize {
        let step = self.steps.partition_point(|(here, _)| *here <= at);
        let (here, there) = match step.checked_sub(1) {
            Some(last) => self.steps[last],
            None => (0, 0),
        };
        let there = there + (at - here);
        self.parent.map_or(there, |parent| parent.place(there))
    }

    /// With `%41` and the like undone; none if there is nothing of the kind.
    pub(super) fn percent_decoded(&'a self) -> Option<View<'a>> {
        self.undone(b'%', |rest| {
            let [high, low] = *rest.first_chunk()?;
            Some((3, vec![hex_digit(high)? << 4 | hex_digit(low)?]))
        })
    }

    /// With the escapes of JSON strings undone; none if there are none.
    pub(super) fn unescaped(&'a self) -> Option<View<'a>> {
        self.undone(b'\\', |rest| {
            let byte = match rest.first()? {
                byte @ (b'"' | b'\\' | b'/') => *byte,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => return code_point(&rest[1..]),
                _ => return None,
            };
            Some((2, vec![byte]))
        })
    }

    /// Undoes what begins with `mark`; `decode` gets what follows it and gives how long the encoding
    /// is, the mark included, and what it stands for.
    fn undone(
        &'a self,
        mark: u8,
        decode: impl Fn(&[u8]) -> Option<(usize, Vec<u8>)>,
    ) -> Option<View<'a>> {
        let text = self.bytes();
        let mut steps = Vec::new();
        let mut bytes = Vec::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(next) = text[at..].iter().position(|byte| *byte == mark) {
            at += next;
            match decode(&text[at + 1..]) {
                Some((length, meant)) => {
                    bytes.extend_from_slice(&text[copied..at]);
                    bytes.extend_from_slice(&meant);
                    at += length;
                    copied = at;
                    steps.push((bytes.len(), at));
                }
                None => at += 1,
            }
        }
        if steps.is_empty() {
            return None;
        }
        bytes.extend_from_slice(&text[copied..]);
        Some(View {
            bytes: Cow::Owned(bytes),
            steps,
            parent: Some(self),
        })
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// What follows `\u`: four digits, or eight with a second `\u` between them.
fn code_point(rest: &[u8]) -> Option<(usize, Vec<u8>)> {
    let unit = |digits: &[u8]| {
        digits.get(..4)?.iter().try_fold(0_u32, |unit, digit| {
            Some(unit << 4 | u32::from(hex_digit(*digit)?))
        })
    };
    let first = unit(rest)?;
    let (length, code) = match first {
        0xd800..=0xdbff => {
            let second = unit(rest.get(4..)?.strip_prefix(b"\\u")?)?;
            let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            (12, 0x10000 + ((first - 0xd800) << 10) + low)
        }
        unit => (6, unit),
    };
    let text = char::from_u32(code)?.to_string();
    Some((length, text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_the_text_as_it_is() {
        let text = br"a%42%43d";
        let plain = View::plain(text);
        let decoded = plain.percent_decoded().unwrap();
        assert_eq!(decoded.bytes(), b"aBCd");
        let places: Vec<_> = (0..=4).map(|at| decoded.place(at)).collect();
        assert_eq!(places, [0, 1, 4, 7, 8]);
    }

    #[test]
    fn escapes_of_json_are_undone_one_layer_at_a_time() {
        let text = br#"x\\u0041\"\ud83d\ude00\q"#;
        let plain = View::plain(text);
        let once = plain.unescaped().unwrap();
        assert_eq!(once.bytes(), "x\\u0041\"😀\\q".as_bytes());
        let twice = once.unescaped().unwrap();
        assert_eq!(twice.bytes(), "xA\"😀\\q".as_bytes());
        // The `A` takes up the escaped escape.
        assert_eq!((twice.place(1), twice.place(2)), (1, 8));
    }

    #[test]
    fn what_is_malformed_stays_as_it_is() {
        for text in [
            "%4",
            "%zz",
            "%",
            r"\ud83d",
            r"\u12",
            r"\",
            r"\ud83dxx0000",
            "none",
        ] {
            let plain = View::plain(text.as_bytes());
            assert!(plain.percent_decoded().is_none(), "{text}");
            assert!(plain.unescaped().is_none(), "{text}");
        }
    }
}
