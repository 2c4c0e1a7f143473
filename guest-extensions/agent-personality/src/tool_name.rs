//! The names under which callable traits are tools: `<agent>_<trait>`.
//!
//! A name depends on nothing but the names of agent and trait, so that it never changes because
//! somebody published something else. Where `<agent>_<trait>` alone could be another tool's name
//! too, a hyphen and eight hexadecimal digits of a hash follow it: if characters had to be
//! replaced, if it had to be cut, if the agent's name has an underscore in it (`a_b` + `c` is not
//! `a` + `b_c`), if it ends as such a hash does, or if it is the name of a tool of this extension.

use crate::tools::UPDATE_TRAITS;

/// Most characters of a tool's name.
const MAX_CHARS: usize = 64;
const HASH_DIGITS: usize = 8;

/// The tool of an agent's trait: 1 to 64 of `A-Z a-z 0-9 _ -`.
pub fn of(agent: &str, name: &str) -> String {
    let mut tool = beginning(agent);
    tool.extend(name.chars().map(allowed));
    let plain = tool.len() <= MAX_CHARS
        && tool.split_once('_') == Some((agent, name))
        && !ends_in_hash(&tool)
        && tool != UPDATE_TRAITS;
    if plain {
        return tool;
    }
    // Of ASCII characters only, so that every length is the length of characters.
    tool.truncate(MAX_CHARS - HASH_DIGITS - 1);
    format!("{tool}-{:08x}", hash(agent, name))
}

/// Whether a tool can be one of an agent's: what can be told without knowing its traits.
pub fn can_be_of(tool: &str, agent: &str) -> bool {
    let beginning = beginning(agent);
    let kept = beginning.len().min(MAX_CHARS - HASH_DIGITS - 1);
    tool.starts_with(&beginning[..kept])
}

fn beginning(agent: &str) -> String {
    agent.chars().map(allowed).chain(['_']).collect()
}

fn allowed(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '-' {
        c
    } else {
        '_'
    }
}

fn ends_in_hash(tool: &str) -> bool {
    tool.rsplit_once('-').is_some_and(|(_, end)| {
        end.len() == HASH_DIGITS && end.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// FNV-1a with 64 bits, folded to 32. An agent's name has no slash in it, which keeps the two apart.
fn hash(agent: &str, name: &str) -> u32 {
    let text = agent.bytes().chain([b'/']).chain(name.bytes());
    let hash = text.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are what is wanted"
    )]
    let folded = (hash ^ (hash >> 32)) as u32;
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(of("bob", "greet"), "bob_greet");
        assert_eq!(
            of("example-agent", "say_it_loud"),
            "example-agent_say_it_loud"
        );
    }

    #[test]
    fn a_name_that_could_be_anothers_has_a_hash_of_its_own_text() {
        assert_eq!(of("a", "b_c"), "a_b_c");
        for (agent, name) in [
            ("a_b", "c"),
            ("Zoë", "greet"),
            ("bob", "say hello"),
            ("bob", "greet-0123abcd"),
            ("update", "traits"),
            (
                "bob",
                "a-very-long-name-of-a-trait-that-does-not-fit-into-what-a-tool-may-be-called",
            ),
            (&"agent".repeat(20), "greet"),
        ] {
            let tool = of(agent, name);
            assert!(ends_in_hash(&tool), "{tool}");
            assert!(tool.len() <= MAX_CHARS, "{tool}");
            assert!(
                tool.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
                "{tool}"
            );
            assert!(can_be_of(&tool, agent), "{tool}");
            assert_eq!(tool, of(agent, name));
        }
        assert_ne!(of("bob", "a b"), of("bob", "a.b"));
    }
}
