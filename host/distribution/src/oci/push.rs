//! Pushing a component, and a signature of it.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{Method, StatusCode};

use super::client::OciClient;
use super::manifest::{MANIFEST, Manifest};
use super::pull::too_long;
use super::session::{Action, Question, Session};
use super::{MAX_COMPONENT, OciError, Reference};
use crate::Digest;
use crate::signature::{SigningKey, oci};

/// How long a push may take.
const PUSH_WITHIN: Duration = Duration::from_secs(300);

/// What was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// Where it is, with the digest of its manifest.
    pub reference: Reference,
    /// The fingerprint of the key that signed it.
    pub signed_by: Option<String>,
}

/// What is pushed.
#[derive(Debug, Clone, Default)]
pub struct Artifact<'a> {
    /// The component.
    pub component: Bytes,
    /// The name of the file that it was.
    pub title: Option<&'a str>,
    /// What its manifest says of it, as key and value: those of the OCI image specification, or others.
    pub annotations: Vec<(String, String)>,
}

impl OciClient {
    /// Pushes a component to a tag. With a key, it is signed as cosign signs, besides those signatures that
    /// lie there already.
    ///
    /// # Errors
    /// If the registry does not take it.
    pub fn push<'a>(
        &'a self,
        reference: &'a Reference,
        artifact: Artifact<'a>,
        key: Option<&'a SigningKey>,
    ) -> BoxFuture<'a, Result<Pushed, OciError>> {
        Box::pin(async move {
            let push = self.push_now(reference, artifact, key);
            let within = tokio::time::timeout(PUSH_WITHIN, push).await;
            within.unwrap_or_else(|_| Err(too_long(reference, PUSH_WITHIN)))
        })
    }

    async fn push_now(
        &self,
        reference: &Reference,
        artifact: Artifact<'_>,
        key: Option<&SigningKey>,
    ) -> Result<Pushed, OciError> {
        let (Some(tag), None) = (reference.tag(), reference.digest()) else {
            return Err(OciError::NotATag(reference.to_string()));
        };
        if artifact.component.len() > MAX_COMPONENT {
            return Err(OciError::TooLarge {
                what: "the component",
                reference: reference.to_string(),
                limit: MAX_COMPONENT,
            });
        }
        let mut session = Session::new(self, reference, Action::Push)?;
        let (manifest, config) = Manifest::of_component(&artifact);
        session.put_blob(artifact.component).await?;
        session.put_blob(config.into()).await?;
        let text = manifest.to_text();
        let digest = Digest::of(&text);
        // The signature first: whoever sees the tag sees what it is signed by.
        if let Some(key) = key {
            let before = session.signatures(digest).await?;
            let signed = oci::sign(reference, digest, key, before)?;
            for blob in signed.blobs {
                session.put_blob(blob.into()).await?;
            }
            session
                .put_manifest(&oci::tag(digest), signed.manifest)
                .await?;
        }
        session.put_manifest(tag, text).await?;
        Ok(Pushed {
            reference: reference.resolved(digest),
            signed_by: key.map(|key| key.public().fingerprint().to_owned()),
        })
    }
}

impl Session<'_> {
    /// Puts bytes into the repository, if they are not there yet.
    async fn put_blob(&mut self, bytes: Bytes) -> Result<(), OciError> {
        const WHAT: &str = "room for a blob";
        let digest = Digest::of(&bytes);
        let there = self.url(&format!("blobs/{digest}"));
        let there = self.ask(&Question::of(Method::HEAD, there)).await?;
        if there.status().is_success() {
            return Ok(());
        }
        let begin = Question::of(Method::POST, self.url("blobs/uploads/"));
        let begun = self.ask(&begin).await?;
        let begun = self.succeeded(begun, WHAT).await?;
        let mut url = self.location(&begun, &begin.url)?;
        url.query_pairs_mut()
            .append_pair("digest", &digest.to_string());
        let octets = (CONTENT_TYPE, "application/octet-stream");
        self.put(url, octets, bytes, WHAT).await
    }

    async fn put_manifest(&mut self, named: &str, text: Vec<u8>) -> Result<(), OciError> {
        let url = self.url(&format!("manifests/{named}"));
        self.put(
            url,
            (CONTENT_TYPE, MANIFEST),
            text.into(),
            "room for a manifest",
        )
        .await
    }

    async fn put(
        &mut self,
        url: reqwest::Url,
        header: (HeaderName, &'static str),
        body: Bytes,
        what: &'static str,
    ) -> Result<(), OciError> {
        let mut put = Question::of(Method::PUT, url);
        put.headers.push(header);
        put.body = body;
        let answer = self.ask(&put).await?;
        let answer = self.succeeded(answer, what).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(()),
            other => Err(self.protocol(format!("it took {what} with {other}, not 201"))),
        }
    }
}
