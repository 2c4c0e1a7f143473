//! The secrets that the operator keeps for extensions: in `secrets.json` in the data folder, mode 0600,
//! and in the environment as `KOI_MCP_SECRET_<NAME>`, which wins for as long as it is there.
//!
//! Setting and removing one is in the audit log before it takes effect, so that no change goes
//! unrecorded. A file that cannot be read keeps the node from starting: a secret that is silently
//! not there would be worse.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use koi_registry::{Grant, Grants, SecretName, SecretValue, Vault};
use koi_store::{Audit, AuditDraft, Extensions, Stores};
use serde::Serialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, write_secret};

/// Most secrets in the file.
const MAX_SECRETS: usize = 1000;

/// What the environment's secrets begin with; the name follows.
pub(crate) const ENVIRONMENT: &str = "KOI_MCP_SECRET_";

type Values = BTreeMap<SecretName, SecretValue>;

/// The secrets of a node.
pub(crate) struct Secrets {
    path: PathBuf,
    environment: Values,
    /// What is in the file.
    kept: Mutex<Values>,
    vault: Arc<Vault>,
    audit: Arc<dyn Audit>,
    extensions: Arc<dyn Extensions>,
}

/// A secret as an operator sees it.
#[derive(Debug, Serialize)]
pub(crate) struct SecretInfo {
    name: SecretName,
    /// `file` or `environment`.
    source: &'static str,
    /// The extensions that were granted it, with the grants.
    granted: BTreeMap<String, Vec<Grant>>,
}

