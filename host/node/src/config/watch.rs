//! `[breaker]`, `[health]` and `[rollback]`: what is done about how the calls of extensions end.

use std::time::Duration;

use koi_registry::{BreakerOptions, HealthOptions, RollbackOptions, WatchOptions};
use serde::{Deserialize, Serialize};

use super::{Config, Fault};

/// When an extension that fails is not called for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Whether it happens at all.
    pub enabled: bool,
    /// After so many failures one after another.
    pub failures: u32,
    /// If so large a part of the calls within the window failed, above 0 and up to 1.
    pub rate: f64,
    /// The rate counts from so many calls on.
    pub throughput: u32,
    /// How long calls are counted for the rate, in milliseconds.
    pub window: u64,
    /// How long it is not called then, in milliseconds.
    pub recovery: u64,
    /// So many calls are tried after that.
    pub half_open_calls: u32,
}

/// How extensions are asked for their health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthConfig {
    /// How often, in milliseconds; 0 is never.
    pub interval: u64,
    /// How long each has for the answer, in milliseconds.
    pub time_out: u64,
}

/// When a new revision gives way by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RollbackConfig {
    /// It is looked at over its first so many calls; 0 is never.
    pub calls: u64,
    /// Rates and times count from so many calls on.
    pub min_calls: u64,
    /// So much larger, at the most, may be the part of its calls that fail than that of the revision
    /// before it, 0 to 1.
    pub max_failure_rate: f64,
    /// So often, at the most, it may crash.
    pub max_traps: u64,
    /// So many times as long, at the most, 95 of 100 of its calls may take. Left out: no bound.
    pub max_latency_factor: Option<f64>,
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Default for BreakerConfig {
    fn default() -> Self {
        let options = BreakerOptions::default();
        Self {
            enabled: options.enabled,
            failures: options.failures,
            rate: options.rate,
            throughput: options.throughput,
            window: milliseconds(options.window),
            recovery: milliseconds(options.recovery),
            half_open_calls: options.half_open_calls,
        }
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        let options = HealthOptions::default();
        Self {
            interval: options.interval.map_or(0, milliseconds),
            time_out: milliseconds(options.time_out),
        }
    }
}

impl Default for RollbackConfig {
    fn default() -> Self {
        let options = RollbackOptions::default();
        Self {
            calls: options.calls,
            min_calls: options.min_calls,
            max_failure_rate: options.max_failure_rate,
            max_traps: options.max_traps,
            max_latency_factor: options.max_latency_factor,
        }
    }
}

impl Config {
    /// What is done about how the calls of extensions end.
    ///
    /// # Errors
    /// If a number is none that makes sense.
    pub(crate) fn watch(&self) -> Result<WatchOptions, Fault> {
        let (breaker, rollback) = (&self.breaker, &self.rollback);
        let above_zero = [
            ("breaker.failures", u64::from(breaker.failures)),
            ("breaker.throughput", u64::from(breaker.throughput)),
            ("breaker.recovery", breaker.recovery),
            (
                "breaker.half_open_calls",
                u64::from(breaker.half_open_calls),
            ),
            ("health.time_out", self.health.time_out),
        ];
        for (key, value) in above_zero {
            if value == 0 {
                return Err(Fault::of(key, "expected a number above 0, found 0"));
            }
        }
        let part = |key: &str, value: f64, least: f64| match (least..=1.0).contains(&value) {
            true => Ok(value),
            false => {
                let what = format!("expected a part of the calls, {least} to 1, found {value}");
                Err(Fault::of(key, what))
            }
        };
        let factor = rollback.max_latency_factor;
        if let Some(factor) = factor.filter(|factor| !factor.is_finite() || *factor < 1.0) {
            let what = format!("expected a number from 1 on, found {factor}");
            return Err(Fault::of("rollback.max_latency_factor", what));
        }
        let interval = Duration::from_millis(self.health.interval);
        Ok(WatchOptions {
            breaker: BreakerOptions {
                enabled: breaker.enabled,
                failures: breaker.failures,
                rate: part("breaker.rate", breaker.rate, 0.01)?,
                throughput: breaker.throughput,
                window: Duration::from_millis(breaker.window),
                recovery: Duration::from_millis(breaker.recovery),
                half_open_calls: breaker.half_open_calls,
            },
            health: HealthOptions {
                interval: (!interval.is_zero()).then_some(interval),
                time_out: Duration::from_millis(self.health.time_out),
            },
            rollback: RollbackOptions {
                calls: rollback.calls,
                min_calls: rollback.min_calls,
                max_failure_rate: part(
                    "rollback.max_failure_rate",
                    rollback.max_failure_rate,
                    0.0,
                )?,
                max_traps: rollback.max_traps,
                max_latency_factor: factor,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_registry() {
        assert_eq!(Config::default().watch().unwrap(), WatchOptions::default());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused_with_their_key() {
        let with = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.watch().unwrap_err().to_string()
        };
        for (key, change) in [
            (
                "breaker.recovery",
                (|config| config.breaker.recovery = 0) as fn(&mut Config),
            ),
            ("breaker.rate", |config| config.breaker.rate = 1.5),
            ("rollback.max_failure_rate", |config| {
                config.rollback.max_failure_rate = f64::NAN
            }),
            ("rollback.max_latency_factor", |config| {
                config.rollback.max_latency_factor = Some(0.5);
            }),
        ] {
            assert!(with(change).starts_with(key), "{key}");
        }
    }

    #[test]
    fn health_is_never_asked_for_with_an_interval_of_zero() {
        let mut config = Config::default();
        config.health.interval = 0;
        assert_eq!(config.watch().unwrap().health.interval, None);
    }
}
