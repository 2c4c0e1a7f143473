//! `[koi.trust]`: with whom a node deals, and in what.

use std::time::Duration;

use koi_net::{Direction, Trust, TrustRule};
use koi_registry::Pattern;
use koi_rid::RidType;
use serde::{Deserialize, Serialize};

use super::Fault;

/// Most rules of each kind: each is looked at for each object.
const MAX_RULES: usize = 1000;

/// With whom the node deals. Without rules, with everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// If there are any, what none of them covers is denied.
    pub allow: Vec<TrustRuleConfig>,
    /// What one of them covers is denied, whatever is allowed.
    pub deny: Vec<TrustRuleConfig>,
    /// For how long a broadcast that was taken is known again, so that one that somebody else repeats
    /// changes nothing, in milliseconds; 0 for not at all.
    pub replay_window: u64,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            replay_window: 600_000,
        }
    }
}

/// One rule. It names nodes, RID types or both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustRuleConfig {
    /// A node's RID, or a pattern with `*` for any text, such as `orn:koi-net.node:alice+*`. Left out: all
    /// nodes.
    pub node: Option<String>,
    /// RID types. Left out: all.
    pub rid_types: Vec<String>,
    /// Left out: both.
    pub direction: Option<WayConfig>,
}

/// Which way knowledge goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WayConfig {
    /// From the other node to this one.
    From,
    /// From this node to the other one.
    To,
}

impl TrustConfig {
    /// The rules in force.
    ///
    /// # Errors
    /// Which rule is none, and why.
    pub(crate) fn rules(&self) -> Result<Trust, Fault> {
        let all = |kind: &str, rules: &[TrustRuleConfig]| {
            let key = format!("koi.trust.{kind}");
            if rules.len() > MAX_RULES {
                let what = format!("expected at most {MAX_RULES} rules, found {}", rules.len());
                return Err(Fault::of(key, what));
            }
            let rule = |(number, rule): (usize, &TrustRuleConfig)| {
                let place = |what| Fault::of(&key, format!("rule {}: {what}", number + 1));
                rule.parse().map_err(place)
            };
            rules.iter().enumerate().map(rule).collect()
        };
        Ok(Trust {
            allow: all("allow", &self.allow)?,
            deny: all("deny", &self.deny)?,
        })
    }

    pub(crate) fn replay_window(&self) -> Duration {
        Duration::from_millis(self.replay_window)
    }
}

impl TrustRuleConfig {
    fn parse(&self) -> Result<TrustRule, String> {
        let node = self.node.as_deref().map(str::parse::<Pattern>).transpose();
        let node = node.map_err(|error| format!("node: {error}"))?;
        let rid_types = self.rid_types.iter().map(|text| RidType::parse(text));
        let rid_types = rid_types.collect::<Result<_, _>>();
        let rid_types = rid_types.map_err(|error| format!("rid_types: {error}"))?;
        let direction = self.direction.map(|way| match way {
            WayConfig::From => Direction::From,
            WayConfig::To => Direction::To,
        });
        TrustRule::new(node, rid_types, direction).map_err(|error| error.to_string())
    }
}
