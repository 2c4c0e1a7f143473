//! Who makes a request: a principal, named by the bearer token that came with it.
//!
//! Where no tokens are configured everybody is the local client, which has no name. Where there are,
//! who brings none of them is not let in. Tokens are known by their SHA-256 only, and are in no log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, header};
use rmcp::model::Extensions;
use rmcp::service::{RequestContext, RoleServer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// From 64 hexadecimal digits; none if it is something else.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        let mut digest = [0; 32];
        hex::decode_to_slice(hex, &mut digest).ok()?;
        Some(Self(digest))
    }

    fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Compares in a time that does not depend on where the difference is.
    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Says nothing of the token.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

/// The name of a principal, as it travels with a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Principal(pub(crate) Arc<str>);

/// Those who may make requests.
pub(crate) struct Principals(Vec<(Principal, TokenDigest)>);

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// It has no bearer token.
    WithoutToken,
    /// Its token is nobody's.
    WrongToken,
}

impl Principals {
    pub(crate) fn new(tokens: &BTreeMap<String, TokenDigest>) -> Self {
        let principal = |(name, digest): (&String, &TokenDigest)| {
            (Principal(name.as_str().into()), digest.clone())
        };
        Self(tokens.iter().map(principal).collect())
    }

    /// Whose request has these headers; none for the local client.
    ///
    /// # Errors
    /// If only principals are let in, and it is none's.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Result<Option<Principal>, Stranger> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let given = TokenDigest::of(bearer(headers).ok_or(Stranger::WithoutToken)?);
        let mut found = None;
        // All are compared, so that the time does not tell which was right.
        for (principal, digest) in &self.0 {
            if digest.is(&given) {
                found = Some(principal);
            }
        }
        found
            .map(|principal| Some(principal.clone()))
            .ok_or(Stranger::WrongToken)
    }
}

/// The bearer token, if there is exactly one `Authorization` header and it holds one.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.as_bytes().split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

/// Who made the request; none for the local client.
pub(crate) fn principal_of(context: &RequestContext<RoleServer>) -> Option<Arc<str>> {
    principal_in(&context.extensions).map(|principal| principal.0.clone())
}

/// A message has its principal with it, or the HTTP request that it came in has.
fn principal_in(extensions: &Extensions) -> Option<&Principal> {
    let of_request = || extensions.get::<Parts>()?.extensions.get();
    extensions.get().or_else(of_request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Principals {
        let digest = |token: &str| TokenDigest::of(token.as_bytes());
        Principals::new(&BTreeMap::from([
            ("alice".to_owned(), digest("a-token")),
            ("bob".to_owned(), digest("b-token")),
        ]))
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn without_tokens_everybody_is_the_local_client() {
        let nobody = Principals::new(&BTreeMap::new());
        assert_eq!(nobody.of(&headers(&[])), Ok(None));
        assert_eq!(nobody.of(&headers(&["Bearer x"])), Ok(None));
    }

    #[test]
    fn a_token_names_its_principal() {
        for (value, name) in [
            ("Bearer a-token", "alice"),
            ("bearer  b-token ", "bob"),
            ("BEARER b-token", "bob"),
        ] {
            let principal = two().of(&headers(&[value])).unwrap().unwrap();
            assert_eq!(&*principal.0, name);
        }
    }

    #[test]
    fn who_brings_no_token_or_a_wrong_one_is_a_stranger() {
        for values in [
            &[][..],
            &["a-token"],
            &["Basic a-token"],
            &["Bearer "],
            &["Bearer"],
            &["Bearer a-token", "Bearer a-token"],
        ] {
            assert_eq!(two().of(&headers(values)), Err(Stranger::WithoutToken));
        }
        for value in ["Bearer a-toke", "Bearer c-token", "Bearer a-token x"] {
            assert_eq!(two().of(&headers(&[value])), Err(Stranger::WrongToken));
        }
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits_and_is_not_shown() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TokenDigest::parse(hex), Some(TokenDigest::of(b"abc")));
        assert_eq!(TokenDigest::parse(&hex[1..]), None);
        assert_eq!(TokenDigest::parse(&hex.replace('b', "x")), None);
        assert!(!format!("{:?}", TokenDigest::parse(hex)).contains("ba78"));
    }
}