impl Secrets {
    /// Reads what there is.
    pub(crate) fn open(data_dir: &DataDir, stores: &Stores) -> Result<Self> {
        let path = data_dir.path().join("secrets.json");
        let kept = match std::fs::read(&path).map(Zeroizing::new) {
            Ok(text) => parse(&text).with_context(|| {
                format!("{} cannot be read; restore or remove it", path.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Values::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let secrets = Self {
            path,
            environment: of_environment(std::env::vars_os())?,
            vault: Arc::new(Vault::new(data_dir.secrets_key()?)),
            audit: stores.audit.clone(),
            extensions: stores.extensions.clone(),
            kept: Mutex::default(),
        };
        secrets.show(&kept);
        Ok(Self {
            kept: Mutex::new(kept),
            ..secrets
        })
    }

    /// Where the registry finds them.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        self.vault.clone()
    }

    /// Keeps a value. In force, on disk and in the audit log when it returns.
    pub(crate) async fn set(&self, name: SecretName, value: SecretValue, who: &str) -> Result<()> {
        self.check_source(&name)?;
        let mut kept = self.kept.lock().await;
        if kept.len() == MAX_SECRETS && !kept.contains_key(&name) {
            bail!("there are {MAX_SECRETS} secrets already; remove one first");
        }
        let there = kept.contains_key(&name);
        self.record("secret-set", there.then_some(&name), Some(&name), who)
            .await?;
        let mut changed = kept.clone();
        changed.insert(name, value);
        self.write(&changed)?;
        *kept = changed;
        Ok(())
    }

    /// Forgets one.
    pub(crate) async fn remove(&self, name: &SecretName, who: &str) -> Result<()> {
        self.check_source(name)?;
        let mut kept = self.kept.lock().await;
        if !kept.contains_key(name) {
            bail!("there is no secret {name}; `koi-mcp secret list` shows those that there are");
        }
        self.record("secret-remove", Some(name), None, who).await?;
        let mut changed = kept.clone();
        changed.remove(name);
        self.write(&changed)?;
        *kept = changed;
        Ok(())
    }

    /// Names, never values, and who was granted them.
    pub(crate) async fn list(&self) -> Result<Vec<SecretInfo>> {
        let mut granted: BTreeMap<SecretName, BTreeMap<String, Vec<Grant>>> = BTreeMap::new();
        for active in self.extensions.activations().await? {
            let revision = active.revision;
            let grants: Grants = serde_json::from_str(&revision.grants).unwrap_or_default();
            for grant in grants.iter() {
                if let Grant::Secret(secret) = grant {
                    let of = granted.entry(secret.name.clone()).or_default();
                    let of = of.entry(revision.extension.clone()).or_default();
                    if !of.contains(grant) {
                        of.push(grant.clone());
                    }
                }
            }
        }
        let kept = self.kept.lock().await;
        let of_file = kept
            .keys()
            .filter(|name| !self.environment.contains_key(name));
        let named = of_file.map(|name| (name, "file"));
        let of_environment = self.environment.keys().map(|name| (name, "environment"));
        let infos = named
            .chain(of_environment)
            .map(|(name, source)| SecretInfo {
                name: name.clone(),
                source,
                granted: granted.remove(name).unwrap_or_default(),
            });
        Ok(infos.collect())
    }

    fn check_source(&self, name: &SecretName) -> Result<()> {
        if self.environment.contains_key(name) {
            bail!(
                "the secret {name} comes from the environment variable {ENVIRONMENT}{name}: change it there and start the node again"
            );
        }
        Ok(())
    }

    async fn record(
        &self,
        action: &str,
        before: Option<&SecretName>,
        after: Option<&SecretName>,
        who: &str,
    ) -> Result<()> {
        let named = |name: &SecretName| serde_json::json!({ "secret": name }).to_string();
        let change = AuditDraft {
            who: who.to_owned(),
            action: action.to_owned(),
            extension: None,
            before: before.map(named),
            after: after.map(named),
        };
        Ok(self.audit.record(change).await?)
    }

    fn write(&self, values: &Values) -> Result<()> {
        let texts: BTreeMap<&SecretName, &str> = values
            .iter()
            .map(|(name, value)| (name, value.expose()))
            .collect();
        let text = Zeroizing::new(serde_json::to_vec_pretty(&texts)?);
        write_secret(&self.path, &text)?;
        self.show(values);
        Ok(())
    }

    /// Puts the secrets in force.
    fn show(&self, kept: &Values) {
        let mut all = kept.clone();
        all.extend(self.environment.clone());
        self.vault.set(all);
    }
}

/// The value of a secret as a node on that data folder would find it.
pub(crate) fn look_up(data_dir: &Path, name: &SecretName) -> Result<Option<SecretValue>> {
    if let Some(value) = of_environment(std::env::vars_os())?.remove(name) {
        return Ok(Some(value));
    }
    let path = data_dir.join("secrets.json");
    let cannot = || format!("cannot read {}", path.display());
    match std::fs::read(&path).map(Zeroizing::new) {
        Ok(text) => Ok(parse(&text).with_context(cannot)?.remove(name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(cannot),
    }
}

fn parse(text: &[u8]) -> Result<Values> {
    let texts: BTreeMap<SecretName, String> = serde_json::from_slice(text)?;
    texts
        .into_iter()
        .map(|(name, text)| {
            let value = SecretValue::new(text).with_context(|| format!("the secret {name}"))?;
            Ok((name, value))
        })
        .collect()
}

fn of_environment(
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Result<Values> {
    let ours = variables.filter_map(|(variable, value)| {
        let name = variable.to_str()?.strip_prefix(ENVIRONMENT)?.to_owned();
        Some((name, value))
    });
    ours.map(|(name, value)| {
        let of = || format!("the environment variable {ENVIRONMENT}{name}");
        let value = value.into_string().ok();
        let value = value.with_context(|| format!("{} is no UTF-8 text", of()))?;
        let value = SecretValue::new(value).with_context(of)?;
        Ok((name.parse().with_context(of)?, value))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_secret_is_kept_for_its_owner_only_and_never_shown() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        let stores = koi_store::sqlite::open(&folder.path().join("koi.sqlite")).unwrap();
        let name: SecretName = "API_KEY".parse().unwrap();
        let secrets = Secrets::open(&data_dir, &stores).unwrap();
        let told = secrets.remove(&name, "operator").await.unwrap_err();
        assert!(told.to_string().contains("no secret API_KEY"), "{told}");
        let set = secrets.set(name.clone(), value("hunter2-hunter2"), "operator");
        set.await.unwrap();
        let mode = std::fs::metadata(folder.path().join("secrets.json")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);

        let again = Secrets::open(&data_dir, &stores).unwrap();
        let listed = serde_json::to_value(again.list().await.unwrap()).unwrap();
        let expected = serde_json::json!([{"name": "API_KEY", "source": "file", "granted": {}}]);
        assert_eq!(listed, expected);
        again.remove(&name, "operator").await.unwrap();
        let kept = std::fs::read_to_string(folder.path().join("secrets.json")).unwrap();
        assert_eq!(kept, "{}");

        let log = stores.audit.list(None, None, 10).await.unwrap().items;
        let log: Vec<_> = log.iter().map(|entry| &entry.change).collect();
        let actions: Vec<_> = log.iter().map(|change| change.action.as_str()).collect();
        assert_eq!(actions, ["secret-remove", "secret-set"]);
        assert!(!format!("{log:?}").contains("hunter2"));
    }

    #[test]
    fn the_environment_has_secrets_too() {
        let variables = |value: &str| {
            let ours = ("KOI_MCP_SECRET_TOKEN".into(), value.into());
            [ours, ("PATH".into(), "x".into())].into_iter()
        };
        let found = of_environment(variables("hunter2-hunter2")).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found.contains_key(&"TOKEN".parse().unwrap()));
        let told = format!("{:#}", of_environment(variables("s3cret!")).unwrap_err());
        assert!(told.contains("KOI_MCP_SECRET_TOKEN"), "{told}");
        assert!(!told.contains("s3cret!"), "{told}");
    }
}
