//! What follows from signatures: who may bring which component.
//!
//! A component's publisher is whose key signed it. One that the operator trusts is trusted; any other is
//! only known again: once an extension runs by a publisher, its next revision has to be by the same.

use std::collections::BTreeSet;

use crate::Digest;
use crate::signature::{Attached, PublicKey, SignatureError, Signed};

/// How much signatures matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PolicyMode {
    /// None is looked at. What is revoked is refused.
    Off,
    /// What is signed has to be signed right, and a publisher stays the same; what is unsigned is taken
    /// with a warning.
    #[default]
    Warn,
    /// As [`PolicyMode::Warn`], and nothing is taken that no trusted key signed.
    Require,
}

/// What a node asks of signatures.
#[derive(Debug, Clone, Default)]
pub struct SignaturePolicy {
    /// How much they matter.
    pub mode: PolicyMode,
    /// The keys that the operator trusts.
    pub keys: Vec<PublicKey>,
    /// Fingerprints of keys and hex digests of components that are refused, whatever else is so.
    pub revoked: BTreeSet<String>,
}

/// What a component is taken with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The fingerprint of the key that signed it, if one did.
    pub publisher: Option<String>,
    /// What the operator should know.
    pub warning: Option<String>,
}

/// Why a component is not taken. Each sentence says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The component is on the list.
    #[error("the component {0} is revoked by extensions.signatures.revoked")]
    RevokedComponent(String),
    /// The key is on the list.
    #[error(
        "the component is signed by the key {0}, which is revoked by extensions.signatures.revoked"
    )]
    RevokedKey(String),
    /// Nobody signed it.
    #[error(
        "the component is not signed, and extensions.signatures.policy is `require`: have it signed by a key of \
         extensions.signatures.keys (`cosign sign-blob`, `koi-mcp extension sign`), with the signature beside the \
         file as FILE.sig or in the registry"
    )]
    Unsigned,
    /// By a key that the operator does not trust.
    #[error(
        "the component is signed by the key {by}, and trusted are {trusted}: add its public key to extensions.signatures.keys, if it is to be trusted"
    )]
    Untrusted {
        /// Whose it is.
        by: String,
        /// Whose it should be.
        trusted: String,
    },
    /// The key is there, and the signature is not its over these bytes.
    #[error(
        "the signature does not fit the component: the key {0} did not sign these bytes, so either was changed after signing"
    )]
    Broken(String),
    /// None of the keys that the node has fits.
    #[error(
        "the signature fits none of the keys {keys}: the component was changed after it was signed, or another \
         key signed it{by}; put that key beside it as FILE.pub or into extensions.signatures.keys"
    )]
    FitsNoKey {
        /// Which keys were tried.
        keys: String,
        /// Whose it is said to be.
        by: String,
    },
    /// What is signed is not what leads to the component.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is by another publisher than the one before.
    #[error(
        "the extension is published by the key {before}, and this revision by {now}: if the publisher has \
         changed, install it with `--allow-publisher {allow}`"
    )]
    OtherPublisher {
        /// Whose the revision before is.
        before: String,
        /// Whose this is, or `nobody`.
        now: String,
        /// What allows it.
        allow: String,
    },
}

impl SignaturePolicy {
    /// What files beside a component say of it, where that matters.
    ///
    /// # Errors
    /// If they are not what their names say.
    pub fn read(&self, attached: &Attached, component: &[u8]) -> Result<Signed, SignatureError> {
        match self.mode {
            PolicyMode::Off => Ok(Signed::default()),
            PolicyMode::Warn | PolicyMode::Require => attached.parse(component),
        }
    }

    /// Whether a revision may run: its component's hex digest and its publisher.
    ///
    /// # Errors
    /// If either is revoked.
    pub fn may_run(&self, digest: &str, publisher: Option<&str>) -> Result<(), Refusal> {
        if self.revoked.contains(digest) {
            return Err(Refusal::RevokedComponent(digest.to_owned()));
        }
        match publisher.filter(|publisher| self.revoked.contains(*publisher)) {
            Some(publisher) => Err(Refusal::RevokedKey(publisher.to_owned())),
            None => Ok(()),
        }
    }

