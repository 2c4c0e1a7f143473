//! `koi-mcp new`

use anyhow::Result;
use serde_json::{Value, json};

use super::print;
use crate::cli::NewArgs;

pub(super) fn run(args: &NewArgs, json: bool) -> Result<()> {
    let root = koi_author::create(&args.dir, &args.name, args.lang)?;
    let tools = args.lang.tools().iter().map(|run| (*run, "once"));
    let own = [
        ("koi-mcp build --test", "its unit tests, then dist/"),
        ("koi-mcp serve", "a node, in another terminal"),
        ("koi-mcp dev", "into the node, after each change again"),
    ];
    let next: Vec<(&str, &str)> = tools.chain(own).collect();
    if json {
        let next = next
            .iter()
            .map(|(run, why)| json!({"run": run, "for": why}));
        return print::json(&json!({
            "project": root,
            "language": args.lang.name(),
            "next": next.collect::<Vec<Value>>(),
        }));
    }
    let shown = root.display();
    print::line(format_args!("made {shown}, an extension in {}", args.lang))?;
    print::line(format_args!("  cd {shown}"))?;
    let width = next.iter().map(|(run, _)| run.len()).max().unwrap_or(0);
    next.iter()
        .try_for_each(|(run, why)| print::line(format_args!("  {run:width$}  {why}")))
}
