//! Which secrets an extension holds, and which must not be heard from it.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use arc_swap::ArcSwap;
use koi_runtime::ports::PortError;

use super::vault::{Values, Vault};
use super::{Scrubber, SecretName, SecretValue};
use crate::grant::{Access, Grants, HostPattern};

/// Values that are kept in mind; of more, the oldest are forgotten.
const MAX_KNOWN: usize = 128;

/// Stands between an extension that asks for secrets and the world.
pub(crate) struct Guard {
    access: Arc<Access>,
    vault: Arc<Vault>,
    holding: ArcSwap<Holding>,
}

/// What follows from the secrets and the grants of one moment.
#[derive(Default)]
pub(super) struct Holding {
    values: Arc<Values>,
    granted: Arc<Grants>,
    pub(super) secrets: Vec<Held>,
    /// Finds the placeholders of `secrets`, in their order.
    pub(super) placeholders: Option<AhoCorasick>,
    /// All that the extension was ever entitled to while this revision ran: it may still have it.
    known: Vec<(SecretName, Arc<SecretValue>)>,
    /// None if there is nothing to look for.
    pub(super) scrubber: Option<Scrubber>,
}

/// A secret that the extension asks for.
pub(super) struct Held {
    pub(super) name: SecretName,
    pub(super) placeholder: String,
    /// Where the value may go; nowhere if it was not granted.
    pub(super) hosts: Vec<HostPattern>,
    /// None if the operator has set none.
    pub(super) value: Option<Arc<SecretValue>>,
}

impl Guard {
    /// None for an extension that asks for no secret.
    pub(crate) fn new(access: &Arc<Access>, vault: &Arc<Vault>) -> Option<Arc<Self>> {
        access.asks().secrets().next()?;
        Some(Arc::new(Self {
            access: access.clone(),
            vault: vault.clone(),
            holding: ArcSwap::default(),
        }))
    }

    /// What is in force. Made anew by whoever asks first after a change of secrets or grants.
    pub(super) fn holding(&self) -> Arc<Holding> {
        let holding = self.holding.load_full();
        let granted = self.access.granted();
        if self.vault.has(&holding.values) && Arc::ptr_eq(&granted, &holding.granted) {
            return holding;
        }
        let made = Arc::new(self.hold(granted, &holding));
        self.holding.store(made.clone());
        made
    }

    fn hold(&self, granted: Arc<Grants>, before: &Holding) -> Holding {
        let values = self.vault.values();
        let hosts = |name: &SecretName| {
            let granted = granted.secrets().filter(|granted| granted.name == *name);
            granted.filter_map(|granted| granted.host.clone()).collect()
        };
        let asks = self.access.asks().secrets();
        let mut secrets: Vec<Held> = asks
            .map(|ask| Held {
                name: ask.name.clone(),
                placeholder: self.vault.placeholder(self.access.extension(), &ask.name),
                hosts: hosts(&ask.name),
                value: values.get(&ask.name).cloned(),
            })
            .collect();
        let mut known = before.known.clone();
        for held in secrets.iter().filter(|held| !held.hosts.is_empty()) {
            if let Some(value) = &held.value
                && !known.iter().any(|(_, other)| Arc::ptr_eq(other, value))
            {
                known.push((held.name.clone(), value.clone()));
            }
        }
        known.drain(..known.len().saturating_sub(MAX_KNOWN));
        let automata = AhoCorasick::new(secrets.iter().map(|held| &held.placeholder))
            .and_then(|placeholders| Ok((placeholders, Scrubber::new(&known)?)));
        let (placeholders, scrubber) = match automata {
            Ok((placeholders, scrubber)) => (Some(placeholders), scrubber),
            Err(error) => {
                // What cannot be looked for must not go out.
                tracing::error!(extension = self.access.extension(), %error, "the secrets of the extension are too many to be looked for, and are not given to it");
                secrets.iter_mut().for_each(|held| held.value = None);
                (None, None)
            }
        };
        Holding {
            values,
            granted,
            secrets,
            placeholders,
            known,
            scrubber,
        }
    }

    /// A text of the extension's without secrets.
    pub(crate) fn scrub(&self, text: String) -> String {
        match &self.holding().scrubber {
            Some(scrubber) => scrubber.scrub(text),
            None => text,
        }
    }

    /// Bytes of the extension's without secrets.
    pub(crate) fn scrub_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        match &self.holding().scrubber {
            Some(scrubber) => scrubber.scrub_bytes(&bytes).into_owned(),
            None => bytes,
        }
    }

    /// For what would be changed by scrubbing into something else than was meant.
    ///
    /// # Errors
    /// [`PortError::InvalidInput`] if there is a secret in it; `what` begins the sentence.
    pub(crate) fn refuse(&self, what: &str, text: &[u8]) -> Result<(), PortError> {
        let holding = self.holding();
        let found = holding.scrubber.as_ref().and_then(|s| s.first(text));
        match found {
            Some(name) => Err(PortError::InvalidInput(format!(
                "{what} holds the value of the secret {name}, and a secret is neither stored nor passed on: leave it out, or use its placeholder"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// What stands for a secret in what the extension says.
    ///
    /// # Errors
    /// If it was not granted or has no value.
    pub(crate) fn placeholder(&self, name: &SecretName) -> Result<String, PortError> {
        let holding = self.holding();
        let held = holding.secrets.iter().find(|held| held.name == *name);
        match held.filter(|held| !held.hosts.is_empty()) {
            None => Err(PortError::Denied(self.access.secret_denial(name, "HOST"))),
            Some(held) if held.value.is_none() => Err(PortError::Permanent(format!(
                "the secret {name} has no value: the operator gives it one with: koi-mcp secret set {name}"
            ))),
            Some(held) => Ok(held.placeholder.clone()),
        }
    }
}
