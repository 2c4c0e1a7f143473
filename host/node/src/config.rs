//! The node's configuration: defaults < file < environment < command line.
//!
//! The file is `--config FILE`, else the first that exists of `koi-mcp.toml`, `koi-mcp.json` and
//! `/etc/koi-mcp/config.json`. The environment spells a key `KOI_MCP_SECTION__KEY`. An unknown key or
//! a value of the wrong type is an error that names where it stands, the key and what was expected;
//! nothing is ever guessed.

mod distribution;
mod environment;
mod lifetime;
mod load;
mod mcp_limits;
mod peer_limits;
mod store;
mod tls;
mod trust;
mod views;
mod watch;

pub(crate) use distribution::read_pem;
pub use distribution::{OciAccount, OciConfig, PolicyConfig, SignaturesConfig};
pub use lifetime::Lifetime;
pub use load::ConfigText;
pub use mcp_limits::McpLimits;
pub use peer_limits::PeerLimitsConfig;
pub(crate) use store::DATABASE;
pub use store::StoreConfig;
pub use tls::TlsConfig;
pub use trust::{TrustConfig, TrustRuleConfig, WayConfig};
pub use views::{DispatcherConfig, ViewConfig};
pub use watch::{BreakerConfig, HealthConfig, RollbackConfig};

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use koi_mcp_server::TokenDigest;
use koi_runtime::{CompileLimits, Compiler, LIMITS, Limits};
use serde::de::{Deserializer, Error as _, Unexpected};
use serde::{Deserialize, Serialize};

/// Longest name of a principal, in bytes.
const MAX_PRINCIPAL: usize = 64;
/// What the reference waits between polls.
const POLL_INTERVAL: NonZero<u64> = match NonZero::new(5_000) {
    Some(interval) => interval,
    None => NonZero::<u64>::MIN,
};
/// Who acts through the admin API.
const OPERATOR: &str = "operator";

/// Everything that can be configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who the node is.
    pub node: NodeConfig,
    /// Its side towards the KOI-net network.
    pub koi: KoiConfig,
    /// Its side towards MCP clients.
    pub mcp: McpConfig,
    /// Its side towards the operator.
    pub admin: AdminConfig,
    /// Where extensions come from and what they are told.
    pub extensions: ExtensionsConfig,
    /// How extensions are run.
    pub runtime: RuntimeConfig,
    /// How they are compiled.
    pub compile: CompileConfig,
    /// What one call may use up, by the names and in the units of [`koi_runtime::LIMITS`], which has
    /// the defaults too.
    pub limits: BTreeMap<String, u64>,
    /// When an extension that fails is not called for a while.
    pub breaker: BreakerConfig,
    /// How extensions are asked for their health.
    pub health: HealthConfig,
    /// When a new revision gives way by itself.
    pub rollback: RollbackConfig,
    /// Where it keeps what it knows.
    pub store: StoreConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// Who the node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeConfig {
    /// The name in the node's RID; any characters but `+`. Another name is another identity.
    pub name: String,
    /// Folder for keys, database and compiled code.
    pub data_dir: PathBuf,
    /// What the node does in its network. Left out: `coordinator` without a first contact,
    /// `producer` with one.
    pub role: Option<Role>,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            name: "koi-mcp".into(),
            data_dir: ".koi".into(),
            role: None,
        }
    }
}

/// What a node does in its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Introduces nodes to each other, and provides nodes and edges besides its extensions' knowledge.
    Coordinator,
    /// Provides and receives the knowledge of its extensions.
    Producer,
    /// Receives the knowledge of its extensions and provides none.
    Consumer,
}

/// Whether a node has a KOI-net server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It has one, and is sent events.
    #[default]
    Full,
    /// It has none, polls for events, and needs no address that others reach.
    Partial,
}

