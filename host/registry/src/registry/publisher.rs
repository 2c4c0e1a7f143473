//! Whose components are taken: what the node's policy says of their signatures.

use std::sync::Arc;

use koi_distribution::{Refusal, SignaturePolicy, Signed, Verdict};
use koi_store::StoreError;

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

    /// Whose a candidate is, and whose the revision is that it replaces. `changing` is held.
    pub(super) async fn publisher(
        &self,
        candidate: &Candidate,
        component: &Arc<[u8]>,
        signed: &Arc<Signed>,
    ) -> Result<Publisher, StoreError> {
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
        let verdict = self.verdict(component, signed, before.clone()).await;
        Ok(Publisher { before, verdict })
    }
}

/// What is said of a candidate's publisher.
pub(super) struct Publisher {
    before: Option<String>,
    verdict: Result<Verdict, Refusal>,
}

impl Publisher {
    /// Whether a component that runs already is known by its publisher only now.
    pub(super) fn is_new(&self) -> bool {
        let verdict = self.verdict.as_ref().ok();
        verdict
            .is_some_and(|verdict| verdict.publisher.is_some() && verdict.publisher != self.before)
    }

    /// What a candidate is taken with; what the operator should know of it goes into the log, too.
    pub(super) fn accept(self, extension: &str) -> Result<Verdict, Refusal> {
        let verdict = self.verdict?;
        if let Some(warning) = &verdict.warning {
            tracing::warn!(extension, "{warning}");
        }
        Ok(verdict)
    }
}
