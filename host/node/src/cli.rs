//! The command line: what can be asked of the program, and how it turns into configuration.

mod author;
mod check;
mod distribution;
mod extension;
mod revisions;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value};

use crate::config::{Kind, Role};

pub use author::{AuthorCommand, BuildArgs, DevArgs, NewArgs, PackageArgs};
pub use check::CheckArgs;
pub use distribution::DistributionCommand;
pub use extension::{BesideArgs, ExtensionCommand, Share, Switch};
pub use revisions::RevisionCommand;

/// A node of a KOI-net knowledge network that is an MCP server, with its domains as Wasm extensions.
#[derive(Debug, Parser)]
#[command(
    name = "koi-mcp",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    args_override_self = true,
    after_help = "\
Examples:
  koi-mcp serve                                     a node on loopback, its data in .koi/
  koi-mcp extension install my.wasm --grant-asked   a domain into the running node
  koi-mcp new field-notes --lang python             a domain of your own
  koi-mcp publish object.json                       knowledge: {\"rid\": …, \"contents\": {…}}
  koi-mcp call find_datasets --args '{\"format\":\"parquet\"}'
  koi-mcp mcp                                       stdio, for an MCP client's configuration

Exit codes: 0 done, 1 failed or a check was not passed, 2 wrong usage, 3 a replay went another way."
)]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What is in an export.
const EXPORTED: &str = "\
It holds knowledge, queues, dead letters, extensions with their grants and what they keep, MCP sessions and the
audit log, of one moment, and is the same whether the store is a file or in PostgreSQL: so it moves a node from
one to the other. It holds neither the node's identity nor secrets: to move the whole node, copy priv_key.pem,
priv_key.password, secrets.json, secrets.key and extensions/ from its data folder too. An import takes all of an
export or nothing.";

