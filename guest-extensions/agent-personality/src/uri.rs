//! The URIs of agents as resources: `agent:<name>`, the name percent-encoded as the URI template
//! `agent:{name}` has it.

use std::fmt::Write;

/// The template of all of them (RFC 6570).
pub const TEMPLATE: &str = "agent:{name}";

const SCHEME: &str = "agent:";

/// The URI of an agent.
pub fn of(name: &str) -> String {
    let mut uri = String::from(SCHEME);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The agent of a URI; none if it is no agent's. What should have been encoded and was not is taken
/// as it stands.
pub fn name(uri: &str) -> Option<String> {
    let mut rest = uri.strip_prefix(SCHEME)?.as_bytes();
    let mut name = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        match encoded(rest) {
            Some(byte) => {
                name.push(byte);
                rest = &rest[3..];
            }
            None => {
                name.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(name).ok().filter(|name| !name.is_empty())
}

/// The byte that `%XX` at the beginning stands for.
fn encoded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_the_way_into_a_uri_and_back() {
        for (agent, uri) in [
            ("bob", "agent:bob"),
            ("Zoë & Co", "agent:Zo%C3%AB%20%26%20Co"),
            ("100%", "agent:100%25"),
        ] {
            assert_eq!(of(agent), uri);
            assert_eq!(name(uri).as_deref(), Some(agent));
        }
    }

    #[test]
    fn a_careless_uri_is_understood_and_a_foreign_one_is_not() {
        assert_eq!(name("agent:Zoë 100%").as_deref(), Some("Zoë 100%"));
        for uri in ["agent:", "agents:bob", "bob", "agent:%FF"] {
            assert_eq!(name(uri), None, "{uri}");
        }
    }
}
