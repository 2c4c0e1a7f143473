//! How the layers become one configuration, and what is said where that fails.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use figment::error::Kind;
use figment::providers::{Format, Json, Serialized, Toml};
use figment::{Figment, Metadata, Source};

use super::environment::{Environment, PREFIX};
use super::{Config, Fault, Kind as NodeKind, Role};

/// Files looked for when `--config` is not given, in this order.
const DEFAULT_FILES: [&str; 3] = ["koi-mcp.toml", "koi-mcp.json", "/etc/koi-mcp/config.json"];

/// The text of a configuration file.
#[derive(Debug, Clone, Copy)]
pub enum ConfigText<'a> {
    /// Of one that ends in `.toml`.
    Toml(&'a str),
    /// Of one that ends in `.json`.
    Json(&'a str),
}

impl Config {
    /// Reads the layers. `flags` holds what was given on the command line, in the form of the file.
    ///
    /// # Errors
    /// One sentence for each thing that is wrong: where it stands, the key, what was expected.
    pub fn load(file: Option<&Path>, flags: serde_json::Value) -> Result<Self> {
        from_layers(file, Environment::of_process(), flags)
    }

    /// What [`Config::load`] makes of the text of a file and of such variables in the environment, and
    /// of nothing else.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn read(
        file: ConfigText<'_>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let of_file = match file {
            ConfigText::Toml(text) => Figment::from(Toml::string(text)),
            ConfigText::Json(text) => Figment::from(Json::string(text)),
        };
        let layers = over(
            Figment::from(Serialized::defaults(Self::default())),
            of_file,
        );
        let environment = Environment::new(PREFIX, variables);
        extract(over(layers, Figment::from(environment)))
    }
}

fn from_layers(
    file: Option<&Path>,
    environment: Environment,
    flags: serde_json::Value,
) -> Result<Config> {
    let mut layers = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file_in_use(file)? {
        let of_file = match file.extension().and_then(|end| end.to_str()) {
            Some("toml") => Figment::from(Toml::file_exact(&file)),
            Some("json") => Figment::from(Json::file_exact(&file)),
            _ => bail!(
                "{}: a configuration file ends in .toml or .json",
                file.display()
            ),
        };
        layers = over(layers, of_file);
    }
    layers = over(layers, Figment::from(environment));
    extract(over(layers, Figment::from(Serialized::defaults(flags))))
}

fn extract(layers: Figment) -> Result<Config> {
    let config: Config = layers.extract().map_err(|error| {
        let lines: Vec<String> = error.into_iter().map(of_figment).collect();
        anyhow!("{}", lines.join("\n"))
    })?;
    config.check().map_err(|fault| {
        let place = layers.find_metadata(&fault.key);
        anyhow!("{}", sentence(place, &fault.key, &fault.what))
    })?;
    Ok(config)
}

fn file_in_use(given: Option<&Path>) -> Result<Option<PathBuf>> {
    match given {
        Some(file) if !file.is_file() => {
            bail!("{}: there is no such file; check --config", file.display())
        }
        Some(file) => Ok(Some(file.to_owned())),
        None => Ok(DEFAULT_FILES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())),
    }
}

/// Puts a layer over others. Of the first contact, the RID belongs to the URL: a layer with another
/// URL does not keep the RID of those below.
fn over(layers: Figment, layer: Figment) -> Figment {
    let layers = if layer.contains("koi.first_contact.url") {
        layers.merge(Serialized::default("koi.first_contact.rid", None::<String>))
    } else {
        layers
    };
    layers.merge(layer)
}

impl Config {
    /// What types cannot say.
    fn check(&self) -> Result<(), Fault> {
        if self.node.name.is_empty() || self.node.name.contains('+') {
            let what = format!("expected a name without `+`, found {:?}", self.node.name);
            return Err(Fault::of("node.name", what));
        }
        if !self.admin.listen.ip().is_loopback() {
            let what = format!("expected a loopback address, found {}", self.admin.listen);
            return Err(Fault::of("admin.listen", what));
        }
        let contact = &self.koi.first_contact;
        if contact.rid.is_some() && contact.url.is_none() {
            let what = "needs koi.first_contact.url besides it";
            return Err(Fault::of("koi.first_contact.rid", what));
        }
        if self.koi.kind == NodeKind::Partial {
            return self.check_partial();
        }
        self.check_rest()?;
        is_reachable(self.koi.listen, self.koi.base_url.as_deref())
    }

    /// What a node without a server cannot be.
    fn check_partial(&self) -> Result<(), Fault> {
        let what = if self.role() == Role::Coordinator {
            "a coordinator needs a server that newcomers reach: leave it out, or set node.role"
        } else if self.koi.first_contact.url.is_none() {
            "a partial node needs koi.first_contact.url: nobody else can find it"
        } else if self.koi.base_url.is_some() {
            "a partial node has no server, and so no koi.base_url"
        } else {
            return self.check_rest();
        };
        Err(Fault::of("koi.kind", what))
    }

