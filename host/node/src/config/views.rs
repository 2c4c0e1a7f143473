//! `[mcp.views.NAME]`: what the endpoints beside `/mcp` show, and how each offers its tools.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use koi_mcp_server::{Dispatcher, NamePattern, ViewName, ViewOptions};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::{Fault, McpConfig};

/// Most views: each listens to changes and keeps lists of its own.
const MAX_VIEWS: usize = 32;

/// What the endpoint of a view shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewConfig {
    /// Only the tools and resources of these extensions; of all if left out.
    pub extensions: Option<Vec<String>>,
    /// Of their tools only those whose names fit one of these, `*` standing for anything; all if left
    /// out.
    pub tools: Option<Vec<String>>,
    /// How the tools are offered.
    pub dispatcher: DispatcherConfig,
    /// Whether agents may install, revert and remove extensions there: any extension of the node.
    pub manage_extensions: bool,
}

/// `false`, `true` or `"beside"`: whether an endpoint's tools are found and called through three
/// others, and whether they are listed all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DispatcherConfig(pub Dispatcher);

const BESIDE: &str = "beside";

impl<'de> Deserialize<'de> for DispatcherConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Setting;
        impl Visitor<'_> for Setting {
            type Value = DispatcherConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "true, false or \"{BESIDE}\"")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<DispatcherConfig, E> {
                Ok(DispatcherConfig(match on {
                    true => Dispatcher::Only,
                    false => Dispatcher::Off,
                }))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DispatcherConfig, E> {
                match text {
                    BESIDE => Ok(DispatcherConfig(Dispatcher::Beside)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Setting)
    }
}

impl Serialize for DispatcherConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Dispatcher::Off => serializer.serialize_bool(false),
            Dispatcher::Only => serializer.serialize_bool(true),
            Dispatcher::Beside => serializer.serialize_str(BESIDE),
        }
    }
}

impl McpConfig {
    /// What `/mcp` shows.
    pub(crate) fn main_view(&self) -> ViewOptions {
        ViewOptions {
            dispatcher: self.dispatcher.0,
            manage_extensions: self.manage_extensions,
            ..ViewOptions::default()
        }
    }

    /// Whether an endpoint lets agents install extensions.
    pub(crate) fn lets_agents_install(&self) -> bool {
        self.manage_extensions || self.views.values().any(|view| view.manage_extensions)
    }

    /// What the other endpoints show.
    ///
    /// # Errors
    /// Which key has a value that makes no sense, and what was expected.
    pub(crate) fn other_views(&self) -> Result<BTreeMap<ViewName, ViewOptions>, Fault> {
        if self.views.len() > MAX_VIEWS {
            let what = format!("expected at most {MAX_VIEWS}, found {}", self.views.len());
            return Err(Fault::of("mcp.views", what));
        }
        self.views
            .iter()
            .map(|(name, view)| {
                let key = format!("mcp.views.{name}");
                let of_key =
                    |error: koi_mcp_server::EndpointError| Fault::of(&key, error.to_string());
                Ok((name.parse().map_err(of_key)?, view.options(&key)?))
            })
            .collect()
    }
}

impl ViewConfig {
    fn options(&self, key: &str) -> Result<ViewOptions, Fault> {
        let some = |what: &str, list: &[String]| match list.is_empty() {
            true => {
                let what = format!("expected one {what} or more; without the key all are shown");
                Err(Fault::of(key, what))
            }
            false => Ok(()),
        };
        let key_of = |member: &str| format!("{key}.{member}");
        let of = |member: &str| {
            let key = key_of(member);
            move |fault: Fault| Fault { key, ..fault }
        };
        if let Some(extensions) = &self.extensions {
            some("name of an extension", extensions).map_err(of("extensions"))?;
            if let Some(name) = extensions.iter().find(|name| !is_extension(name)) {
                let what = format!("expected names of extensions, found {name:?}");
                return Err(Fault::of(key_of("extensions"), what));
            }
        }
        let tools = self.tools.as_ref().map(|tools| {
            some("pattern", tools).map_err(of("tools"))?;
            let parsed = tools.iter().map(|pattern| pattern.parse());
            parsed
                .collect::<Result<Vec<NamePattern>, _>>()
                .map_err(|error| Fault::of(key_of("tools"), error.to_string()))
        });
        Ok(ViewOptions {
            extensions: self
                .extensions
                .as_ref()
                .map(|names| names.iter().cloned().collect::<BTreeSet<_>>()),
            tools: tools.transpose()?,
            dispatcher: self.dispatcher.0,
            manage_extensions: self.manage_extensions,
        })
    }
}

