//! `[extensions.signatures]` and `[extensions.oci]`: whose components are taken, and how registries are
//! dealt with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use koi_distribution::{
    Credentials, OciOptions, PolicyMode, PublicKey, Reference, SignaturePolicy, is_fingerprint,
};
use koi_registry::SecretName;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Fault;
use crate::secrets;

/// Largest key file that is read.
const MAX_KEY_FILE: u64 = 64 << 10;

/// Whose components are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignaturesConfig {
    /// How much signatures matter.
    pub policy: PolicyConfig,
    /// Public keys that are trusted, each a PEM text or the path of a PEM file, such as cosign.pub.
    pub keys: Vec<String>,
    /// What is refused whatever the policy: fingerprints of keys, and SHA-256 of components, in lower-case
    /// hexadecimal digits. What runs already is not started again.
    pub revoked: BTreeSet<String>,
}

/// How much signatures matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyConfig {
    /// Not at all; what is revoked is refused still.
    Off,
    /// What is signed has to be signed right, and a publisher stays the same; what is unsigned is taken
    /// with a warning. The default: asking for signatures at once would keep everybody from their first
    /// extension, and asking for none would never tell them.
    #[default]
    Warn,
    /// Nothing is taken that no trusted key signed.
    Require,
}

/// How registries are dealt with; they are named by host, with the port where references have one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OciConfig {
    /// Registries that are spoken to in clear. Those on the loopback are anyway.
    pub insecure: BTreeSet<String>,
    /// As whom the node shows itself to a registry.
    pub registries: BTreeMap<String, OciAccount>,
}

/// Who the node is at a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OciAccount {
    /// The user name.
    pub username: String,
    /// The secret of the node that is the password or access token: `koi-mcp secret set NAME`, or
    /// `KOI_MCP_SECRET_NAME` in the environment.
    pub secret: String,
}

impl SignaturesConfig {
    /// The policy in force.
    ///
    /// # Errors
    /// Which key cannot be read, or what is no fingerprint.
    pub(crate) fn policy(&self) -> Result<SignaturePolicy, Fault> {
        let key = |(number, text): (usize, &String)| {
            let of = |what: String| {
                Fault::of(
                    "extensions.signatures.keys",
                    format!("key {}: {what}", number + 1),
                )
            };
            let pem = read_pem(text).map_err(|error| of(format!("{error:#}")))?;
            PublicKey::from_pem(&pem).map_err(|error| of(error.to_string()))
        };
        let keys: Vec<PublicKey> = self
            .keys
            .iter()
            .enumerate()
            .map(key)
            .collect::<Result<_, _>>()?;
        if let Some(other) = self.revoked.iter().find(|text| !is_fingerprint(text)) {
            let what = format!(
                "expected 64 lower-case hexadecimal digits, as `koi-mcp extension verify` prints them, found {other:?}"
            );
            return Err(Fault::of("extensions.signatures.revoked", what));
        }
        if self.policy == PolicyConfig::Require && keys.is_empty() {
            let what = "needs extensions.signatures.keys besides it: without a trusted key nothing could be installed";
            return Err(Fault::of("extensions.signatures.policy", what));
        }
        Ok(SignaturePolicy {
            mode: match self.policy {
                PolicyConfig::Off => PolicyMode::Off,
                PolicyConfig::Warn => PolicyMode::Warn,
                PolicyConfig::Require => PolicyMode::Require,
            },
            keys,
            revoked: self.revoked.clone(),
        })
    }
}

