//! HTTP requests to others. Each needs the grant `http=METHOD:SCHEME://HOST`.
//!
//! ```no_run
//! use koi_extension::http::Request;
//! # #[derive(serde::Deserialize)] struct Rates {}
//! let response = Request::get("https://api.example.com/rates").send()?;
//! let rates: Rates = response.accepted()?.json()?;
//! # Ok::<(), koi_extension::Error>(())
//! ```
//!
//! Redirects are not followed: they come back as responses, with the header `location`.

#[cfg(target_arch = "wasm32")]
mod exchange;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::exchange;
use crate::{Error, Json, Result};
#[cfg(target_arch = "wasm32")]
use exchange::exchange;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// With `http` or `https`.
    pub url: String,
    /// Names and values. Those about the connection (`host`, `content-length`, `connection` and the
    /// like) are the host's affair.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Empty if there is none.
    pub body: Vec<u8>,
    /// How long the whole exchange may take, where that is less than what the host allows.
    pub time_out: Option<Duration>,
}

impl Request {
    /// A request with no headers and no body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            time_out: None,
        }
    }

    /// A `GET` request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST` request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// With a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With a JSON body, and the header that says so.
    ///
    /// # Errors
    /// `invalid-input` if the value has no JSON form.
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let body = Json::of(value)?.into_string();
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Within a time.
    pub fn time_out(mut self, time_out: Duration) -> Self {
        self.time_out = Some(time_out);
        self
    }

    /// Sends it and waits for the whole response, whatever its status.
    ///
    /// # Errors
    /// `denied` without the grant, `invalid-input` if it is no request, `transient` if no response
    /// came, `permanent` if what came is too large or no HTTP.
    pub fn send(&self) -> Result<Response> {
        exchange(self)
    }

    /// What to say when it was denied. The host tells the same to the operator.
    pub(crate) fn denied(&self) -> Error {
        let Self { method, url, .. } = self;
        let scheme_end = url.find("://").map_or(0, |at| at + 3);
        let length = url[scheme_end..].find(['/', '?', '#']);
        let origin = &url[..length.map_or(url.len(), |length| scheme_end + length)];
        Error::denied(format!(
            "`{method} {url}` was not sent: it needs the grant `http={method}:{origin}`"
        ))
    }
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// All of it.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of a name, which is in lower case, if its value is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Itself, if its status is 200 to 299.
    ///
    /// # Errors
    /// `transient` for 408, 425, 429 and 500 and above, `permanent` for all others.
    pub fn accepted(self) -> Result<Self> {
        let message = format!("the answer was the status {}", self.status);
        match self.status {
            200..=299 => Ok(self),
            408 | 425 | 429 | 500.. => Err(Error::transient(message)),
            _ => Err(Error::permanent(message)),
        }
    }

    /// The body as text.
    ///
    /// # Errors
    /// `permanent` if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body)
            .map_err(|error| Error::permanent(format!("the answer is no text: {error}")))
    }

    /// The body as a value.
    ///
    /// # Errors
    /// `permanent` if it is not the JSON form of such a value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::permanent(format!("the answer is not as expected: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::testing::Node;

    #[test]
    fn a_request_that_nobody_granted_names_the_grant() {
        Node::fresh();
        for url in [
            "https://a.b:8443/c?d",
            "https://a.b:8443?d",
            "https://a.b:8443",
        ] {
            let error = Request::post(url).send().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Denied);
            assert!(
                error.message.ends_with("`http=POST:https://a.b:8443`"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_test_answers_requests_itself() {
        let node = Node::fresh();
        node.serve(|request| {
            Ok(Response {
                status: if request.url.ends_with("/busy") {
                    503
                } else {
                    200
                },
                headers: vec![("x-a".into(), b"1".to_vec())],
                body: request.body.clone(),
            })
        });
        let answer = Request::post("http://a/").json(&[1, 2]).unwrap().send();
        let answer = answer.unwrap().accepted().unwrap();
        assert_eq!(answer.json::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(answer.header("x-a"), Some("1"));
        let busy = Request::get("http://a/busy").send().unwrap().accepted();
        assert_eq!(busy.unwrap_err().kind, ErrorKind::Transient);
    }
}
