//! JSON numbers: reading, and the two ways in which the network prints doubles.
//!
//! Signed text keeps integers of any size as digits, and prints floats with the shortest digits
//! that read back as the same double: in decimal notation from 1e-5 to below 1e16, always with a
//! point, else with an exponent. Hashed text (RFC 8785) prints every number as ECMAScript would.

use super::document::Form;
use super::{JsonError, MAX_NUMBER_CHARS};

/// How floats of at least 1e16 are spelled: this differs between versions of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FloatStyle {
    /// `1e+16`, as pydantic-core 2.50 prints.
    #[default]
    Plus,
    /// `1e16`, as pydantic-core 2.33 prints.
    Bare,
}

pub(super) struct Number {
    pub(super) end: usize,
    pub(super) is_float: bool,
    pub(super) form: Form,
}

/// Reads the number that begins at `start` with `-` or a digit.
pub(super) fn scan(text: &str, start: usize) -> Result<Number, JsonError> {
    let bytes = text.as_bytes();
    let digits_from = |from: usize| -> Result<usize, JsonError> {
        let count = bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            return Err(JsonError::Syntax {
                at: from,
                expected: "a digit",
            });
        }
        Ok(from + count)
    };
    let integer = start + usize::from(bytes[start] == b'-');
    let mut end = if bytes.get(integer) == Some(&b'0') {
        integer + 1
    } else {
        digits_from(integer)?
    };
    let integer_end = end;
    if bytes.get(end) == Some(&b'.') {
        end = digits_from(end + 1)?;
    }
    let fraction_end = end;
    if let Some(b'e' | b'E') = bytes.get(end) {
        end += 1;
        if let Some(b'+' | b'-') = bytes.get(end) {
            end += 1;
        }
        end = digits_from(end)?;
    }
    let out_of_range = JsonError::NumberRange { at: start };
    if end - start > MAX_NUMBER_CHARS {
        return Err(out_of_range);
    }
    let number = &text[start..end];
    let is_float = end > integer_end;
    let form = if !is_float {
        integer_form(number)
    } else if fraction_end == end && is_plain_canonical(&text[integer..end], integer_end - integer)
    {
        Form::CANONICAL
    } else {
        float_form(number).ok_or(out_of_range)?
    };
    Ok(Number {
        end,
        is_float,
        form,
    })
}

fn integer_form(number: &str) -> Form {
    let form = Form::scalar(number != "-0", number != "-0");
    if number.len() > 308 && !to_double(number).is_finite() {
        form.beyond_double()
    } else {
        form
    }
}

/// Whether `123.45` is canonical for sure: decimals of up to 15 digits are their own shortest form.
fn is_plain_canonical(unsigned: &str, integer_digits: usize) -> bool {
    let fraction = &unsigned[integer_digits + 1..];
    let tiny = unsigned.starts_with('0') && fraction.starts_with("00000");
    unsigned.len() <= 16 && (fraction == "0" || !fraction.ends_with('0')) && !tiny
}

/// `None` if no double is near.
fn float_form(number: &str) -> Option<Form> {
    let value = to_double(number);
    let is = |style| {
        let mut printed = String::new();
        write_float(value, style, &mut printed);
        printed == number
    };
    value
        .is_finite()
        .then(|| Form::scalar(is(FloatStyle::Plus), is(FloatStyle::Bare)))
}

/// The double nearest to a number that was read; infinite if there is none.
pub(super) fn to_double(number: &str) -> f64 {
    number.parse().unwrap_or(f64::INFINITY)
}

/// A finite double as the shortest digits that read back as it, `d.ddd × 10^exponent`.
///
/// The digits are those of `serde_json`. The standard library's will not do: where two shortest
/// forms are equally near it takes another one than Python and ECMAScript.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn of(value: f64) -> Decimal {
        let text = serde_json::to_string(&value.abs()).unwrap_or_default();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let leading_zeros = all.len() - digits.len();
        let digits = match digits.trim_end_matches('0') {
            "" => "0",
            digits => digits,
        };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let shift = if value == 0.0 {
            0
        } else {
            whole.len() as i32 - 1 - leading_zeros as i32
        };
        Decimal {
            negative: value.is_sign_negative(),
            digits: digits.to_owned(),
            exponent: exponent + shift,
        }
    }

    /// `0.00015`, `150`, `1.5`: no point unless there is a fraction.
    fn write_decimal(&self, out: &mut String) {
        let zeros = |count: usize| std::iter::repeat_n('0', count);
        let Ok(exponent) = usize::try_from(self.exponent) else {
            out.push_str("0.");
            out.extend(zeros(self.exponent.unsigned_abs() as usize - 1));
            return out.push_str(&self.digits);
        };
        let whole = exponent + 1;
        if self.digits.len() <= whole {
            out.push_str(&self.digits);
            out.extend(zeros(whole - self.digits.len()));
        } else {
            out.push_str(&self.digits[..whole]);
            out.push('.');
            out.push_str(&self.digits[whole..]);
        }
    }

    /// `1.5e-7`, `1e+21` or `1e21`.
    fn write_exponent(&self, style: FloatStyle, out: &mut String) {
        out.push_str(&self.digits[..1]);
        if self.digits.len() > 1 {
            out.push('.');
            out.push_str(&self.digits[1..]);
        }
        out.push('e');
        if self.exponent >= 0 && style == FloatStyle::Plus {
            out.push('+');
        }
        out.push_str(&self.exponent.to_string());
    }
}

/// Appends a finite double as signed text has it.
pub(super) fn write_float(value: f64, style: FloatStyle, out: &mut String) {
    let decimal = Decimal::of(value);
    if decimal.negative {
        out.push('-');
    }
    if (-5..16).contains(&decimal.exponent) {
        decimal.write_decimal(out);
        if decimal.digits.len() as i32 <= decimal.exponent + 1 {
            out.push_str(".0");
        }
    } else {
        decimal.write_exponent(style, out);
    }
}

/// Appends a number that was read, integer or float, as RFC 8785 has it. The caller made sure that
/// a double holds it.
pub(crate) fn write_es_number(number: &str, out: &mut String) {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let exact = digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if exact && number != "-0" {
        return out.push_str(number);
    }
    let value = to_double(number);
    if value == 0.0 {
        return out.push('0');
    }
    let decimal = Decimal::of(value);
    if decimal.negative {
        out.push('-');
    }
    if (-6..21).contains(&decimal.exponent) {
        decimal.write_decimal(out);
    } else {
        decimal.write_exponent(FloatStyle::Plus, out);
    }
}