impl OciConfig {
    /// How the registry of a reference is dealt with. Its password is looked up now.
    ///
    /// # Errors
    /// If there is no such secret.
    pub(crate) fn options(
        &self,
        reference: &Reference,
        data_dir: &Path,
    ) -> anyhow::Result<OciOptions> {
        let registry = reference.registry();
        let mut credentials = BTreeMap::new();
        if let Some(account) = self.registries.get(registry) {
            let name: SecretName = account.secret.parse()?;
            let value = secrets::look_up(data_dir, &name)?.with_context(|| {
                format!(
                    "extensions.oci.registries.{registry:?} names the secret {name}, and there is none: set it with \
                     `koi-mcp secret set {name}`"
                )
            })?;
            let known = Credentials {
                username: account.username.clone(),
                password: Zeroizing::new(value.expose().to_owned()),
            };
            credentials.insert(registry.to_owned(), known);
        }
        Ok(OciOptions {
            insecure: self.insecure.clone(),
            credentials,
        })
    }
}

/// A PEM text, or that in the file of this name.
pub(crate) fn read_pem(text: &str) -> anyhow::Result<Zeroizing<String>> {
    if text.contains("-----BEGIN ") {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let cannot = || format!("cannot read {text}");
    let length = std::fs::metadata(text).with_context(cannot)?.len();
    anyhow::ensure!(length <= MAX_KEY_FILE, "{text} is larger than any key");
    Ok(Zeroizing::new(
        std::fs::read_to_string(text).with_context(cannot)?,
    ))
}

#[cfg(test)]
mod tests {
    use koi_distribution::SigningKey;

    use super::*;
    use crate::config::{Config, ConfigText};

    fn policy(text: &str) -> Result<SignaturePolicy, String> {
        let text = format!("[extensions.signatures]\n{text}\n");
        let config =
            Config::read(ConfigText::Toml(&text), []).map_err(|error| error.to_string())?;
        let policy = config.extensions.signatures.policy();
        policy.map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_trusted_key_is_a_pem_text_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let file = folder.path().join("cosign.pub");
        std::fs::write(&file, other.public().to_pem().unwrap()).unwrap();
        let text = format!(
            "policy = \"require\"\nkeys = ['''{}''', '{}']",
            one.public().to_pem().unwrap(),
            file.display()
        );
        let policy = policy(&text).unwrap();
        assert_eq!(policy.mode, PolicyMode::Require);
        assert_eq!(policy.keys, [one.public().clone(), other.public().clone()]);
    }

    #[test]
    fn what_would_not_do_what_it_says_is_refused_with_its_key() {
        for (text, expected) in [
            (
                "policy = \"require\"",
                "extensions.signatures.policy: needs",
            ),
            ("policy = \"maybe\"", "expected one of off, warn, require"),
            (
                "keys = [\"no-such.pub\"]",
                "extensions.signatures.keys: key 1: cannot read no-such.pub",
            ),
            (
                "revoked = [\"ABC\"]",
                "extensions.signatures.revoked: expected 64",
            ),
        ] {
            let error = policy(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(policy("").unwrap().mode, PolicyMode::Warn);
    }

    #[test]
    fn a_password_comes_from_the_secrets_of_the_node() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[extensions.oci.registries.\"registry.example.org:5000\"]\nusername = \"alice\"\nsecret = \"REGISTRY\"\n";
        let oci = Config::read(ConfigText::Toml(text), [])
            .unwrap()
            .extensions
            .oci;
        let reference: Reference = "oci://registry.example.org:5000/notes:1".parse().unwrap();
        let missing = oci.options(&reference, folder.path()).unwrap_err();
        assert!(
            missing.to_string().contains("koi-mcp secret set REGISTRY"),
            "{missing}"
        );
        std::fs::write(
            folder.path().join("secrets.json"),
            r#"{"REGISTRY": "hunter2-hunter2"}"#,
        )
        .unwrap();
        let options = oci.options(&reference, folder.path()).unwrap();
        let known = &options.credentials["registry.example.org:5000"];
        assert_eq!(
            (known.username.as_str(), known.password.as_str()),
            ("alice", "hunter2-hunter2")
        );
        let other: Reference = "oci://elsewhere.example.org/notes:1".parse().unwrap();
        assert!(
            oci.options(&other, folder.path())
                .unwrap()
                .credentials
                .is_empty()
        );
    }
}
