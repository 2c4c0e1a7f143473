//! Grants about how an extension runs: `mode=singleton`, `limit=cpu:5000`.

use koi_runtime::{LIMITS, Limits, Mode};

use super::{Grant, Grants};

/// One of the limits of a call, by its name: `cpu`, `memory` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitName(&'static str);

impl LimitName {
    /// The limit of that name; none if there is none.
    pub fn find(name: &str) -> Option<Self> {
        LIMITS
            .iter()
            .map(|limit| Self(limit.setting))
            .find(|known| known.as_str() == name)
    }

    /// Its setting, such as `limits.cpu`.
    pub(crate) fn setting(self) -> &'static str {
        self.0
    }

    /// Its name, such as `cpu`.
    pub fn as_str(self) -> &'static str {
        self.0.strip_prefix("limits.").unwrap_or(self.0)
    }
}

/// What stands before the `=`.
pub(super) const MODE: &str = "mode";
pub(super) const LIMIT: &str = "limit";

pub(super) fn parse_mode(text: &str) -> Result<Mode, String> {
    Mode::ALL
        .into_iter()
        .find(|mode| mode.as_str() == text && *mode != Mode::Fresh)
        .ok_or_else(|| "there are `pooled` and `singleton`; `fresh` needs no grant".to_owned())
}

pub(super) fn parse_limit(text: &str) -> Result<(LimitName, u64), String> {
    text.split_once(':')
        .and_then(|(name, value)| Some((LimitName::find(name)?, value.parse().ok()?)))
        .ok_or_else(|| {
            format!(
                "write a name and a whole number, as in `limit=cpu:5000`; there are {}",
                known()
            )
        })
}

fn known() -> String {
    let names: Vec<&str> = LIMITS
        .iter()
        .map(|limit| LimitName(limit.setting).as_str())
        .collect();
    names.join(", ")
}

/// In which mode and within which limits an extension's calls run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// The mode that it asks for if that is granted, else fresh.
    pub mode: Mode,
    /// The node's limits, those that were granted in their place, and none above what the
    /// extension asks for itself.
    pub limits: Limits,
}

impl Execution {
    pub(super) fn of(node: &Limits, asks: &Grants, granted: &Grants) -> Self {
        let mode = asks.iter().find_map(|ask| match ask {
            Grant::Mode(mode) if granted.include(ask) => Some(*mode),
            _ => None,
        });
        let mut limits = *node;
        // Of several grants of one limit the highest holds.
        for (name, value) in granted.limits() {
            let highest = granted
                .limits()
                .filter(|(other, _)| *other == name)
                .all(|(_, other)| value >= other);
            if highest {
                limits.set(name.0, value);
            }
        }
        for (name, value) in asks.limits() {
            limits.lower(name.0, value);
        }
        Self {
            mode: mode.unwrap_or_default(),
            limits,
        }
    }
}

/// Whether the node allows so much to every extension.
pub(super) fn is_default(node: &Limits, ask: &Grant) -> bool {
    match ask {
        Grant::Limit(name, value) => node.get(name.0).is_some_and(|default| default >= *value),
        _ => false,
    }
}

impl Grants {
    fn limits(&self) -> impl Iterator<Item = (LimitName, u64)> {
        self.iter().filter_map(|grant| match grant {
            Grant::Limit(name, value) => Some((*name, *value)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::grant::Access;

    fn grants(texts: &[&str]) -> Grants {
        Grants::new(texts.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    fn access(asks: &[&str], granted: &[&str]) -> Access {
        Access::new("a".into(), grants(asks), grants(granted))
    }

    fn cpu(asks: &[&str], granted: &[&str]) -> u64 {
        let limits = access(asks, granted).execution().limits;
        u64::try_from(limits.cpu.as_millis()).unwrap()
    }

    #[test]
    fn a_mode_that_is_not_granted_or_not_asked_for_is_fresh() {
        let mode = |asks: &[&str], granted: &[&str]| access(asks, granted).execution().mode;
        assert_eq!(mode(&["mode=pooled"], &[]), Mode::Fresh);
        assert_eq!(mode(&[], &["mode=pooled"]), Mode::Fresh);
        assert_eq!(mode(&["mode=pooled"], &["mode=singleton"]), Mode::Fresh);
        assert_eq!(mode(&["mode=pooled"], &["mode=pooled"]), Mode::Pooled);
    }

    #[test]
    fn a_mode_that_is_granted_or_revoked_holds_from_then_on() {
        let access = access(&["mode=singleton"], &[]);
        access.grant(grants(&["mode=singleton"]));
        assert_eq!(access.execution().mode, Mode::Singleton);
        access.grant(Grants::default());
        assert_eq!(access.execution().mode, Mode::Fresh);
    }

    #[test]
    fn a_granted_limit_is_in_force_in_place_of_the_nodes_higher_or_lower() {
        assert_eq!(cpu(&[], &[]), 2000);
        assert_eq!(cpu(&[], &["limit=cpu:5000"]), 5000);
        assert_eq!(cpu(&[], &["limit=cpu:50"]), 50);
        assert_eq!(cpu(&[], &["limit=cpu:50", "limit=cpu:70"]), 70);
    }

    #[test]
    fn an_extension_lowers_its_limits_itself_and_raises_none() {
        assert_eq!(cpu(&["limit=cpu:100"], &[]), 100);
        assert_eq!(cpu(&["limit=cpu:9000"], &[]), 2000);
        assert_eq!(cpu(&["limit=cpu:9000"], &["limit=cpu:9000"]), 9000);
        assert_eq!(cpu(&["limit=cpu:9000"], &["limit=cpu:20000"]), 9000);
    }

    #[test]
    fn a_limit_above_the_nodes_is_missing_until_it_is_granted() {
        let missing = |granted: &[&str]| {
            access(&["limit=cpu:9000", "limit=wall:10", "mode=pooled"], granted).missing()
        };
        let expected: Vec<Grant> = grants(&["limit=cpu:9000", "mode=pooled"])
            .iter()
            .cloned()
            .collect();
        assert_eq!(missing(&[]), expected);
        assert_eq!(missing(&["limit=cpu:9001", "mode=pooled"]), []);
        let node = Limits {
            cpu: Duration::from_secs(10),
            ..Limits::default()
        };
        assert_eq!(access(&["limit=cpu:9000"], &[]).within(node).missing(), []);
    }

    #[test]
    fn unknown_modes_and_limits_are_refused_with_those_that_there_are() {
        let refused = |text: &str| text.parse::<Grant>().unwrap_err().to_string();
        assert!(refused("mode=fresh").contains("`pooled` and `singleton`"));
        for text in ["limit=cpus:5", "limit=cpu", "limit=cpu:-1", "limit=cpu:1.5"] {
            assert!(refused(text).contains("host_calls"), "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_parsed_to_the_same() {
        for text in ["mode=pooled", "mode=singleton", "limit=host_calls:7"] {
            assert_eq!(text.parse::<Grant>().unwrap().to_string(), text);
        }
    }
}
