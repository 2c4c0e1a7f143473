//! JSON strings: reading, decoding and the canonical escapes.
//!
//! Canonical: raw UTF-8; escaped are only `"`, `\` and U+0000 to U+001F, as `\b \t \n \f \r` or
//! `\u00xx` in lower-case hex. RFC 8785 asks for the same.

use super::JsonError;
use super::document::Form;

/// Reads the string whose opening quote is at `start`: the offset after it, and its form.
pub(super) fn scan(bytes: &[u8], start: usize) -> Result<(usize, Form), JsonError> {
    let mut at = start + 1;
    let mut form = Form::CANONICAL;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, form)),
            Some(b'\\') => {
                let escape = escape(bytes, at)?;
                if !escape.canonical {
                    form = form.not_canonical();
                }
                form = form.escaped();
                at = escape.end;
            }
            Some(0x20..) => at += 1,
            _ => {
                return Err(JsonError::Syntax {
                    at,
                    expected: "a string without control characters, and its closing quote",
                });
            }
        }
    }
}

struct Escape {
    char: char,
    end: usize,
    canonical: bool,
}

/// Reads the escape whose backslash is at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<Escape, JsonError> {
    let simple = |char, canonical| {
        Ok(Escape {
            char,
            end: at + 2,
            canonical,
        })
    };
    match bytes.get(at + 1) {
        Some(b'"') => simple('"', true),
        Some(b'\\') => simple('\\', true),
        Some(b'b') => simple('\u{8}', true),
        Some(b'f') => simple('\u{c}', true),
        Some(b'n') => simple('\n', true),
        Some(b'r') => simple('\r', true),
        Some(b't') => simple('\t', true),
        Some(b'/') => simple('/', false),
        Some(b'u') => unicode_escape(bytes, at),
        _ => Err(JsonError::Syntax {
            at,
            expected: "a valid escape",
        }),
    }
}

fn unicode_escape(bytes: &[u8], at: usize) -> Result<Escape, JsonError> {
    let lone = JsonError::LoneSurrogate { at };
    let first = hex4(bytes, at + 2)?;
    if let Some(char) = char::from_u32(first) {
        let short = matches!(first, 0x8 | 0x9 | 0xa | 0xc | 0xd);
        let lower = !bytes[at + 2..at + 6].iter().any(u8::is_ascii_uppercase);
        return Ok(Escape {
            char,
            end: at + 6,
            canonical: first < 0x20 && !short && lower,
        });
    }
    if first >= 0xdc00 || bytes.get(at + 6..at + 8) != Some(b"\\u") {
        return Err(lone);
    }
    let second = hex4(bytes, at + 8)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(lone);
    }
    let scalar = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Ok(Escape {
        char: char::from_u32(scalar).ok_or(lone)?,
        end: at + 12,
        canonical: false,
    })
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, JsonError> {
    let error = JsonError::Syntax {
        at,
        expected: "four hex digits",
    };
    let digits = bytes.get(at..at + 4).ok_or(error.clone())?;
    digits.iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(error.clone())?;
        Ok(value << 4 | digit)
    })
}

/// Decodes what stood between the quotes of a string that was read before.
pub(super) fn decode(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        match escape(rest.as_bytes(), at) {
            Ok(escape) => {
                out.push(escape.char);
                rest = &rest[escape.end..];
            }
            // Cannot be: only strings that were read come here.
            Err(_) => return out,
        }
    }
    out.push_str(rest);
    out
}

/// Appends a string in canonical form, with its quotes.
pub fn write_string(string: &str, out: &mut String) {
    out.push('"');
    let mut rest = string;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x8 => out.push_str("\\b"),
            0x9 => out.push_str("\\t"),
            0xa => out.push_str("\\n"),
            0xc => out.push_str("\\f"),
            0xd => out.push_str("\\r"),
            control => {
                out.push_str("\\u00");
                out.push(if control < 0x10 { '0' } else { '1' });
                out.push(char::from(b"0123456789abcdef"[usize::from(control & 0xf)]));
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}
