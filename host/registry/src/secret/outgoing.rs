//! Secrets in HTTP: values in place of placeholders on the way out, and out again of what comes back.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, Request, Response, header};
use koi_runtime::ports::{CallContext, Denial, Http, HttpError};

use super::guard::{Guard, Held, Holding};
use super::{SecretName, SecretValue};

/// The scheme of basic authentication in an `Authorization` header.
const BASIC: &str = "Basic ";

/// HTTP for an extension that asks for secrets.
pub(crate) struct SecretHttp {
    inner: Arc<dyn Http>,
    guard: Arc<Guard>,
}

impl SecretHttp {
    pub(crate) fn new(inner: Arc<dyn Http>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Http for SecretHttp {
    /// Placeholders in the path, the query, values of headers and the body become values. A request
    /// with a secret or a placeholder that is not granted for its host is refused as a whole.
    async fn exchange(
        &self,
        call: &CallContext,
        request: Request<Bytes>,
        time_out: Option<Duration>,
    ) -> Result<Response<Bytes>, HttpError> {
        let holding = self.guard.holding();
        let mut departure = Departure::new(&self.guard, &holding, &request);
        let request = departure.rewrite(request)?;
        let carries = departure.carries;
        let exchanged = self.inner.exchange(call, request, time_out).await;
        // Of the same moment as what went out: a value that was changed meanwhile may come back.
        let Some(scrubber) = &holding.scrubber else {
            return exchanged;
        };
        let mut response =
            exchanged.map_err(|error| with_text(error, |text| scrubber.scrub(text)))?;
        if carries && is_encoded(&response) {
            return Err(HttpError::Protocol(
                "the answer to a request with a secret came compressed, though that was not asked for, and was dropped: the secret could not be looked for in it".to_owned(),
            ));
        }
        for value in response.headers_mut().values_mut() {
            if let Cow::Owned(scrubbed) = scrubber.scrub_bytes(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&scrubbed)
                    .unwrap_or_else(|_| HeaderValue::from_static(""));
            }
        }
        if let Cow::Owned(scrubbed) = scrubber.scrub_bytes(response.body()) {
            set_length(response.headers_mut(), scrubbed.len());
            *response.body_mut() = scrubbed.into();
        }
        Ok(response)
    }
}

/// A request on its way out.
struct Departure<'a> {
    guard: &'a Guard,
    holding: &'a Holding,
    host: String,
    secure: bool,
    /// Whether a value has gone in.
    carries: bool,
}

/// How a value is written where its placeholder stood.
#[derive(Clone, Copy)]
enum Place {
    /// In a header or a body of no particular form.
    Plain,
    /// In a URL or a form.
    Percent,
    /// Within a string of JSON.
    Json,
}

impl<'a> Departure<'a> {
    fn new(guard: &'a Guard, holding: &'a Holding, request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        Self {
            guard,
            holding,
            host: uri.host().unwrap_or_default().to_ascii_lowercase(),
            secure: uri.scheme_str() == Some("https"),
            carries: false,
        }
    }

    fn rewrite(&mut self, request: Request<Bytes>) -> Result<Request<Bytes>, HttpError> {
        let (mut parts, mut body) = request.into_parts();
        if let Some(path) = parts.uri.path_and_query()
            && let Some(path) = self.put_in(path.as_str().as_bytes(), Place::Percent)?
        {
            parts.uri = with_path(parts.uri, path)?;
        }
        for (name, value) in &mut parts.headers {
            let put_in = match basic(value) {
                Some(credentials) if name == header::AUTHORIZATION => self
                    .put_in(&credentials, Place::Plain)?
                    .map(|credentials| format!("{BASIC}{}", STANDARD.encode(credentials)).into()),
                _ => self.put_in(value.as_bytes(), Place::Plain)?,
            };
            if let Some(put_in) = put_in {
                *value = HeaderValue::from_bytes(&put_in).map_err(|_| {
                    HttpError::Protocol(format!(
                        "a secret in the header {name} has characters that a header cannot have"
                    ))
                })?;
                value.set_sensitive(true);
            }
        }
        let place = body_place(&parts.headers);
        if let Some(put_in) = self.put_in(&body, place)? {
            set_length(&mut parts.headers, put_in.len());
            body = put_in.into();
        }
        if self.carries {
            // What comes back is to be read.
            parts.headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
        }
        Ok(Request::from_parts(parts, body))
    }