    /// Whether a component may be installed in place of a revision of that publisher, and whose it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(
        &self,
        component: &[u8],
        signed: &Signed,
        before: Option<&str>,
    ) -> Result<Verdict, Refusal> {
        // Hashing a large one takes longer than all the rest of it.
        if !self.revoked.is_empty() {
            self.may_run(&Digest::of(component).to_hex(), None)?;
        }
        if self.mode == PolicyMode::Off {
            return Ok(Verdict {
                publisher: None,
                warning: None,
            });
        }
        let allowed = signed.allow_publisher.as_deref();
        let publisher = match self.publisher(component, signed, before) {
            // The operator takes it as if it were not signed.
            Err(Refusal::Broken(_) | Refusal::FitsNoKey { .. })
                if allowed == Some("none") && self.mode == PolicyMode::Warn =>
            {
                None
            }
            publisher => publisher?,
        };
        let publisher = publisher.map(PublicKey::fingerprint);
        let trusted =
            publisher.is_some_and(|by| self.keys.iter().any(|key| key.fingerprint() == by));
        if self.mode == PolicyMode::Require && !trusted {
            return Err(match publisher {
                Some(by) => self.untrusted(by),
                None => Refusal::Unsigned,
            });
        }
        if let Some(before) = before
            && publisher != Some(before)
            && allowed != Some(publisher.unwrap_or("none"))
        {
            return Err(Refusal::OtherPublisher {
                before: before.to_owned(),
                now: publisher.unwrap_or("nobody").to_owned(),
                allow: publisher.unwrap_or("none").to_owned(),
            });
        }
        let warning = match publisher {
            Some(by) if !trusted && !self.keys.is_empty() => Some(format!(
                "it is signed by the key {by}, which is none of extensions.signatures.keys"
            )),
            Some(_) => None,
            None if signed.signatures.is_empty() => Some("it is not signed".to_owned()),
            None => Some(
                "it is signed, and there is no key to check that with: put the public key beside it as FILE.pub \
                 or into extensions.signatures.keys"
                    .to_owned(),
            ),
        };
        Ok(Verdict {
            publisher: publisher.map(str::to_owned),
            warning,
        })
    }

    /// Whose component it is. Of several keys, one that is trusted counts first where that is required, then
    /// the one of the revision before, then one that is trusted.
    fn publisher<'a>(
        &'a self,
        component: &[u8],
        signed: &'a Signed,
        before: Option<&str>,
    ) -> Result<Option<&'a PublicKey>, Refusal> {
        let known: Vec<&PublicKey> = self.keys.iter().chain(&signed.keys).collect();
        let (mut signers, mut revoked) = (Vec::new(), None);
        for signature in &signed.signatures {
            let message = signature.message(component)?;
            for key in &known {
                if !key.verifies(message, signature.der()) {
                    continue;
                }
                if self.revoked.contains(key.fingerprint()) {
                    revoked = Some(key.fingerprint().to_owned());
                } else {
                    signers.push(*key);
                }
            }
        }
        let worth = |key: &&PublicKey| {
            let is_trusted = self.keys.contains(key);
            let is_needed = is_trusted && self.mode == PolicyMode::Require;
            (is_needed, Some(key.fingerprint()) == before, is_trusted)
        };
        if let Some(signer) = signers.into_iter().max_by_key(worth) {
            return Ok(Some(signer));
        }
        if let Some(revoked) = revoked {
            return Err(Refusal::RevokedKey(revoked));
        }
        if signed.signatures.is_empty() || known.is_empty() {
            return Ok(None);
        }
        if let [key] = &signed.keys[..] {
            return Err(Refusal::Broken(key.fingerprint().to_owned()));
        }
        let by = signed
            .signatures
            .iter()
            .find_map(|signature| signature.by());
        if let Some(by) = by.filter(|by| known.iter().any(|key| key.fingerprint() == *by)) {
            return Err(Refusal::Broken(by.to_owned()));
        }
        Err(Refusal::FitsNoKey {
            keys: list(known.iter().map(|key| key.fingerprint())),
            by: by.map_or_else(String::new, |by| format!(" ({by}, as is said beside it)")),
        })
    }

    fn untrusted(&self, by: &str) -> Refusal {
        Refusal::Untrusted {
            by: by.to_owned(),
            trusted: if self.keys.is_empty() {
                "none".to_owned()
            } else {
                list(self.keys.iter().map(PublicKey::fingerprint))
            },
        }
    }
}

/// At most some of them, for a person.
fn list<'a>(fingerprints: impl Iterator<Item = &'a str>) -> String {
    let shown: Vec<&str> = fingerprints.take(5).collect();
    shown.join(", ")
}
