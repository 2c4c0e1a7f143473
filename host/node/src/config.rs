//! The node's configuration: defaults < file < environment < command line.
//!
//! The file is `--config FILE`, else the first that exists of `koi-mcp.toml`, `koi-mcp.json` and
//! `/etc/koi-mcp/config.json`. The environment spells a key `KOI_MCP_SECTION__KEY`. An unknown key or
//! a value of the wrong type is an error that names where it stands, the key and what was expected;
//! nothing is ever guessed.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Json, Serialized, Toml};
use koi_runtime::{LIMITS, Limits};
use serde::{Deserialize, Serialize};

/// Files looked for when `--config` is not given, in this order.
const DEFAULT_FILES: [&str; 3] = ["koi-mcp.toml", "koi-mcp.json", "/etc/koi-mcp/config.json"];

/// Prefix of the environment variables that set a key.
const ENVIRONMENT: &str = "KOI_MCP_";

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
    /// What one call may use up, by the names and in the units of [`koi_runtime::LIMITS`], which has
    /// the defaults too.
    pub limits: BTreeMap<String, u64>,
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

/// The KOI-net side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KoiConfig {
    /// Address of the KOI-net server; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The URL under which other nodes reach it, where that differs from the listening address.
    pub base_url: Option<String>,
    /// A node of the network to join.
    pub first_contact: FirstContact,
}

impl Default for KoiConfig {
    fn default() -> Self {
        Self {
            listen: loopback(8000),
            base_url: None,
            first_contact: FirstContact::default(),
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
    pub listen: SocketAddr,
    /// `Host` headers that are served besides those of the loopback.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers that are served besides those of the loopback.
    pub allowed_origins: Vec<String>,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            listen: loopback(9000),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}

/// The operator's side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Address of the admin API: a loopback address; port 0 picks a free one.
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtensionsConfig {
    /// Folder whose `.wasm` files are installed as they appear; `<data_dir>/extensions` if left out.
    pub drop_folder: Option<PathBuf>,
    /// Settings handed to extensions, by extension name; each a table that the extension defines.
    pub settings: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
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
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            slots: 1000,
            save_every: NonZero::<u32>::MIN,
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

impl Config {
    /// Reads the layers. `flags` holds what was given on the command line, in the form of the file.
    ///
    /// # Errors
    /// One sentence for each thing that is wrong: where it stands, the key, what was expected.
    pub fn load(file: Option<&Path>, flags: serde_json::Value) -> Result<Self> {
        // The variables of secrets are none of settings.
        let env = Env::prefixed(ENVIRONMENT).filter(|key| !key.starts_with("SECRET_"));
        Self::from_layers(file, env.split("__"), flags)
    }

    fn from_layers(file: Option<&Path>, env: Env, flags: serde_json::Value) -> Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        let file = match file {
            Some(file) if !file.is_file() => {
                bail!("{}: there is no such file; check --config", file.display())
            }
            Some(file) => Some(file.to_owned()),
            None => DEFAULT_FILES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file()),
        };
        if let Some(file) = &file {
            figment = match file.extension().and_then(|e| e.to_str()) {
                Some("toml") => figment.merge(Toml::file_exact(file)),
                Some("json") => figment.merge(Json::file_exact(file)),
                _ => bail!(
                    "{}: a configuration file ends in .toml or .json",
                    file.display()
                ),
            };
        }
        let figment = figment.merge(env).merge(Serialized::defaults(flags));
        let config: Self = figment.extract().map_err(|error| {
            let lines: Vec<String> = error.into_iter().map(describe).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        })?;
        config.check()?;
        Ok(config)
    }

    /// What types cannot say.
    fn check(&self) -> Result<()> {
        if self.node.name.is_empty() || self.node.name.contains('+') {
            bail!(
                "node.name: expected a name without `+`, found {:?}",
                self.node.name
            );
        }
        if !self.admin.listen.ip().is_loopback() {
            bail!(
                "admin.listen: expected a loopback address, found {}",
                self.admin.listen
            );
        }
        if self.koi.first_contact.rid.is_some() && self.koi.first_contact.url.is_none() {
            bail!("koi.first_contact.rid: needs koi.first_contact.url besides it");
        }
        self.limits()?;
        for url in [&self.koi.base_url, &self.koi.first_contact.url]
            .into_iter()
            .flatten()
        {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                bail!(
                    "{url:?}: expected a URL that starts with http:// or https:// (koi.base_url, koi.first_contact.url)"
                );
            }
        }
        Ok(())
    }

