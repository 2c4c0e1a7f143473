//! Figures for whoever scrapes them, in Prometheus' text format 0.0.4.
//!
//! Counters are since the revision was activated or the node started; what is gone is left out.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use koi_registry::{Registry, StateHandover, SwapReport, VersionVitals};

use super::AdminParts;

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn show(State(parts): State<AdminParts>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, FORMAT)],
        exposition(&parts.registry),
    )
}

/// One sample: its labels, which need no escapes, and its value.
type Sample = (String, f64);

fn exposition(registry: &Registry) -> String {
    let snapshot = registry.snapshot();
    let names = || snapshot.extensions.keys();
    let vitals: Vec<(String, VersionVitals)> = names()
        .filter_map(|name| registry.vitals(name))
        .flat_map(|vitals| {
            let name = vitals.name;
            let of = move |version: VersionVitals| (name.clone(), version);
            vitals.versions.into_iter().map(of)
        })
        .collect();
    let of_version = |value: fn(&VersionVitals) -> f64| -> Vec<Sample> {
        let samples = vitals.iter().map(|(name, version)| {
            let labels = format!(
                "extension=\"{name}\",version=\"{}\",revision=\"{}\",role=\"{}\"",
                version.version, version.revision, version.role
            );
            (labels, value(version))
        });
        samples.collect()
    };
    let swaps: Vec<(&String, SwapReport)> = names()
        .filter_map(|name| Some((name, registry.last_swap(name)?)))
        .collect();
    let of_swap = |value: fn(&SwapReport) -> f64| -> Vec<Sample> {
        let samples = swaps.iter();
        let samples = samples.map(|(name, swap)| (format!("extension=\"{name}\""), value(swap)));
        samples.collect()
    };
    let families = [
        (
            "koi_extension_calls_total",
            "counter",
            "Calls that ended.",
            of_version(|of| of.calls as f64),
        ),
        (
            "koi_extension_failures_total",
            "counter",
            "Calls that the extension failed in.",
            of_version(|of| of.failures as f64),
        ),
        (
            "koi_extension_tool_errors_total",
            "counter",
            "Calls in which a tool said that it failed.",
            of_version(|of| of.errors as f64),
        ),
        (
            "koi_extension_breaker",
            "gauge",
            "Whether it is called: 0 closed, 1 half-open, 2 open.",
            of_version(|of| match of.breaker {
                "open" => 2.0,
                "half-open" => 1.0,
                _ => 0.0,
            }),
        ),
        (
            "koi_swap_compile_seconds",
            "gauge",
            "Of the last swap: until there was code.",
            of_swap(|swap| swap.compile_ms as f64 / 1e3),
        ),
        (
            "koi_swap_prepare_seconds",
            "gauge",
            "Of the last swap: from there until the revision was started.",
            of_swap(|swap| swap.prepare_ms as f64 / 1e3),
        ),
        (
            "koi_swap_seconds",
            "gauge",
            "Of the last swap: the commit and the change of the pointer.",
            of_swap(|swap| swap.swap_us as f64 / 1e6),
        ),
        (
            "koi_swap_drained_calls",
            "gauge",
            "Of the last swap: calls that finished on the old revision.",
            of_swap(|swap| swap.drained as f64),
        ),
        (
            "koi_swap_state_bytes",
            "gauge",
            "Of the last swap: a singleton's state that was handed over.",
            of_swap(|swap| match swap.state {
                StateHandover::None => 0.0,
                StateHandover::HandedOver { bytes } => bytes as f64,
            }),
        ),
    ];
    let mut text = String::new();
    for (name, kind, help, samples) in families {
        // Writing to a string does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    }
    text
}