/// What all commands share.
#[derive(Debug, Args)]
pub struct Common {
    /// Folder for keys, database and compiled code [default: .koi]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file, .toml or .json [default: koi-mcp.toml, koi-mcp.json or /etc/koi-mcp/config.json]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a node until it is told to stop
    Serve(ServeArgs),
    /// Speak MCP on standard input and output: with the node on the data folder, else with one of its own
    Mcp(NodeArgs),
    /// What authors of extensions do.
    #[command(flatten)]
    Author(AuthorCommand),
    /// Install, list, revert and remove extensions, and change what they are granted
    #[command(subcommand)]
    Extension(ExtensionCommand),
    /// Put knowledge on its way: {"rid": …, "contents": {…}}, an array of such, or one a line
    Publish {
        /// A file, or - for standard input
        file: PathBuf,
    },
    /// Ask the node to forget what is stored under a RID, and to tell its subscribers
    Forget {
        /// The RID
        rid: String,
    },
    /// Print the bundle that is stored under a RID
    Read {
        /// The RID
        rid: String,
        /// Its contents as the schema of this name wants them, through what transforms extensions have
        #[arg(long, value_name = "SCHEMA")]
        r#as: Option<String>,
    },
    /// List stored bundles of a RID type
    Query(QueryArgs),
    /// Call a tool
    #[command(disable_version_flag = true)]
    Call {
        /// The tool's name
        tool: String,
        /// Its arguments, a JSON object
        #[arg(long, value_name = "JSON", default_value = "{}")]
        args: String,
        /// A limit to lower for this call, such as cpu:500. Repeat for more; `extension grant NAME limit=cpu:500`
        /// sets one for all calls of an extension
        #[arg(long = "limit", value_name = "NAME:VALUE")]
        limits: Vec<String>,
        /// Which version of the extension is to answer, where several are active: 1.2.3, ^1.2 or revision:N
        /// [default: the one that serves, or a canary]
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
    /// Make a call in a fresh instance and record all that it asks and is answered
    Record(RecordArgs),
    /// Run a recorded call again: the same to the byte, or where it went another way (exit code 3)
    Replay(ReplayArgs),
    /// Check an extension for what the contract asks of it, in any language and without a node
    Check(CheckArgs),
    /// Ask another node for the bundle that it has under a RID, print it and put it on its way
    Fetch {
        /// The RID
        rid: String,
        /// The RID of the node to ask; left out: whoever provides the RID's type
        #[arg(long, value_name = "RID")]
        from: Option<String>,
    },
    /// Print what this node stores and forgets, as it happens, until Ctrl-C
    Watch {
        /// Only events of this RID type
        #[arg(long = "type", value_name = "RID_TYPE")]
        rid_type: Option<String>,
    },
    /// Look at what extensions do without being called, and have it done now
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Look at the network, the nodes and edges that this node knows, and change its part in it
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Keep secrets, such as API keys, that extensions use and never see
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Show who installed, granted, revoked and removed what, and when, the newest first
    Audit {
        /// Only what was done to this extension
        #[arg(long, value_name = "NAME")]
        extension: Option<String>,
    },
    /// Write all that the node's store has as JSON lines, also while the node runs
    #[command(after_help = EXPORTED)]
    Export {
        /// A file to write, readable for you alone, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Read an export into the empty store of a node that does not run: a new data folder, or an empty schema
    #[command(after_help = EXPORTED)]
    Import {
        /// The export, or - for standard input
        file: PathBuf,
    },
    /// Copy the data folder to one that a node can start from, also while the node runs
    #[command(after_help = "\
The copy has the database, keys, secrets and dropped in components, so keep it as you keep the data folder.
The configuration file is in it only if it lies in the data folder. A store in PostgreSQL is backed up with
pg_dump, or with `koi-mcp export`.")]
    Backup {
        /// A folder that is not there yet or is empty, on the node's machine
        folder: PathBuf,
    },
    /// Look at knowledge that was refused or failed, and give it another try
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
}

/// Flags of `serve`; each wins over the environment and the file.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// What the node is.
    #[command(flatten)]
    pub node: NodeArgs,
    /// Address of the KOI-net server; port 0 picks a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub koi_listen: Option<SocketAddr>,
    /// Address of the MCP server, HTTP and WebSocket; port 0 picks a free one [default: 127.0.0.1:9000].
    /// Whom it serves is set in the configuration under [mcp.tokens]; left out: everybody who reaches it
    #[arg(long, value_name = "ADDR:PORT")]
    pub mcp_listen: Option<SocketAddr>,
}

/// Flags of every command that may start a node. `mcp` starts one on free ports, where none runs.
#[derive(Debug, Default, Args)]
pub struct NodeArgs {
    /// Name in the node's RID
    #[arg(long)]
    pub name: Option<String>,
    /// What the node does in its network [default: coordinator; producer with a first contact]
    #[arg(long)]
    pub role: Option<Role>,
    /// Whether the node has a KOI-net server; without one it polls for its events [default: full]
    #[arg(long)]
    pub kind: Option<Kind>,
    /// Base URL of a node of the network to join
    #[arg(long, value_name = "URL")]
    pub first_contact: Option<String>,
    /// RID of that node, where it is known
    #[arg(long, value_name = "RID", requires = "first_contact")]
    pub first_contact_rid: Option<String>,
}

/// `koi-mcp secret …`
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Set a secret to the line on standard input, or to what you type unseen
    Set {
        /// Its name
        name: String,
    },
    /// List the secrets by name, with what was granted of them
    List,
    /// Forget a secret
    Remove {
        /// Its name
        name: String,
    },
}

/// Which bundles `koi-mcp query` lists.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The RID type, such as orn:data.dataset
    pub rid_type: String,
    /// What the contents have to be like: {"path": "/owner", "eq": "sales"}, with one of eq, ne, lt, le, gt,
    /// ge, in, contains, exists; {"all": […]}, {"any": […]} and {"not": …} combine
    #[arg(long, value_name = "JSON")]
    pub filter: Option<String>,
    /// rid, timestamp, or a path that the owner of the type has declared for indexing, such as /owner/name;
    /// with - before it downwards
    #[arg(long, default_value = "rid", allow_hyphen_values = true)]
    pub order: String,
    /// At most so many; more are read page by page
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// Look at no more bundles than one page does (10,000), and say so if there are more
    #[arg(long)]
    pub bounded: bool,
}

