//! Values that were made of ones that fit a schema, and may or may not fit it any more.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Characters of a very long text.
const LONG: usize = 64 << 10;
/// Levels of a deep value: less than what contents may have.
const DEEP: usize = 48;

/// Texts that trip those up who take all text for ASCII, for names or for C strings.
const TEXTS: [&str; 8] = [
    "",
    "\u{0}",
    "\u{feff}\u{202e}x",
    "e\u{301}\u{1f468}\u{200d}\u{1f469}",
    "../../etc/passwd",
    "\n\r\t \u{85}\u{2028}",
    "'\"`;--%s{}${x}",
    "\u{10ffff}",
];

/// The value with one thing changed in one place.
pub(crate) fn mutated(mut value: Value, random: &mut Random) -> Value {
    let places = count(&value);
    let mut place = random.below(places);
    let before = value.clone();
    // What is at the place may be what it would be changed to.
    for _ in 0..8 {
        change(&mut value, &mut place, random);
        if value != before {
            return value;
        }
        place = random.below(places);
    }
    match &mut value {
        Value::Object(members) => {
            members.insert("\u{0}unexpected".to_owned(), Value::Null);
            value
        }
        other => json!([other, null]),
    }
}

/// How many values there are within, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Changes the value that is so many values further on; true once that was done.
fn change(value: &mut Value, place: &mut usize, random: &mut Random) -> bool {
    if *place == 0 {
        *value = other(value.take(), random);
        return true;
    }
    *place -= 1;
    match value {
        Value::Object(members) => members
            .values_mut()
            .any(|member| change(member, place, random)),
        Value::Array(items) => items.iter_mut().any(|item| change(item, place, random)),
        _ => false,
    }
}

fn other(value: Value, random: &mut Random) -> Value {
    match value {
        // Most mutations take place within the members: contents and arguments are objects.
        Value::Object(members) => object(members, random),
        Value::Array(mut items) => match random.below(4) {
            0 => Value::Array(Vec::new()),
            1 => Value::Null,
            2 => Value::Array(
                items
                    .iter()
                    .cycle()
                    .take(items.len() * 300)
                    .cloned()
                    .collect(),
            ),
            _ => {
                items.push(deep());
                Value::Array(items)
            }
        },
        other => match random.below(9) {
            0 => Value::Null,
            1 => json!("x".repeat(LONG)),
            2 => json!(i64::MAX),
            3 => json!(-1e308),
            4 => json!([other]),
            5 => json!({"value": other}),
            6 => deep(),
            7 if other.is_boolean() => json!("true"),
            7 => Value::Bool(false),
            _ => json!(random.pick(&TEXTS)),
        },
    }
}

fn object(mut members: Map<String, Value>, random: &mut Random) -> Value {
    let names: Vec<String> = members.keys().cloned().collect();
    match random.below(4) {
        0 | 1 if !names.is_empty() => {
            if let Some(name) = random.pick(&names) {
                members.remove(name);
            }
        }
        2 if !names.is_empty() => {
            if let Some(name) = random.pick(&names) {
                members.insert(name.clone(), Value::Null);
            }
        }
        3 => {
            let name = random.pick(&TEXTS).copied().unwrap_or_default();
            members.insert(name.to_owned(), deep());
        }
        _ => members.clear(),
    }
    Value::Object(members)
}

fn deep() -> Value {
    (0..DEEP).fold(json!(0), |inner, _| json!([inner]))
}