/// The KOI-net side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KoiConfig {
    /// Whether there is a KOI-net server.
    pub kind: Kind,
    /// How long a partial node waits between two questions to one node, in milliseconds.
    pub poll_interval: NonZero<u64>,
    /// Address of the KOI-net server; port 0 picks a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The URL under which other nodes reach it, where that differs from the listening address; with
    /// an address such as 0.0.0.0 it always does.
    pub base_url: Option<String>,
    /// A node of the network to join.
    pub first_contact: FirstContact,
    /// With whom it deals, and in what.
    pub trust: TrustConfig,
    /// What one other node may take of it.
    pub limits: PeerLimitsConfig,
    /// How connections to other nodes are secured.
    pub tls: TlsConfig,
}

impl Default for KoiConfig {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            poll_interval: POLL_INTERVAL,
            listen: loopback(8000),
            base_url: None,
            first_contact: FirstContact::default(),
            trust: TrustConfig::default(),
            limits: PeerLimitsConfig::default(),
            tls: TlsConfig::default(),
        }
    }
}

/// A node of the network to join.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstContact {
    /// Its base URL, such as `http://127.0.0.1:8080/koi-net`.
    pub url: Option<String>,
    /// Its RID, where that is known.
    pub rid: Option<String>,
}

/// The MCP side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpConfig {
    /// Address of the MCP server; port 0 picks a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// `Host` headers that are served besides those of the loopback.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers that are served besides those of the loopback.
    pub allowed_origins: Vec<String>,
    /// Whose requests are served: the name of each principal, and the SHA-256 of its bearer token in
    /// hexadecimal digits. If there are none, all requests are served.
    pub tokens: BTreeMap<String, String>,
    /// How `/mcp`, which shows everything, offers the tools.
    pub dispatcher: DispatcherConfig,
    /// Whether agents may install, revert and remove extensions there, with no grants beyond those that an
    /// extension has.
    pub manage_extensions: bool,
    /// Endpoints `/mcp/NAME` that show a part.
    pub views: BTreeMap<String, ViewConfig>,
    /// What clients may take of the node.
    pub limits: McpLimits,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            listen: loopback(9000),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tokens: BTreeMap::new(),
            dispatcher: DispatcherConfig::default(),
            manage_extensions: false,
            views: BTreeMap::new(),
            limits: McpLimits::default(),
        }
    }
}

/// The operator's side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Address of the admin API: a loopback address; port 0 picks a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: loopback(0),
        }
    }
}

/// Extensions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtensionsConfig {
    /// Folder whose `.wasm` files are installed as they appear; `<data_dir>/extensions` if left out.
    pub drop_folder: Option<PathBuf>,
    /// Settings handed to extensions, by extension name; each a table that the extension defines.
    pub settings: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
    /// How many revisions of an extension are kept, beside those that are active or pinned.
    pub keep: usize,
    /// Whose components are taken.
    pub signatures: SignaturesConfig,
    /// How registries are dealt with.
    pub oci: OciConfig,
}

impl Default for ExtensionsConfig {
    fn default() -> Self {
        Self {
            drop_folder: None,
            settings: BTreeMap::new(),
            keep: 10,
            signatures: SignaturesConfig::default(),
            oci: OciConfig::default(),
        }
    }
}

/// How extensions are run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Linear memories that may exist at once, over all extensions: one for most instances.
    pub slots: u32,
    /// A singleton saves its state after every so many calls; what came after is lost when it
    /// crashes.
    pub save_every: NonZero<u32>,
    /// Whether instructions of extensions are counted, so that `limits.fuel` can be set. Extensions that
    /// compute run slower with it.
    pub fuel: bool,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            slots: 1000,
            save_every: NonZero::<u32>::MIN,
            fuel: false,
        }
    }
}

