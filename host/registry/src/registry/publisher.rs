//! Whose components are taken: what the node's policy says of their signatures.

use std::sync::Arc;

use koi_distribution::{Refusal, SignaturePolicy, Signed, Verdict};

use super::install::InstallError;
use super::prepare::Candidate;
use super::{Inner, Registry};

impl Registry {
    /// Whose components are taken.
    pub fn signatures(&self) -> &SignaturePolicy {
        &self.inner.signatures
    }
}

impl Inner {
    /// What the policy says of a component in place of a revision of that publisher.
    pub(super) async fn verdict(
        &self,
        component: &Arc<[u8]>,
        signed: &Arc<Signed>,
        before: Option<String>,
    ) -> Result<Verdict, Refusal> {
        let (policy, component, signed) =
            (self.signatures.clone(), component.clone(), signed.clone());
        super::aside(move || policy.judge(&component, &signed, before.as_deref())).await
    }

    /// The publisher of a candidate, who is that of the revision that it replaces, if that has one.
    /// `changing` is held.
    pub(super) async fn publisher(
        &self,
        candidate: &Candidate,
        component: &Arc<[u8]>,
        signed: &Arc<Signed>,
    ) -> Result<Option<String>, InstallError> {
        let name = candidate.description.name.as_str();
        let snapshot = self.snapshot.load_full();
        let running = snapshot.extensions.get(name);
        let failed = snapshot.failed.get(name);
        let number = running
            .map(|entry| entry.revision.revision)
            .or_else(|| failed.map(|failed| failed.revision.revision));
        let stored = self.store.revisions(name).await?;
        let before = stored
            .into_iter()
            .find(|revision| Some(revision.revision) == number)
            .and_then(|revision| revision.publisher);
        let verdict = self.verdict(component, signed, before).await?;
        if let Some(warning) = verdict.warning {
            tracing::warn!(extension = name, "{warning}");
        }
        Ok(verdict.publisher)
    }
}