    /// The limits of a call in force.
    ///
    /// # Errors
    /// If a limit of another name is set.
    pub fn limits(&self) -> Result<Limits> {
        let mut limits = Limits::default();
        for (name, value) in &self.limits {
            let setting = format!("limits.{name}");
            if !limits.set(&setting, *value) {
                let known: Vec<&str> = LIMITS
                    .iter()
                    .filter_map(|limit| limit.setting.strip_prefix("limits."))
                    .collect();
                bail!(
                    "{setting}: unknown key; expected one of {}",
                    known.join(", ")
                );
            }
        }
        Ok(limits)
    }

    /// The role in force.
    #[must_use]
    pub fn role(&self) -> Role {
        self.node.role.unwrap_or(match self.koi.first_contact.url {
            Some(_) => Role::Producer,
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

/// One error of figment in our form: `place: key: expected …, found …`.
fn describe(error: figment::Error) -> String {
    let source = error
        .metadata
        .as_ref()
        .map(|m| match &m.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ if m.name.contains("environment") => "environment".to_owned(),
            _ => "command line".to_owned(),
        })
        .unwrap_or_else(|| "configuration".to_owned());
    let mut key = error.path.join(".");
    let what = match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            key = if key.is_empty() {
                field.clone()
            } else {
                format!("{key}.{field}")
            };
            format!("unknown key; expected one of {}", known.join(", "))
        }
        figment::error::Kind::InvalidType(found, expected)
        | figment::error::Kind::InvalidValue(found, expected) => {
            format!("expected {expected}, found {found}")
        }
        figment::error::Kind::UnknownVariant(found, known) => {
            format!("expected one of {}, found {found:?}", known.join(", "))
        }
        other => other.to_string(),
    };
    if source == "environment" {
        key = format!("{ENVIRONMENT}{}", key.replace('.', "__").to_uppercase());
    }
    if key.is_empty() {
        format!("{source}: {what}")
    } else {
        format!("{source}: {key}: {what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn load(name: &str, text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        Config::from_layers(Some(&file), Env::prefixed("KOI_NOT_SET_"), json!({}))
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        let error = load("koi-mcp.toml", "[koi]\nlissten = \"127.0.0.1:1\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("koi-mcp.toml"), "{error}");
        assert!(error.contains("koi.lissten"), "{error}");
        assert!(error.contains("listen"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_named_with_what_was_expected() {
        let error = load("koi-mcp.json", r#"{"runtime":{"slots":"many"}}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("runtime.slots"), "{error}");
        assert!(
            error.contains("expected") && error.contains("many"),
            "{error}"
        );
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("koi-mcp.toml");
        std::fs::write(&file, "[node]\nname = \"a\"\nrole = \"consumer\"\n").unwrap();
        let config = Config::from_layers(
            Some(&file),
            Env::prefixed("KOI_NOT_SET_"),
            json!({"node": {"name": "b"}}),
        )
        .unwrap();
        assert_eq!(config.node.name, "b");
        assert_eq!(config.role(), Role::Consumer);
    }

    #[test]
    fn a_first_contact_makes_the_default_role_a_producer() {
        assert_eq!(Config::default().role(), Role::Coordinator);
        let config = load(
            "c.toml",
            "[koi.first_contact]\nurl = \"http://127.0.0.1:1/koi-net\"\n",
        )
        .unwrap();
        assert_eq!(config.role(), Role::Producer);
    }

    #[test]
    fn the_admin_api_refuses_to_leave_the_loopback() {
        let error = load("c.toml", "[admin]\nlisten = \"0.0.0.0:1\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("admin.listen"), "{error}");
    }

    #[test]
    fn a_limit_is_set_by_its_name_and_an_unknown_one_refused() {
        let config = load("c.toml", "[limits]\ncpu = 50\n").unwrap();
        assert_eq!(
            config.limits().unwrap().cpu,
            std::time::Duration::from_millis(50)
        );
        let error = load("c.toml", "[limits]\ncpus = 50\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("limits.cpus") && error.contains("host_calls"),
            "{error}"
        );
    }

    #[test]
    fn settings_of_extensions_are_free_tables() {
        let config = load(
            "c.toml",
            "[extensions.settings.agent-personality]\nname = \"bob\"\n",
        )
        .unwrap();
        assert_eq!(
            config.extensions.settings["agent-personality"]["name"],
            json!("bob")
        );
    }
}
