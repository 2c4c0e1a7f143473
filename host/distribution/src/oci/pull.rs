//! Pulling a component, with what was signed of it.

use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::ACCEPT;

use super::client::OciClient;
use super::manifest::{ACCEPTED, MAX_MANIFEST, Manifest};
use super::session::{Action, Question, Session};
use super::{OciError, Reference};
use crate::Digest;
use crate::signature::{Signed, oci};

/// How long a pull may take, with all that belongs to it.
const PULL_WITHIN: Duration = Duration::from_secs(300);

const MANIFEST_OF: &str = "the manifest";

/// A component that was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// Its bytes, of the digest that the manifest names.
    pub component: Vec<u8>,
    /// Where it was, with the digest of the manifest.
    pub reference: Reference,
    /// The signatures over that manifest which lie in the repository beside it.
    pub signed: Signed,
}

impl OciClient {
    /// Pulls the component that a tag or digest names, and the signatures that cosign would find.
    ///
    /// # Errors
    /// If the registry does not have it, does not give it, or gives something else.
    pub fn pull<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<Pulled, OciError>> {
        Box::pin(async move {
            let pull = self.pull_now(reference);
            let within = tokio::time::timeout(PULL_WITHIN, pull).await;
            within.unwrap_or_else(|_| Err(too_long(reference, PULL_WITHIN)))
        })
    }

    async fn pull_now(&self, reference: &Reference) -> Result<Pulled, OciError> {
        let mut session = Session::new(self, reference, Action::Pull)?;
        let (text, digest) = session.manifest_of(reference).await?;
        let of_manifest = |error| OciError::Manifest {
            reference: reference.to_string(),
            error,
        };
        let manifest = Manifest::parse(&text).map_err(of_manifest)?;
        let (layer, component) = manifest.component().map_err(of_manifest)?;
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        let component = session.blob(component, size, "the component").await?;
        let signatures = session.signatures(digest).await?;
        Ok(Pulled {
            component,
            reference: reference.resolved(digest),
            signed: oci::signed(&text, signatures),
        })
    }
}

pub(super) fn too_long(reference: &Reference, within: Duration) -> OciError {
    OciError::TimedOut {
        registry: reference.registry().to_owned(),
        seconds: within.as_secs(),
    }
}

impl Session<'_> {
    /// The manifest that a reference names, and its digest.
    async fn manifest_of(&mut self, reference: &Reference) -> Result<(Vec<u8>, Digest), OciError> {
        let named = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or_default().to_owned(),
        };
        let found = self.manifest(&named).await?;
        let text = found.ok_or_else(|| OciError::NotFound(reference.to_string()))?;
        if let Some(expected) = reference.digest() {
            self.matches(&text, expected, MANIFEST_OF)?;
        }
        let digest = Digest::of(&text);
        Ok((text, digest))
    }

    /// The text of the manifest with that tag or digest, if there is one. What the registry says of its
    /// digest has to be so.
    pub(super) async fn manifest(&mut self, named: &str) -> Result<Option<Vec<u8>>, OciError> {
        let url = self.url(&format!("manifests/{named}"));
        let mut question = Question::get(url);
        question.headers.push((ACCEPT, ACCEPTED));
        let response = self.ask(&question).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.succeeded(response, MANIFEST_OF).await?;
        let told = response.headers().get("docker-content-digest");
        let told = told.and_then(|told| Digest::parse(told.to_str().ok()?));
        let text = self.body(response, MAX_MANIFEST, MANIFEST_OF).await?;
        if let Some(told) = told {
            self.matches(&text, told, MANIFEST_OF)?;
        }
        Ok(Some(text))
    }

    /// What cosign has put beside a manifest: its layers, each a signed payload.
    pub(super) async fn signatures(&mut self, of: Digest) -> Result<Vec<oci::Layer>, OciError> {
        let Some(text) = self.manifest(&oci::tag(of)).await? else {
            return Ok(Vec::new());
        };
        // What is no manifest is no signature either: the policy says what becomes of the unsigned.
        let Ok(manifest) = Manifest::parse(&text) else {
            return Ok(Vec::new());
        };
        let mut layers = Vec::new();
        for descriptor in oci::payloads(&manifest) {
            let Some(digest) = Digest::parse(&descriptor.digest) else {
                continue;
            };
            let size = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
            let payload = self.blob(digest, size, "a signature").await?;
            layers.push(oci::Layer {
                descriptor: descriptor.clone(),
                payload,
            });
        }
        Ok(layers)
    }
}