/// How extensions are compiled. The defaults are those of [`koi_runtime::COMPILE_LIMITS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompileConfig {
    /// CPU time for one component, in milliseconds, of which a part of a second counts as a whole.
    pub cpu: u64,
    /// Memory for one component, in bytes.
    pub memory: u64,
    /// Time for one component, in milliseconds.
    pub wall: u64,
    /// Bytes of compiled code that are kept in the data folder.
    pub cache: u64,
    /// Where that happens: in this process, unless who embeds a node says otherwise. The program
    /// `koi-mcp` always uses a process of its own.
    #[serde(skip)]
    pub compiler: Compiler,
}

impl Default for CompileConfig {
    fn default() -> Self {
        let limits = CompileLimits::default();
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            cpu: milliseconds(limits.cpu),
            memory: limits.memory,
            wall: milliseconds(limits.wall),
            cache: limits.cache,
            compiler: Compiler::default(),
        }
    }
}

impl CompileConfig {
    /// What compiling one component may use up.
    #[must_use]
    pub fn limits(&self) -> CompileLimits {
        CompileLimits {
            cpu: Duration::from_millis(self.cpu),
            memory: self.memory,
            wall: Duration::from_millis(self.wall),
            cache: self.cache,
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,koi_net=debug`.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: LogFormat::Text,
        }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is wrong with the value of a key.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {what}")]
pub(crate) struct Fault {
    key: String,
    what: String,
}

impl Fault {
    fn of(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            what: what.into(),
        }
    }
}

impl Config {
    /// The limits of a call in force.
    ///
    /// # Errors
    /// If a limit of another name is set, or one that this node would not keep.
    pub(crate) fn limits(&self) -> Result<Limits, Fault> {
        let mut limits = Limits::default();
        for (name, value) in &self.limits {
            let setting = format!("limits.{name}");
            if !limits.set(&setting, *value) {
                let known: Vec<&str> = LIMITS
                    .iter()
                    .filter_map(|limit| limit.setting.strip_prefix("limits."))
                    .collect();
                let what = format!("unknown key; expected one of {}", known.join(", "));
                return Err(Fault::of(setting, what));
            }
        }
        if limits.wants_fuel() && !self.runtime.fuel {
            let what = "instructions are only counted with `runtime.fuel = true`";
            return Err(Fault::of("limits.fuel", what));
        }
        Ok(limits)
    }

    /// The principals of the MCP side and what their tokens are known by.
    ///
    /// # Errors
    /// If a name is none, or a value is no digest; the fault does not repeat the value, which may be a
    /// token.
    pub(crate) fn tokens(&self) -> Result<BTreeMap<String, TokenDigest>, Fault> {
        let digest = |(name, hex): (&String, &String)| {
            let key = format!("mcp.tokens.{name}");
            if name.is_empty() || name.len() > MAX_PRINCIPAL || name == OPERATOR {
                let what = format!(
                    "expected the name of a principal: at most {MAX_PRINCIPAL} bytes, and not `{OPERATOR}`, \
                     who uses the admin API"
                );
                return Err(Fault::of(key, what));
            }
            let digest = TokenDigest::parse(hex).ok_or_else(|| {
                let what = "expected the SHA-256 of a token, 64 hexadecimal digits, such as \
                            `printf %s TOKEN | sha256sum` prints";
                Fault::of(key, what)
            })?;
            Ok((name.clone(), digest))
        };
        self.mcp.tokens.iter().map(digest).collect()
    }

    /// The role in force.
    #[must_use]
    pub fn role(&self) -> Role {
        self.node.role.unwrap_or(match self.koi.first_contact.url {
            Some(_) => Role::Producer,
            None if self.koi.kind == Kind::Partial => Role::Producer,
            None => Role::Coordinator,
        })
    }

    /// The drop folder in force.
    #[must_use]
    pub fn drop_folder(&self) -> PathBuf {
        self.extensions
            .drop_folder
            .clone()
            .unwrap_or_else(|| self.node.data_dir.join("extensions"))
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// An address of a listener, or what one looks like.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        let form = "an IP address and a port, such as 127.0.0.1:9000";
        D::Error::invalid_value(Unexpected::Str(&text), &form)
    })
}
