//! What an extension asks to be granted.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Description;

/// Host capabilities that an operator grants by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Capability {
    /// [`keyvalue`](crate::keyvalue).
    Keyvalue,
    /// [`config`](crate::config).
    Config,
    /// [`network`](crate::network).
    Network,
    /// Questions to whoever caused a call: [`Questions`](crate::caller::Questions).
    Ask,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Asks {
    read: BTreeSet<String>,
    publish: BTreeSet<String>,
    forget: BTreeSet<String>,
    pub(super) handle: BTreeSet<String>,
    capabilities: BTreeSet<Capability>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    secrets: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    http: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    files: BTreeSet<Folder>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    environment: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Folder {
    path: String,
    write: bool,
}

impl Description {
    /// Asks to read RIDs of these patterns.
    pub fn reads<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.asks.read.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Asks to publish under RIDs of these patterns.
    pub fn publishes<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.asks
            .publish
            .extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Asks to forget RIDs of these patterns.
    pub fn forgets<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.asks
            .forget
            .extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Asks for host capabilities.
    pub fn uses(mut self, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        self.asks.capabilities.extend(capabilities);
        self
    }

    /// Asks for secrets of the operator by name; see [`secrets`](crate::secrets).
    pub fn asks_secrets<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.asks.secrets.extend(names.into_iter().map(Into::into));
        self
    }

    /// Asks to send HTTP requests, by methods, scheme, host and port: `GET,POST:https://example.com`,
    /// `*:https://*.example.com:8443`, `GET:https://*`. Hosts that are not on the public Internet are
    /// only reached where the operator's grant names them.
    pub fn requests<S: Into<String>>(mut self, rules: impl IntoIterator<Item = S>) -> Self {
        self.asks.http.extend(rules.into_iter().map(Into::into));
        self
    }

    /// Asks for a folder to read, under this absolute path; the operator says which one it is.
    pub fn reads_files(self, path: impl Into<String>) -> Self {
        self.folder(path, false)
    }

    /// Asks for a folder to read and write, under this absolute path; the operator says which one it
    /// is.
    pub fn writes_files(self, path: impl Into<String>) -> Self {
        self.folder(path, true)
    }

    fn folder(mut self, path: impl Into<String>, write: bool) -> Self {
        let path = path.into();
        self.asks.files.insert(Folder { path, write });
        self
    }

    /// Asks for environment variables of the node, by their names.
    pub fn environment<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.asks
            .environment
            .extend(names.into_iter().map(Into::into));
        self
    }
}