/// Flags of `koi-mcp record`.
#[derive(Debug, Args)]
#[command(after_help = "\
The call is made really, with all that the extension was granted. It has an instance of its own: of a
singleton, one that takes up the saved state and is not saved afterwards. The file holds what the extension
saw and said, but no values of secrets; keep it as you keep the data itself. An extension that was granted
folders cannot be recorded.")]
pub struct RecordArgs {
    /// The tool's name; with --resource, the URI of a resource of an extension
    pub name: String,
    /// The tool's arguments, a JSON object
    #[arg(
        long,
        value_name = "JSON",
        default_value = "{}",
        conflicts_with = "resource"
    )]
    pub args: String,
    /// Read a resource instead of calling a tool
    #[arg(long)]
    pub resource: bool,
    /// The file to write, readable for you alone
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Flags of `koi-mcp replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
The call reaches the recording and nothing else. Without --component the running node does it, on the
component that was recorded, whether or not that is still installed; with it, no node is needed.")]
pub struct ReplayArgs {
    /// The recording
    pub file: PathBuf,
    /// A component to run it on, such as the next version of the one that was recorded
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
}

/// `koi-mcp network …`
#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// List the nodes, with what they provide
    Nodes,
    /// List the edges: who is sent, or polls for, which RID types of whom
    Edges,
    /// Ask a node again to be told of what it provides and this node wants: after it said no, say
    Propose {
        /// Its RID
        node: String,
    },
    /// Forget a node, its edges and what waits to be told to it; it may introduce itself again
    Forget {
        /// Its RID
        node: String,
    },
}

/// `koi-mcp jobs …`
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List the jobs: when they run next, and how they ran last
    List {
        /// Only those of this extension
        extension: Option<String>,
    },
    /// List the runs of a job, the newest first, with those that were skipped or missed
    History {
        /// The extension
        extension: String,
        /// The job's name
        job: String,
    },
    /// Run a job now, beside its schedule, and wait for it
    Run {
        /// The extension
        extension: String,
        /// The job's name
        job: String,
    },
}

/// `koi-mcp dead-letters …`
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List them
    List,
    /// Put one through the pipeline again
    Retry {
        /// Its number in the list
        id: u64,
    },
}

impl Cli {
    /// The flags in the form of the configuration file.
    #[must_use]
    pub fn flags(&self) -> Value {
        let mut flags = Map::new();
        if let Some(dir) = &self.common.data_dir {
            set(
                &mut flags,
                "node",
                "data_dir",
                dir.to_string_lossy().into_owned(),
            );
        }
        match &self.command {
            Command::Serve(args) => args.flags(&mut flags),
            Command::Mcp(args) => args.flags(&mut flags),
            _ => {}
        }
        Value::Object(flags)
    }
}

impl ServeArgs {
    fn flags(&self, flags: &mut Map<String, Value>) {
        self.node.flags(flags);
        if let Some(listen) = self.koi_listen {
            set(flags, "koi", "listen", listen.to_string());
        }
        if let Some(listen) = self.mcp_listen {
            set(flags, "mcp", "listen", listen.to_string());
        }
    }
}

impl NodeArgs {
    fn flags(&self, flags: &mut Map<String, Value>) {
        if let Some(name) = &self.name {
            set(flags, "node", "name", name.clone());
        }
        if let Some(role) = self.role {
            set(flags, "node", "role", serde_json::json!(role));
        }
        if let Some(kind) = self.kind {
            set(flags, "koi", "kind", serde_json::json!(kind));
        }
        let contact = [
            ("url", &self.first_contact),
            ("rid", &self.first_contact_rid),
        ];
        let contact: Map<String, Value> = contact
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into())))
            .collect();
        if !contact.is_empty() {
            set(flags, "koi", "first_contact", Value::Object(contact));
        }
    }
}

fn set(flags: &mut Map<String, Value>, section: &str, key: &str, value: impl Into<Value>) {
    if let Value::Object(section) = flags
        .entry(section)
        .or_insert_with(|| Value::Object(Map::new()))
    {
        section.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_call_may_name_the_version_that_is_to_answer() {
        let cli = Cli::parse_from(["koi-mcp", "call", "find", "--version", "^1.2"]);
        assert!(matches!(cli.command, Command::Call { version: Some(of), .. } if of == "^1.2"));
        let cli = Cli::try_parse_from([
            "koi-mcp",
            "extension",
            "install",
            "a",
            "--beside",
            "--shadow",
        ]);
        assert!(cli.is_err());
    }

    #[test]
    fn of_a_flag_given_twice_the_last_one_counts() {
        let cli = Cli::parse_from(["koi-mcp", "serve", "--name", "a", "--name", "b"]);
        assert_eq!(cli.flags(), serde_json::json!({"node": {"name": "b"}}));
    }

    #[test]
    fn flags_take_the_form_of_the_file() {
        let cli = Cli::parse_from([
            "koi-mcp",
            "serve",
            "--data-dir",
            "d",
            "--role",
            "consumer",
            "--koi-listen",
            "127.0.0.1:0",
            "--first-contact",
            "http://127.0.0.1:1/koi-net",
        ]);
        assert_eq!(
            cli.flags(),
            serde_json::json!({
                "node": {"data_dir": "d", "role": "consumer"},
                "koi": {"listen": "127.0.0.1:0", "first_contact": {"url": "http://127.0.0.1:1/koi-net"}},
            })
        );
    }
}