    fn check_rest(&self) -> Result<(), Fault> {
        let contact = &self.koi.first_contact;
        self.limits()?;
        self.tokens()?;
        self.mcp.other_views()?;
        self.koi.trust.rules()?;
        self.koi.limits.limits()?;
        self.koi.tls.check(self.koi.base_url.as_deref())?;
        self.store.lifetimes()?;
        is_url("koi.base_url", self.koi.base_url.as_deref())?;
        is_url("koi.first_contact.url", contact.url.as_deref())
    }
}

fn is_url(key: &str, url: Option<&str>) -> Result<(), Fault> {
    match url {
        Some(url) if !(url.starts_with("http://") || url.starts_with("https://")) => {
            let what =
                format!("expected a URL that starts with http:// or https://, found {url:?}");
            Err(Fault::of(key, what))
        }
        _ => Ok(()),
    }
}

/// Other nodes are told a URL, and one with 0.0.0.0 would lead each to itself.
fn is_reachable(listen: SocketAddr, base_url: Option<&str>) -> Result<(), Fault> {
    if listen.ip().is_unspecified() && base_url.is_none() {
        let what = format!(
            "{listen} is no address that other nodes could reach: set koi.base_url to the URL that \
             they are to use, such as http://node.example.org:8000/koi-net"
        );
        return Err(Fault::of("koi.listen", what));
    }
    Ok(())
}

fn of_figment(error: figment::Error) -> String {
    let mut key = error.path.join(".");
    let what = match &error.kind {
        Kind::UnknownField(field, known) => {
            key = if key.is_empty() {
                field.clone()
            } else {
                format!("{key}.{field}")
            };
            format!("unknown key; expected one of {}", known.join(", "))
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("expected {expected}, found {found}")
        }
        Kind::UnknownVariant(found, known) => {
            format!("expected one of {}, found {found:?}", known.join(", "))
        }
        other => other.to_string(),
    };
    sentence(error.metadata.as_ref(), &key, &what)
}

