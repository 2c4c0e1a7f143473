//! What `koi-mcp check` is told.

use std::path::PathBuf;

use clap::Args;

/// Flags of `koi-mcp check`.
#[derive(Debug, Args)]
#[command(after_help = "\
No node is needed: the extension is called on a node in memory, with all that it asks for, and reaches nothing
else. Contents and arguments come from examples, then from its schemas; they follow from the seed. Examples are
taken from
  - `examples` and `default` in a JSON Schema;
  - `\"koi-mcp/examples\": [{\"arguments\": {…}, \"result\": …}]` in the `_meta` of a tool: with `result`, the structured
    content has to be the same;
  - `\"examples\": [\"sales/orders\"]` of a RID type in `describe`: references.

Exit codes: 0 it passes, 1 it does not. Failures keep it from passing, with --strict warnings too; notes say what
was not looked at. With --json all but `measured` is the same for the same component and seed.")]
pub struct CheckArgs {
    /// The component
    pub file: PathBuf,
    /// What is generated follows from it
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// So many valid, and as many mutilated, contents and arguments for each handler, tool and schema
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub cases: u16,
    /// Skip what is left after so many seconds, compiling not counted
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub time: u64,
    /// Warnings keep it from passing, too
    #[arg(long)]
    pub strict: bool,
}
