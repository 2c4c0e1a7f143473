//! How long knowledge of a type is kept: `[store.ttl]`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use koi_pipeline::Lifetimes;
use koi_rid::RidType;
use koi_wire::{EDGE_TYPE, NODE_TYPE};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::Fault;

/// Types that the network is made of: a node that forgot them would leave it.
const KEPT: [&str; 2] = [NODE_TYPE, EDGE_TYPE];

/// Seconds of each unit.
const UNITS: [(char, u64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 3600),
    ('d', 86_400),
    ('w', 604_800),
];

/// The longest that can be set: a hundred years, in seconds.
const LONGEST: u64 = 100 * 366 * 86_400;

/// A time such as `30d`, `12h` or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Duration);

impl Lifetime {
    fn of_seconds(seconds: u64) -> Option<Self> {
        (1..=LONGEST)
            .contains(&seconds)
            .then(|| Self(Duration::from_secs(seconds)))
    }

    fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().next_back()?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Self::of_seconds(number.checked_mul(*seconds)?)
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.as_secs())
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl Visitor<'_> for Reading {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time of a second to a hundred years, such as \"30d\", \"12h\" or a number of seconds")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Lifetime, E> {
                Lifetime::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Lifetime, E> {
                Lifetime::of_seconds(seconds)
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(seconds), &self))
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Lifetime, E> {
                u64::try_from(seconds)
                    .ok()
                    .and_then(Lifetime::of_seconds)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &self))
            }
        }

        deserializer.deserialize_any(Reading)
    }
}

/// The lifetimes in force.
///
/// # Errors
/// If a key is no RID type, or one of a type that the node itself needs.
pub(super) fn lifetimes(ttl: &BTreeMap<String, Lifetime>) -> Result<Lifetimes, Fault> {
    let by_type = ttl.iter().map(|(name, lifetime)| {
        let fault = |what: String| Fault::of(format!("store.ttl.{name}"), what);
        let rid_type = RidType::parse(name)
            .map_err(|error| fault(format!("expected a RID type as the key: {error}")))?;
        if KEPT.contains(&rid_type.as_str()) {
            let what = "nodes and edges are kept until they are forgotten: take the key away";
            return Err(fault(what.to_owned()));
        }
        Ok((rid_type, lifetime.0))
    });
    Ok(Lifetimes::new(by_type.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigText};

    fn read(line: &str) -> Result<Config, String> {
        let text = format!("[store.ttl]\n{line}\n");
        let read = Config::read(ConfigText::Toml(&text), []);
        read.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_lifetime_is_a_number_of_seconds_or_has_a_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("\"90s\"", 90),
            ("\"5m\"", 300),
            ("\"12h\"", 43_200),
            ("\"30d\"", 2_592_000),
            ("\"2w\"", 1_209_600),
        ] {
            let config = read(&format!("\"orn:feed.entry\" = {text}")).unwrap();
            let lifetimes = config.store.lifetimes().unwrap();
            let of = lifetimes.of(&koi_rid::RidType::parse("orn:feed.entry").unwrap());
            assert_eq!(of.map(|of| of.as_secs()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_lifetime_is_told_with_its_key() {
        for text in [
            "0",
            "-1",
            "1.5",
            "\"\"",
            "\"d\"",
            "\"1y\"",
            "\"ä\"",
            "\"99999999999999999999d\"",
            "\"200000w\"",
            "true",
        ] {
            let told = read(&format!("\"orn:feed.entry\" = {text}")).unwrap_err();
            assert!(told.contains("store.ttl.orn:feed.entry"), "{text}: {told}");
            assert!(told.contains("such as \"30d\""), "{text}: {told}");
        }
    }

    #[test]
    fn only_types_of_knowledge_have_a_lifetime() {
        for (key, why) in [
            ("orn:koi-net.node", "kept until they are forgotten"),
            ("orn:koi-net.edge", "kept until they are forgotten"),
            ("orn:", "expected a RID type"),
        ] {
            let told = read(&format!("\"{key}\" = \"1d\"")).unwrap_err();
            assert!(told.contains(&format!("store.ttl.{key}")), "{told}");
            assert!(told.contains(why), "{told}");
        }
    }
}
