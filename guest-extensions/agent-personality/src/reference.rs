//! References of personalities: `<name>/<version>`.

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

use crate::AgentPersonality;

/// The RID type of personalities.
pub const PERSONALITY: &str = "orn:agent.personality";

/// Most bytes of a name, and of a version.
const MAX_PART_BYTES: usize = 256;

/// `<name>/<version>`: exactly two parts, neither of them empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personality {
    /// The agent.
    pub name: String,
    /// The version of its personality.
    pub version: String,
}

impl Reference for Personality {
    const RID_TYPE: &'static str = PERSONALITY;

    fn parse(reference: &str) -> Result<Self> {
        match reference.split_once('/') {
            Some((name, version)) if is_part(name) && is_part(version) => Ok(Self {
                name: name.into(),
                version: version.into(),
            }),
            _ => Err(Error::invalid_input(format!(
                "`{}` does not name a personality: that takes <name>/<version>, both of at most \
                 {MAX_PART_BYTES} bytes",
                reference
                    .chars()
                    .take(2 * MAX_PART_BYTES)
                    .collect::<String>()
            ))),
        }
    }

    fn print(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }
}

fn is_part(part: &str) -> bool {
    (1..=MAX_PART_BYTES).contains(&part.len()) && !part.contains('/')
}

impl RidTypes for AgentPersonality {
    fn references() -> References {
        References::new().with::<Personality>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_and_a_version() {
        let bob = Personality::parse("bob/1.0").unwrap();
        assert_eq!((bob.name.as_str(), bob.version.as_str()), ("bob", "1.0"));
        assert_eq!(bob.rid().unwrap().as_str(), "orn:agent.personality:bob/1.0");
    }

    #[test]
    fn a_reference_of_more_fewer_or_empty_parts_is_refused() {
        let long = format!("bob/{}", "1".repeat(MAX_PART_BYTES + 1));
        for reference in [
            "bob",
            "bob/",
            "/1.0",
            "/",
            "bob/1.0/x",
            "bob//1.0",
            long.as_str(),
        ] {
            let error = Personality::parse(reference).unwrap_err();
            assert_eq!(
                error.kind,
                koi_extension::ErrorKind::InvalidInput,
                "{reference}"
            );
        }
    }
}