/// An error in our form: `place: key: expected …, found …`.
fn sentence(metadata: Option<&Metadata>, key: &str, what: &str) -> String {
    let Some(metadata) = metadata else {
        return format!("configuration: {key}: {what}");
    };
    let (place, key) = match &metadata.source {
        Some(Source::File(path)) => (path.display().to_string(), key.to_owned()),
        _ if metadata.name.contains("environment") => (
            "environment".to_owned(),
            format!("{PREFIX}{}", key.replace('.', "__").to_uppercase()),
        ),
        _ => ("command line".to_owned(), key.to_owned()),
    };
    if key.is_empty() {
        format!("{place}: {what}")
    } else {
        format!("{place}: {key}: {what}")
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
        from_layers(Some(&file), Environment::new(PREFIX, []), json!({}))
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
        let config = from_layers(
            Some(&file),
            Environment::new(PREFIX, []),
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
        assert!(error.contains("c.toml: admin.listen"), "{error}");
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
            error.contains("c.toml: limits.cpus") && error.contains("host_calls"),
            "{error}"
        );
    }

    #[test]
    fn limits_of_compiling_have_the_defaults_of_their_table() {
        let config = load("c.toml", "[compile]\ncpu = 1500\n").unwrap();
        let compile = serde_json::to_value(&config.compile).unwrap();
        for limit in koi_runtime::COMPILE_LIMITS {
            let name = limit.setting.strip_prefix("compile.").unwrap();
            let expected = if name == "cpu" { 1500 } else { limit.default };
            assert_eq!(compile[name], json!(expected), "{name}");
        }
        assert_eq!(
            compile.as_object().unwrap().len(),
            koi_runtime::COMPILE_LIMITS.len()
        );
    }

    #[test]
    fn a_first_contact_of_one_layer_does_not_keep_the_rid_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("koi-mcp.toml");
        let text =
            "[koi.first_contact]\nurl = \"http://a/koi-net\"\nrid = \"orn:koi-net.node:a+1\"\n";
        std::fs::write(&file, text).unwrap();
        let contact = |flags| {
            let environment = Environment::new(PREFIX, []);
            from_layers(Some(&file), environment, flags)
                .unwrap()
                .koi
                .first_contact
        };
        assert_eq!(
            contact(json!({})).rid.as_deref(),
            Some("orn:koi-net.node:a+1")
        );
        let other = json!({"koi": {"first_contact": {"url": "http://b/koi-net"}}});
        let other = contact(other);
        assert_eq!(
            (other.url.as_deref(), other.rid),
            (Some("http://b/koi-net"), None)
        );
    }

    #[test]
    fn an_address_that_others_cannot_reach_needs_a_url_that_they_can() {
        let everywhere = "[koi]\nlisten = \"0.0.0.0:8000\"\n";
        let error = load("c.toml", everywhere).unwrap_err().to_string();
        assert!(
            error.contains("c.toml: koi.listen") && error.contains("koi.base_url"),
            "{error}"
        );
        let with_url = format!("{everywhere}base_url = \"http://node.example.org/koi-net\"\n");
        load("c.toml", &with_url).unwrap();
    }

    #[test]
    fn a_partial_node_has_a_first_contact_and_no_address_of_its_own() {
        let contact = "[koi.first_contact]\nurl = \"http://127.0.0.1:1/koi-net\"\n";
        let partial = "[koi]\nkind = \"partial\"\nlisten = \"0.0.0.0:1\"\n";
        let config = load("c.toml", &format!("{partial}{contact}")).unwrap();
        assert_eq!(
            (config.koi.kind, config.role()),
            (NodeKind::Partial, Role::Producer)
        );
        for (text, expected) in [
            (partial.to_owned(), "first_contact"),
            (
                format!("{partial}base_url = \"http://a/koi-net\"\n{contact}"),
                "base_url",
            ),
            (
                format!("[node]\nrole = \"coordinator\"\n{partial}{contact}"),
                "coordinator",
            ),
        ] {
            let error = load("c.toml", &text).unwrap_err().to_string();
            assert!(
                error.contains("c.toml: koi.kind") && error.contains(expected),
                "{error}"
            );
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_the_form_of_one() {
        let error = load("c.toml", "[mcp]\nlisten = \"localhost:9000\"\n").unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("mcp.listen") && error.contains("127.0.0.1:9000"),
            "{error}"
        );
    }

    #[test]
    fn a_principal_has_the_digest_of_its_token() {
        let digest = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        let with = |name: &str, value: &str| {
            load("c.toml", &format!("[mcp.tokens]\n{name} = \"{value}\"\n"))
        };
        let tokens = with("alice", digest).unwrap().tokens().unwrap();
        assert!(tokens.contains_key("alice"));
        let error = with("alice", "hunter2").unwrap_err().to_string();
        assert!(
            error.contains("c.toml: mcp.tokens.alice") && error.contains("64 hexadecimal digits"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
        let error = with("operator", digest).unwrap_err().to_string();
        assert!(error.contains("mcp.tokens.operator"), "{error}");
        let error = load("c.toml", "[mcp]\ntokens = 7\n").unwrap_err();
        assert!(error.to_string().contains("mcp.tokens"), "{error}");
    }

    #[test]
    fn a_rule_between_nodes_that_is_none_is_named() {
        let error = |text: &str| load("c.toml", text).unwrap_err().to_string();
        let of_no_node = error("[koi.trust]\ndeny = [{ node = \"orn:test.note:1\" }]\n");
        assert!(
            of_no_node.contains("c.toml: koi.trust.deny: rule 1")
                && of_no_node.contains("koi-net.node"),
            "{of_no_node}"
        );
        let of_all = error("[[koi.trust.allow]]\ndirection = \"to\"\n");
        assert!(of_all.contains("neither a node nor RID types"), "{of_all}");
        let unknown = error("[[koi.trust.allow]]\nnodes = \"x\"\n");
        assert!(
            unknown.contains("unknown key") && unknown.contains("rid_types"),
            "{unknown}"
        );
    }

    #[test]
    fn rules_between_nodes_come_from_the_environment_too() {
        let variables = [(
            "KOI_MCP_KOI__TRUST__DENY".to_owned(),
            r#"[{node="orn:koi-net.node:mallory+*"},{rid_types=["orn:test.note"],direction="from"}]"#
                .to_owned(),
        )];
        let config = Config::read(ConfigText::Toml(""), variables).unwrap();
        assert_eq!(config.koi.trust.rules().unwrap().deny.len(), 2);
    }

    #[test]
    fn a_limit_for_other_nodes_of_nothing_or_of_too_much_is_refused() {
        for (text, key) in [
            ("requests = 0", "koi.limits.requests"),
            ("body = 33554433", "koi.limits.body"),
            ("event = 5", "koi.limits.event"),
        ] {
            let error = load("c.toml", &format!("[koi.limits]\n{text}\n")).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn what_is_half_secured_is_refused() {
        for (text, expected) in [
            ("[koi.tls]\ncertificate = \"c.pem\"", "koi.tls.key besides"),
            ("[koi.tls]\nkey = \"k.pem\"", "koi.tls.certificate besides"),
            (
                "[koi]\nbase_url = \"http://a/koi-net\"\n[koi.tls]\ncertificate = \"c\"\nkey = \"k\"",
                "koi.base_url: expected a URL that starts with https://",
            ),
        ] {
            let error = load("c.toml", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
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