/// As the registry takes names of extensions.
fn is_extension(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigText};

    fn read(text: &str) -> Result<Config, String> {
        Config::read(ConfigText::Toml(text), []).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_view_shows_what_its_table_says() {
        let config = read(
            "[mcp]\ndispatcher = \"beside\"\n[mcp.views.sales]\nextensions = [\"crm\"]\n\
             tools = [\"find_*\"]\ndispatcher = true\n[mcp.views.all]\n",
        )
        .unwrap();
        assert!(!config.mcp.lets_agents_install());
        assert_eq!(config.mcp.main_view().dispatcher, Dispatcher::Beside);
        let views = config.mcp.other_views().unwrap();
        assert_eq!(views[&"all".parse().unwrap()], ViewOptions::default());
        let sales = &views[&"sales".parse().unwrap()];
        assert_eq!(sales.extensions, Some(BTreeSet::from(["crm".to_owned()])));
        assert_eq!(sales.tools, Some(vec!["find_*".parse().unwrap()]));
        assert_eq!(sales.dispatcher, Dispatcher::Only);
    }

    #[test]
    fn agents_install_only_where_that_is_switched_on() {
        let config = read("[mcp.views.ops]\nmanage_extensions = true\n[mcp.views.all]\n").unwrap();
        assert!(config.mcp.lets_agents_install());
        assert!(!config.mcp.main_view().manage_extensions);
        let views = config.mcp.other_views().unwrap();
        let lets = |name: &str| views[&name.parse().unwrap()].manage_extensions;
        assert!(lets("ops") && !lets("all"));
        let config = read("[mcp]\nmanage_extensions = true\n").unwrap();
        assert!(config.mcp.main_view().manage_extensions);
    }

    #[test]
    fn what_makes_no_sense_is_named_with_what_was_expected() {
        for (text, key, expected) in [
            ("[mcp]\ndispatcher = \"on\"\n", "mcp.dispatcher", "beside"),
            ("[mcp]\ndispatcher = 1\n", "mcp.dispatcher", "true, false"),
            ("[mcp.views.Sales]\n", "mcp.views.Sales", "small letters"),
            ("[mcp.views.a]\ntool = []\n", "mcp.views.a.tool", "tools"),
            (
                "[mcp.views.a]\ntools = []\n",
                "mcp.views.a.tools",
                "one pattern",
            ),
            (
                "[mcp.views.a]\ntools = [\"a b\"]\n",
                "mcp.views.a.tools",
                "find_*",
            ),
            (
                "[mcp.views.a]\nextensions = [\"A\"]\n",
                "mcp.views.a.extensions",
                "\"A\"",
            ),
            (
                "[mcp.views.a]\nextensions = \"b\"\n",
                "mcp.views.a.extensions",
                "expected",
            ),
        ] {
            let told = read(text).unwrap_err();
            assert!(
                told.contains(key) && told.contains(expected),
                "{text}: {told}"
            );
        }
        let many: String = (0..33).map(|n| format!("[mcp.views.v{n}]\n")).collect();
        assert!(read(&many).unwrap_err().contains("at most 32"));
    }

    #[test]
    fn the_environment_sets_the_dispatcher_too() {
        let variable = |value: &str| {
            let variables = [("KOI_MCP_MCP__DISPATCHER".to_owned(), value.to_owned())];
            let config = Config::read(ConfigText::Toml(""), variables).unwrap();
            config.mcp.dispatcher.0
        };
        assert_eq!(variable("true"), Dispatcher::Only);
        assert_eq!(variable("beside"), Dispatcher::Beside);
    }
}