    /// The text with values for placeholders; none if there is none in it.
    fn put_in(&mut self, text: &[u8], place: Place) -> Result<Option<Vec<u8>>, HttpError> {
        self.check(text)?;
        let Some(placeholders) = &self.holding.placeholders else {
            return Ok(None);
        };
        let (mut rewritten, mut copied) = (Vec::new(), 0);
        for one in placeholders.find_iter(text) {
            let held = &self.holding.secrets[one.pattern().as_usize()];
            rewritten.extend_from_slice(&text[copied..one.start()]);
            rewritten.extend(written(self.value(held)?.expose(), place));
            copied = one.end();
        }
        if copied == 0 {
            return Ok(None);
        }
        rewritten.extend_from_slice(&text[copied..]);
        self.carries = true;
        Ok(Some(rewritten))
    }

    /// That no value stands in the text that may not go to this host: a guest may have come by one
    /// on other ways.
    fn check(&self, text: &[u8]) -> Result<(), HttpError> {
        let Some(scrubber) = &self.holding.scrubber else {
            return Ok(());
        };
        for name in scrubber.all(text) {
            match self.holding.secrets.iter().find(|held| held.name == *name) {
                Some(held) => self.check_host(held)?,
                None => return Err(self.denied(name)),
            }
        }
        Ok(())
    }

    /// Over plain HTTP anybody on the way reads along, so that it is only for hosts that the operator
    /// has named by address.
    fn check_host(&self, held: &Held) -> Result<(), HttpError> {
        let covered = held.hosts.iter().filter(|host| host.covers(&self.host));
        match covered.map(|host| self.secure || host.is_local()).max() {
            Some(true) => Ok(()),
            Some(false) => Err(HttpError::Denied(Denial {
                grant: format!("secret={}@{}", held.name, self.host),
                remedy: "a secret goes over plain HTTP only to `localhost`, an address or a range that was granted as such: use https".to_owned(),
            })),
            None => Err(self.denied(&held.name)),
        }
    }

    fn denied(&self, name: &SecretName) -> HttpError {
        HttpError::Denied(self.guard.access().secret_denial(name, &self.host))
    }

    fn value(&self, held: &'a Held) -> Result<&'a SecretValue, HttpError> {
        self.check_host(held)?;
        held.value.as_deref().ok_or_else(|| {
            HttpError::Protocol(format!(
                "the secret {0} has no value any more: the operator gives it one with: koi-mcp secret set {0}",
                held.name
            ))
        })
    }
}

fn written(value: &str, place: Place) -> Vec<u8> {
    match place {
        Place::Plain => value.into(),
        Place::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].into()
        }
        Place::Percent => value
            .bytes()
            .flat_map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![byte],
                _ => format!("%{byte:02X}").into_bytes(),
            })
            .collect(),
    }
}

fn body_place(headers: &http::HeaderMap) -> Place {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => Place::Percent,
        "application/json" => Place::Json,
        other if other.ends_with("+json") => Place::Json,
        _ => Place::Plain,
    }
}

/// User and password of basic authentication.
fn basic(value: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, credentials) = value.to_str().ok()?.split_at_checked(BASIC.len())?;
    scheme
        .eq_ignore_ascii_case(BASIC)
        .then(|| STANDARD.decode(credentials.trim()).ok())?
}

fn with_path(uri: Uri, path: Vec<u8>) -> Result<Uri, HttpError> {
    let unfit = |error: &dyn std::fmt::Display| {
        HttpError::Protocol(format!("the URL cannot hold its secret: {error}"))
    };
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).map_err(|error| unfit(&error))?);
    Uri::from_parts(parts).map_err(|error| unfit(&error))
}

fn set_length(headers: &mut http::HeaderMap, length: usize) {
    if let Some(value) = headers.get_mut(header::CONTENT_LENGTH) {
        *value = length.into();
    }
}

fn is_encoded(response: &Response<Bytes>) -> bool {
    response
        .headers()
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn with_text(error: HttpError, change: impl FnOnce(String) -> String) -> HttpError {
    match error {
        HttpError::Denied(denial) => HttpError::Denied(denial),
        HttpError::Name(text) => HttpError::Name(change(text)),
        HttpError::Connection(text) => HttpError::Connection(change(text)),
        HttpError::TimedOut(text) => HttpError::TimedOut(change(text)),
        HttpError::TooLarge(text) => HttpError::TooLarge(change(text)),
        HttpError::Protocol(text) => HttpError::Protocol(change(text)),
    }
}
