//! Printing a value in the canonical form of signed text.

use super::number::{self, FloatStyle};
use super::{Kind, Value, string};

pub(super) fn write(value: Value<'_, '_>, style: FloatStyle, out: &mut String) {
    if value.node().form.is_canonical(style) {
        return out.push_str(value.text());
    }
    match value.kind() {
        Kind::Null | Kind::Bool => out.push_str(value.text()),
        Kind::Integer => out.push_str(match value.text() {
            "-0" => "0",
            digits => digits,
        }),
        Kind::Float => number::write_float(number::to_double(value.text()), style, out),
        Kind::String => string::write_string(&value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            out.push('[');
            for (position, element) in value.elements().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(element, style, out);
            }
            out.push(']');
        }
        Kind::Object => {
            out.push('{');
            let mut members = value.members();
            let mut first = true;
            while let Some((name, member)) = members.next_raw() {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                write(name, style, out);
                out.push(':');
                write(member, style, out);
            }
            out.push('}');
        }
    }
}
