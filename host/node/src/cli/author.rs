//! What an author of an extension can ask for.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use koi_author::Language;

/// The commands for authors.
#[derive(Debug, Subcommand)]
pub enum AuthorCommand {
    /// Begin an extension: a project that builds and passes its own tests at once
    #[command(after_help = "\
Examples:
  koi-mcp new field-notes --lang python     makes field-notes/ here, and prints what to do next

The project has all that its build needs but the language's own tools: the contract in wit/, the SDK in sdk/, and
koi.toml, which says what `build`, `dev` and `package` have to know.")]
    New(NewArgs),
    /// Make a project's component, dist/NAME.wasm
    #[command(after_help = "\
Examples:
  koi-mcp build                  the project in this folder
  koi-mcp build --test           its own unit tests before
  koi-mcp build notes --out a.wasm

Tools are looked for in the project's .venv and node_modules, then on PATH. What is missing is named, with how to get
it. A tool elsewhere is named by the environment: KOI_TOOL_PYTHON, KOI_TOOL_NODE, KOI_TOOL_CARGO and so on; cargo's own
variables (RUSTC, CARGO_TARGET_DIR, CARGO_NET_OFFLINE) count as they do for cargo.")]
    Build(BuildArgs),
    /// Build, install into the running node and swap in each change of the sources, until Ctrl-C
    #[command(after_help = "\
Examples:
  koi-mcp serve                  a node, in another terminal
  koi-mcp dev                    the project in this folder, into the node of .koi/

An extension that is not installed yet is granted all that it asks for. Later builds keep the grants, and one that asks
for more is held until `koi-mcp extension approve`. After an error the revision before goes on serving. What tools make
(build/, dist/, target/, node_modules/, __pycache__/) and hidden files are not watched. With --json one object a line
tells of each event: watching, built, unchanged, installed, failed.")]
    Dev(DevArgs),
    /// Make what is given to others: the component with what registries show of it, signed and pushed if you like
    #[command(after_help = "\
Examples:
  koi-mcp extension keygen my.key
  koi-mcp package --sign my.key  dist/NAME-VERSION.wasm, with .sig and .pub beside it
  koi-mcp package --sign my.key --push oci://registry.example.com/notes:1.0.0

Name, version and description are those that the extension says itself; authors, license, source, homepage (and another
description) stand in koi.toml under [package], and the commit is git's. They go into the component as the sections
that wasm-tools shows, and become annotations where it is pushed.")]
    Package(PackageArgs),
}

/// Flags of `koi-mcp new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// What the extension is called: letters a-z, digits and -, the first a letter
    pub name: String,
    /// What it is written in
    #[arg(long, value_parser = language())]
    pub lang: Language,
    /// The folder to make the project's folder in
    #[arg(long, value_name = "PARENT", default_value = ".")]
    pub dir: PathBuf,
}

fn language() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::name))
        .try_map(|name| name.parse::<Language>())
}

/// Flags of `koi-mcp build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The project's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The file to write [default: dist/NAME.wasm in the project]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Run the project's own unit tests first, and build only if they pass
    #[arg(long)]
    pub test: bool,
}

/// Flags of `koi-mcp dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// The project's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// Flags of `koi-mcp package`.
#[derive(Debug, Args)]
pub struct PackageArgs {
    /// The project's folder, which is built first, or a component
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    pub path: PathBuf,
    /// The file to write [default: NAME-VERSION.wasm, in the project's dist/ or beside the component]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Sign it with this private key, PEM and not encrypted: FILE.sig and FILE.pub beside it, and where it is
    /// pushed
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
    /// Push it to a registry: oci://host/repository:tag
    #[arg(long, value_name = "REFERENCE")]
    pub push: Option<String>,
}
