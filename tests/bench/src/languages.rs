//! The same extension in four languages: how large it is, how long it takes to compile and to load
//! from the cache, and what a call of its purest tool costs, beside bare wasmtime.

use std::time::Instant;

use anyhow::Result;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::Callable;

use crate::bare::Bare;
use crate::call::median_us_of;
use crate::report::{Report, Target, Unit};
use crate::rounds::{Series, interleaved};

/// Names of the rows of a language, and what is special about it.
struct Language {
    component: &'static str,
    size: &'static str,
    compile: &'static str,
    load: &'static str,
    /// Milliseconds that loading may take, where that is bounded.
    load_at_most: Option<f64>,
    bare_fresh: &'static str,
    bare_warm: &'static str,
    fresh: &'static str,
    /// How often as long as bare wasmtime's a call in a fresh instance may take.
    fresh_at_most: f64,
    warm: &'static str,
    /// Of each round; those that take long are fewer.
    calls: usize,
}

macro_rules! language {
    ($name:literal, $calls:literal, $load_at_most:expr, $fresh_at_most:literal) => {
        Language {
            component: concat!("glossary-", $name),
            size: concat!("language.", $name, ".size"),
            compile: concat!("language.", $name, ".compile"),
            load: concat!("language.", $name, ".load"),
            load_at_most: $load_at_most,
            bare_fresh: concat!("language.", $name, ".bare.fresh"),
            bare_warm: concat!("language.", $name, ".bare.warm"),
            fresh: concat!("language.", $name, ".fresh"),
            fresh_at_most: $fresh_at_most,
            warm: concat!("language.", $name, ".warm"),
            calls: $calls,
        }
    };
}

const LANGUAGES: [Language; 4] = [
    language!("rust", 200, None, 1.25),
    language!("c", 200, None, 1.25),
    language!("typescript", 40, None, 1.25),
    language!("python", 20, Some(120.0), 1.2),
];

const ROUNDS: usize = 25;
const LOADS: usize = 9;
/// More than that only counts where the call itself takes but some of them.
const MICROSECONDS_MORE: f64 = 8.0;

const TOOL: &str = "name_of_term";
const ARGUMENTS: &str = r#"{"term":"Knowledge Object"}"#;
const ANSWER: &str = "knowledge-object";

/// Rows: for each language as above.
pub async fn measure(report: &mut Report) -> Result<()> {
    for language in LANGUAGES {
        let rows = [
            language.size,
            language.compile,
            language.load,
            language.bare_fresh,
            language.bare_warm,
            language.fresh,
            language.warm,
        ];
        if report.wants(&rows) {
            language.measure(report).await?;
        }
    }
    Ok(())
}

impl Language {
    async fn measure(&self, report: &mut Report) -> Result<()> {
        let component = koi_tests::guest(self.component);
        report.figure(
            self.size,
            Unit::Kibibytes,
            &once(component.len() as f64 / 1024.0),
        );
        let config = RuntimeConfig::default();
        let start = Instant::now();
        let bare = Bare::new(&component, config.slots)?;
        let compiling = start.elapsed().as_secs_f64() * 1e3;
        report.figure(self.compile, Unit::Milliseconds, &once(compiling));

        // What loads from the cache is compiled once, whoever of the tests did.
        let (code, cache_key) = koi_tests::shared_code();
        let runtime = || {
            Runtime::new(RuntimeConfig {
                cache_dir: Some(code.clone()),
                cache_key,
                ..RuntimeConfig::default()
            })
        };
        runtime()?.load(component.clone().into()).await?;
        let mut loads = Series::default();
        for _ in 0..report.pace().rounds(LOADS) {
            let runtime = runtime()?;
            let start = Instant::now();
            runtime.load(component.clone().into()).await?;
            loads.add(start.elapsed().as_secs_f64() * 1e3);
        }
        match self.load_at_most {
            Some(at_most) => report.within(self.load, Unit::Milliseconds, &loads, at_most),
            None => report.figure(self.load, Unit::Milliseconds, &loads),
        }

        let runtime = runtime()?;
        let extension = runtime.load(component.into()).await?;
        let [fresh, pooled] = [Mode::Fresh, Mode::Pooled]
            .map(|mode| Callable::new(&extension, mode, Limits::default()));
        let mut instance = bare.instance().await?;
        let json = ARGUMENTS.to_owned();
        let calls = report.pace().count(self.calls);
        let rounds = report.pace().rounds(ROUNDS);
        let [bare_fresh, bare_warm, fresh, warm] = interleaved(rounds, async |side| match side {
            0 => median_us_of(calls, ANSWER, async || bare.call(TOOL, &json).await).await,
            1 => median_us_of(calls, ANSWER, async || instance.call(TOOL, &json).await).await,
            2 => {
                median_us_of(calls, ANSWER, async || {
                    Ok(fresh.call(TOOL, ARGUMENTS).await?)
                })
                .await
            }
            _ => {
                median_us_of(calls, ANSWER, async || {
                    Ok(pooled.call(TOOL, ARGUMENTS).await?)
                })
                .await
            }
        })
        .await?;
        report.figure(self.bare_fresh, Unit::Microseconds, &bare_fresh);
        report.figure(self.bare_warm, Unit::Microseconds, &bare_warm);
        let at_most = |times| Target::AtMost {
            times,
            or_more: MICROSECONDS_MORE,
        };
        let us = Unit::Microseconds;
        let target = at_most(self.fresh_at_most);
        report.compared(self.fresh, us, &fresh, &bare_fresh, target);
        report.compared(self.warm, us, &warm, &bare_warm, at_most(1.25));
        Ok(())
    }
}

fn once(value: f64) -> Series {
    let mut series = Series::default();
    series.add(value);
    series
}
