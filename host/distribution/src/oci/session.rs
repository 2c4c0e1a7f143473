//! One conversation with a registry about one repository: who asks, where answers lead, how much may come.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;

use super::challenge::Challenge;
use super::client::{OciClient, reason};
use super::{OciError, Reference};
use crate::Digest;

/// How often an answer may lead elsewhere: registries keep blobs in other places.
const MAX_REDIRECTS: u32 = 3;

/// Longest answer of a token server.
const MAX_TOKEN_ANSWER: usize = 256 << 10;

/// How much of a registry's own words is read, and how much of that is repeated.
const MAX_ERROR: usize = 64 << 10;
const MAX_ERROR_SHOWN: usize = 300;

/// What is done with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pull,
    Push,
}

impl Action {
    fn scope(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Pull => "pull from",
            Self::Push => "push to",
        }
    }
}

pub(super) struct Session<'a> {
    client: &'a OciClient,
    reference: &'a Reference,
    action: Action,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// A question to the registry.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, &'static str)>,
    pub(super) body: Bytes,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        client: &'a OciClient,
        reference: &'a Reference,
        action: Action,
    ) -> Result<Self, OciError> {
        let base = client.base(reference.registry());
        let base = base.ok_or(super::ReferenceError::Registry)?;
        Ok(Self {
            client,
            reference,
            action,
            base,
            authorization: None,
        })
    }

    /// A URL of the repository.
    pub(super) fn url(&self, rest: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{}/{rest}", self.reference.repository()));
        url
    }

    /// Asks, shows who asks where that is wanted, and goes where the answer leads. What is shown to the
    /// registry is shown to nobody else.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<Response, OciError> {
        let (mut url, mut hops, mut shown) = (question.url.clone(), 0, false);
        loop {
            let at_home = url.origin() == self.base.origin();
            let mut request = self
                .client
                .http
                .request(question.method.clone(), url.clone());
            for (name, value) in &question.headers {
                request = request.header(name, *value);
            }
            if let Some(authorization) = self.authorization.as_ref().filter(|_| at_home) {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            if question.method != Method::GET && question.method != Method::HEAD {
                request = request.body(question.body.clone());
            }
            let response = request
                .send()
                .await
                .map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && at_home && !shown {
                shown = true;
                self.authorize(&response).await?;
                continue;
            }
            let follows = matches!(question.method, Method::GET | Method::HEAD);
            if status.is_redirection() && follows && hops < MAX_REDIRECTS {
                hops += 1;
                url = self.location(&response, &url)?;
                continue;
            }
            return Ok(response);
        }
    }

    /// Where an answer leads.
    pub(super) fn location(&self, response: &Response, from: &Url) -> Result<Url, OciError> {
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| from.join(location).ok());
        let url =
            location.ok_or_else(|| self.protocol("it leads elsewhere without saying where"))?;
        if !self.client.may_go_to(&url) {
            return Err(OciError::Redirect {
                registry: self.reference.registry().to_owned(),
                to: url.origin().ascii_serialization(),
            });
        }
        Ok(url)
    }

    /// The bytes of an answer, at most `limit`.
    pub(super) async fn body(
        &self,
        mut response: Response,
        limit: usize,
        what: &'static str,
    ) -> Result<Vec<u8>, OciError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            if bytes.len() + chunk.len() > limit {
                return Err(OciError::TooLarge {
                    what,
                    reference: self.reference.to_string(),
                    limit,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The bytes with this digest, of which the manifest says that they are so many.
    pub(super) async fn blob(
        &mut self,
        digest: Digest,
        size: usize,
        what: &'static str,
    ) -> Result<Vec<u8>, OciError> {
        let question = Question::get(self.url(&format!("blobs/{digest}")));
        let response = self.ask(&question).await?;
        let response = self.succeeded(response, what).await?;
        let bytes = self.body(response, size, what).await?;
        self.matches(&bytes, digest, what)?;
        Ok(bytes)
    }

    /// Whether bytes are those that a digest names.
    pub(super) fn matches(
        &self,
        bytes: &[u8],
        expected: Digest,
        what: &'static str,
    ) -> Result<(), OciError> {
        let found = Digest::of(bytes);
        if found == expected {
            return Ok(());
        }
        Err(OciError::Digest {
            what,
            reference: self.reference.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        })
    }

    /// An answer that is none of success, as an error.
    pub(super) async fn succeeded(
        &self,
        response: Response,
        what: &'static str,
    ) -> Result<Response, OciError> {
        let status = response.status();
        match status {
            _ if status.is_success() => Ok(response),
            StatusCode::NOT_FOUND => Err(OciError::NotFound(self.reference.to_string())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.denied()),
            _ => Err(OciError::Status {
                registry: self.reference.registry().to_owned(),
                status: status.as_u16(),
                what,
                reason: self.own_words(response).await,
            }),
        }
    }

    pub(super) fn protocol(&self, what: impl Into<String>) -> OciError {
        OciError::Protocol {
            registry: self.reference.registry().to_owned(),
            what: what.into(),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> OciError {
        OciError::Unreachable {
            registry: self.reference.registry().to_owned(),
            reason: reason(error),
        }
    }

    fn denied(&self) -> OciError {
        OciError::Denied {
            registry: self.reference.registry().to_owned(),
            action: self.action.words(),
            repository: self.reference.repository().to_owned(),
        }
    }

    /// The message of a registry's error document, on one line and not long.
    async fn own_words(&self, response: Response) -> String {
        #[derive(Deserialize)]
        struct Errors {
            errors: Vec<Told>,
        }
        #[derive(Deserialize)]
        struct Told {
            #[serde(default)]
            message: String,
        }
        let Ok(body) = self.body(response, MAX_ERROR, "the error").await else {
            return String::new();
        };
        let told = serde_json::from_slice::<Errors>(&body).ok();
        let first = told.and_then(|told| told.errors.into_iter().next());
        let message = first.map(|first| first.message).unwrap_or_default();
        let shown: String = message
            .chars()
            .filter(|letter| !letter.is_control())
            .take(MAX_ERROR_SHOWN)
            .collect();
        if shown.is_empty() {
            shown
        } else {
            format!(": {shown}")
        }
    }

    /// Gets what the registry wants to be shown.
    async fn authorize(&mut self, response: &Response) -> Result<(), OciError> {
        let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = headers.filter_map(|header| header.to_str().ok());
        let challenge = challenges.filter_map(Challenge::parse).next();
        let challenge = challenge.ok_or_else(|| self.denied())?;
        let credentials = self
            .client
            .options
            .credentials
            .get(self.reference.registry());
        let basic = credentials.map(|known| {
            let both = format!("{}:{}", known.username, known.password.as_str());
            format!(
                "Basic {}",
                STANDARD.encode(zeroize::Zeroizing::new(both).as_bytes())
            )
        });
        let authorization = match challenge {
            Challenge::Basic => basic.ok_or_else(|| self.denied())?,
            Challenge::Bearer { realm, service } => {
                let token = self.token(&realm, service.as_deref(), basic).await?;
                format!("Bearer {token}")
            }
        };
        let mut header = HeaderValue::from_str(&authorization)
            .map_err(|_| self.protocol("what it wants to be shown is no header"))?;
        header.set_sensitive(true);
        self.authorization = Some(header);
        Ok(())
    }

    /// A token for the repository, from the server that the registry named.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        basic: Option<String>,
    ) -> Result<String, OciError> {
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        let mut url = Url::parse(realm)
            .map_err(|_| self.protocol("the server that it names for tokens is no URL"))?;
        if !self.client.may_go_to(&url) {
            return Err(OciError::Redirect {
                registry: self.reference.registry().to_owned(),
                to: url.origin().ascii_serialization(),
            });
        }
        let scope = format!(
            "repository:{}:{}",
            self.reference.repository(),
            self.action.scope()
        );
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.client.http.get(url);
        if let Some(basic) = basic {
            let mut header = HeaderValue::from_str(&basic)
                .map_err(|_| self.protocol("the credentials are no header"))?;
            header.set_sensitive(true);
            request = request.header(AUTHORIZATION, header);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let response = self.succeeded(response, "a token").await;
        // Its 404 says nothing of the repository.
        let response = response.map_err(|error| match error {
            OciError::NotFound(_) => self.protocol("the server that it names for tokens has none"),
            error => error,
        })?;
        let body = self
            .body(response, MAX_TOKEN_ANSWER, "the answer with a token")
            .await?;
        let answer: Option<Answer> = serde_json::from_slice(&body).ok();
        answer
            .and_then(|answer| answer.token.or(answer.access_token))
            .ok_or_else(|| self.protocol("the answer of its server for tokens has no token"))
    }
}

impl Question {
    pub(super) fn get(url: Url) -> Self {
        Self::of(Method::GET, url)
    }

    pub(super) fn of(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}
