//! `koi-mcp check`: the conformance kit on a component in a file, without a node.

use std::time::Duration;

use anyhow::Result;
use koi_check::{Finding, Options, Report, Seen, Severity};
use koi_runtime::Limits;

use super::{alone, print, progress, record};
use crate::admin::MAX_COMPONENT;
use crate::cli::CheckArgs;
use crate::config::Config;

/// An extension does not pass, and all that is to be said of it is said.
#[derive(Debug, thiserror::Error)]
#[error("the extension does not pass")]
pub(crate) struct Unfit;

pub(super) async fn run(config: Config, args: &CheckArgs, json: bool) -> Result<()> {
    let component = record::read(&args.file, MAX_COMPONENT)?;
    let options = Options {
        seed: args.seed,
        cases: usize::from(args.cases),
        time: Duration::from_secs(args.time),
        strict: args.strict,
    };
    let runtime = alone::runtime(&config, false)?;
    let what = format!("checking {}", args.file.display());
    let check = koi_check::check(&runtime, component.into(), &options);
    let report = progress::while_waiting(&what, check).await;
    match json {
        true => print::json(&serde_json::to_value(&report)?)?,
        false => tell(&report, &options)?,
    }
    match report.passes {
        true => Ok(()),
        false => Err(Unfit.into()),
    }
}

fn tell(report: &Report, options: &Options) -> Result<()> {
    let title = match report.extension.as_str() {
        "" => "a component that is no extension".to_owned(),
        name => format!("{name} {}", report.version),
    };
    print::line(format_args!("{title} (digest {})", report.digest))?;
    seen(report)?;
    used(report)?;
    for (severity, heading) in [
        (Severity::Note, "Notes"),
        (Severity::Warning, "Warnings"),
        (Severity::Failure, "Failures"),
    ] {
        let found = report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        let found: Vec<&Finding> = found.collect();
        if !found.is_empty() {
            print::line("")?;
            print::line(format_args!("{heading}:"))?;
        }
        for finding in found {
            let Finding {
                code,
                subject,
                message,
                input,
                ..
            } = finding;
            print::line(format_args!("  {} ({subject}): {message}", code.as_str()))?;
            if let Some(input) = input {
                print::line(format_args!("    given: {input}"))?;
            }
        }
    }
    print::line("")?;
    let counted = |severity: Severity, one: &str| match report.count(severity) {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let verdict = match report.passes {
        true => "It passes",
        false => "It does not pass",
    };
    print::line(format_args!(
        "{verdict}: {}, {}, {} (seed {}{})",
        counted(Severity::Failure, "failure"),
        counted(Severity::Warning, "warning"),
        counted(Severity::Note, "note"),
        report.seed,
        if options.strict {
            ", warnings count"
        } else {
            ""
        },
    ))
}

/// What an MCP client would see.
fn seen(report: &Report) -> Result<()> {
    let surface = &report.surface;
    let lists: [(&str, &[Seen]); 4] = [
        ("tool", &surface.tools),
        ("resource", &surface.resources),
        ("template", &surface.templates),
        ("prompt", &surface.prompts),
    ];
    let rows = lists.iter().flat_map(|(kind, list)| {
        list.iter().map(|seen| {
            let first = seen.description.lines().next().unwrap_or_default();
            [(*kind).to_owned(), seen.name.clone(), first.to_owned()]
        })
    });
    let rows: Vec<[String; 3]> = rows.collect();
    print::line("")?;
    match rows.is_empty() {
        true => print::line("An MCP client would see nothing of it."),
        false => {
            print::line("An MCP client would see:")?;
            print::table(["KIND", "NAME", "DESCRIPTION"], &rows)
        }
    }
}

/// What was used up, beside the limits.
fn used(report: &Report) -> Result<()> {
    let measured = &report.measured;
    let compiled = measured
        .compiled_bytes
        .map_or(String::new(), |bytes| format!(", {} compiled", size(bytes)));
    print::line("")?;
    print::line(format_args!(
        "{}{compiled}; loaded in {} ms, checked in {} ms",
        size(measured.component_bytes),
        measured.load_ms,
        measured.check_ms,
    ))?;
    let time = |micros: u64| format!("{}.{} ms", micros / 1000, micros % 1000 / 100);
    let limits = Limits::default();
    let of = |setting: &str| limits.get(setting).unwrap_or(u64::MAX);
    let mut rows: Vec<[String; 6]> = measured
        .calls
        .iter()
        .map(|(kind, most)| {
            [
                (*kind).to_owned(),
                most.calls.to_string(),
                time(most.cpu_us),
                time(most.wall_us),
                size(most.memory),
                size(most.result),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.push([
        "(limits)".to_owned(),
        String::new(),
        format!("{} ms", of("limits.cpu")),
        format!("{} ms", of("limits.wall")),
        size(of("limits.memory")),
        size(of("limits.result")),
    ]);
    print::table(
        ["CALLS OF", "COUNT", "CPU", "WALL", "MEMORY", "RESULT"],
        &rows,
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes % (1 << 20)) * 10) >> 20),
    }
}
