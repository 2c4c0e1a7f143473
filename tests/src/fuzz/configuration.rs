//! Configuration: whatever a file or a variable says, it is a configuration or an error that names
//! the place.
//!
//! The input is a file; and its first line is also a key, and the rest the value of it.

use koi_mcp::{Config, ConfigText};

use super::assert_is_a_sentence;

/// An error lists what would be right, and says what was found.
const MOST_BYTES: usize = 128 << 10;

pub(super) fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    for file in [ConfigText::Toml(text), ConfigText::Json(text)] {
        if let Err(error) = Config::read(file, []) {
            assert_is_a_sentence(&error.to_string(), MOST_BYTES);
        }
    }
    if let Some((key, value)) = text.split_once('\n')
        && let Some((section, name)) = key.split_once('.')
        && is_plain(section)
        && is_plain(name)
    {
        value_of(section, name, value);
    }
}

/// Whether it can be a part of a key in a file and in the environment alike.
fn is_plain(part: &str) -> bool {
    !part.contains("__")
        && part.split('_').all(|word| !word.is_empty())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn value_of(section: &str, name: &str, value: &str) {
    let variable = format!("KOI_MCP_{section}__{name}").to_uppercase();
    if let Err(error) = Config::read(ConfigText::Toml(""), [(variable, value.to_owned())]) {
        names_the_key(&error.to_string(), section, name);
    }
    if serde_json::from_str::<serde_json::Value>(value).is_ok() {
        let file = format!(r#"{{"{section}":{{"{name}":{value}}}}}"#);
        if let Err(error) = Config::read(ConfigText::Json(&file), []) {
            names_the_key(&error.to_string(), section, name);
        }
    }
}

/// The whole key, or the section where that is what is unknown.
fn names_the_key(error: &str, section: &str, name: &str) {
    assert_is_a_sentence(error, MOST_BYTES);
    let error = error.to_lowercase();
    let whole = [format!("{section}.{name}"), format!("{section}__{name}")];
    assert!(
        error.contains(&format!("{section}: unknown key"))
            || whole.iter().any(|key| error.contains(key)),
        "{section}.{name}: {error}"
    );
}
