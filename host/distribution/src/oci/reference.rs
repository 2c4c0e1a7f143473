//! Where a component is in a registry: `oci://host[:port]/repository[:tag][@sha256:…]`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::Digest;

const SCHEME: &str = "oci://";

/// Longest host name, in bytes, as in DNS.
const MAX_HOST: usize = 253;

/// Longest name of a repository, in bytes, as registries have it.
const MAX_REPOSITORY: usize = 255;

/// Longest tag, in bytes, as the distribution specification has it.
const MAX_TAG: usize = 128;

/// A place in a registry. It has a tag, a digest or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no reference. The text itself is not repeated: it may be of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It begins otherwise.
    #[error("a reference begins with oci://, as in oci://registry.example.org/tools/notes:1.0")]
    Scheme,
    /// What stands between `oci://` and the next `/` is no host.
    #[error(
        "expected a host after oci://, with a port where it is not 443, as in oci://127.0.0.1:5000/notes:1.0"
    )]
    Registry,
    /// The repository is no name.
    #[error(
        "expected the name of a repository after the host: lower-case letters and digits, with `.`, `_`, \
         `-` or `/` between them, at most {MAX_REPOSITORY} bytes"
    )]
    Repository,
    /// The tag is none.
    #[error("expected a tag of letters, digits, `_`, `.` and `-`, at most {MAX_TAG} bytes")]
    Tag,
    /// The digest is none.
    #[error("expected a digest of `sha256:` and 64 lower-case hexadecimal digits after the `@`")]
    Digest,
    /// Nothing says which of the repository's components is meant.
    #[error("expected a tag (oci://…:1.0) or a digest (oci://…@sha256:…)")]
    Unspecific,
}

impl Reference {
    /// Whether a text is meant as a reference and not as a file's name.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The host of the registry, with its port where one was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository's name.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Registry and repository, as signatures name them.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What the tag stood for when it was looked up.
    #[must_use]
    pub fn resolved(&self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self.clone()
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let rest = text.strip_prefix(SCHEME).ok_or(ReferenceError::Scheme)?;
        let (registry, rest) = rest.split_once('/').ok_or(ReferenceError::Repository)?;
        if !is_registry(registry) {
            return Err(ReferenceError::Registry);
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => {
                let digest = Digest::parse(digest).ok_or(ReferenceError::Digest)?;
                (rest, Some(digest))
            }
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_repository(repository) {
            return Err(ReferenceError::Repository);
        }
        if !tag.is_none_or(is_tag) {
            return Err(ReferenceError::Tag);
        }
        if tag.is_none() && digest.is_none() {
            return Err(ReferenceError::Unspecific);
        }
        Ok(Self {
            registry: registry.to_ascii_lowercase(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// A host name or address, with or without a port.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(port),
                None if rest.is_empty() => None,
                None => return false,
            };
            (address.parse::<Ipv6Addr>().is_ok(), port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (is_host(host), Some(port)),
            None => (is_host(text), None),
        },
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port != 0)
    };
    host && port.is_none_or(is_port)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= MAX_HOST && host.split('.').all(is_label)
}

/// The distribution specification: parts between `/`, each of letters and digits, between which stand
/// one `.`, one or two `_`, or any number of `-`.
fn is_repository(text: &str) -> bool {
    let is_separator =
        |text: &str| matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        let ends = bytes.first().zip(bytes.last());
        ends.is_some_and(|(first, last)| is_plain(*first) && is_plain(*last))
            && part.is_ascii()
            && part
                .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
                .all(|between| between.is_empty() || is_separator(between))
    };
    text.len() <= MAX_REPOSITORY && text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let inner = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    text.len() <= MAX_TAG && text.bytes().next().is_some_and(word) && text.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_reference_has_host_repository_and_tag_or_digest() {
        let both = format!("oci://127.0.0.1:5000/team/notes__x:1.0-rc.1@{DIGEST}");
        let reference: Reference = both.parse().unwrap();
        assert_eq!(reference.registry(), "127.0.0.1:5000");
        assert_eq!(reference.repository(), "team/notes__x");
        assert_eq!(reference.tag(), Some("1.0-rc.1"));
        assert_eq!(reference.digest().unwrap().to_string(), DIGEST);
        assert_eq!(reference.to_string(), both);
        for text in [
            "oci://ghcr.io/a/b:v1",
            "oci://[::1]:5000/a:1",
            "oci://[::1]/a:1",
            "oci://localhost/a--b.c_d:1",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_what_was_expected() {
        for (text, error) in [
            ("https://a/b:1", ReferenceError::Scheme),
            ("a/b:1", ReferenceError::Scheme),
            ("oci://a", ReferenceError::Repository),
            ("oci:///a:1", ReferenceError::Registry),
            ("oci://user@host/a:1", ReferenceError::Registry),
            ("oci://a:0/a:1", ReferenceError::Registry),
            ("oci://a:+80/a:1", ReferenceError::Registry),
            ("oci://[::1/a:1", ReferenceError::Registry),
            ("oci://[::1]x/a:1", ReferenceError::Registry),
            ("oci://a..b/a:1", ReferenceError::Registry),
            ("oci://a/b", ReferenceError::Unspecific),
            ("oci://a/B:1", ReferenceError::Repository),
            ("oci://a/../b:1", ReferenceError::Repository),
            ("oci://a//b:1", ReferenceError::Repository),
            ("oci://a/b___c:1", ReferenceError::Repository),
            ("oci://a/b?x:1", ReferenceError::Repository),
            ("oci://a/b:", ReferenceError::Tag),
            ("oci://a/b:-1", ReferenceError::Tag),
            ("oci://a/b:1/2", ReferenceError::Tag),
            ("oci://a/b@sha256:00", ReferenceError::Digest),
            ("oci://a/b:1@", ReferenceError::Digest),
        ] {
            assert_eq!(text.parse::<Reference>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_reference_that_reads_back_or_an_error(text in "\\PC{0,80}") {
            for text in [text.clone(), format!("{SCHEME}{text}")] {
                if let Ok(reference) = text.parse::<Reference>() {
                    let written = reference.to_string();
                    prop_assert_eq!(written.parse(), Ok(reference));
                }
            }
        }

        #[test]
        fn what_looks_like_a_reference_never_leaves_its_place_in_a_url(
            text in "oci://[a-z:\\[\\]@.?#%-]{1,12}/[a-z0-9/._?#%-]{1,20}:[a-zA-Z0-9._/?#%-]{1,12}"
        ) {
            if let Ok(reference) = text.parse::<Reference>() {
                let url = format!(
                    "https://{}/v2/{}/manifests/{}",
                    reference.registry(), reference.repository(), reference.tag().unwrap()
                );
                // Some hosts that are well formed are no names: `xn--` begins what decodes to nothing.
                let Ok(parsed) = reqwest::Url::parse(&url) else { return Ok(()) };
                prop_assert_eq!(parsed.query(), None);
                prop_assert_eq!(parsed.fragment(), None);
                prop_assert!(parsed.username().is_empty());
                let path = format!("/v2/{}/manifests/{}", reference.repository(), reference.tag().unwrap());
                prop_assert_eq!(parsed.path(), path);
            }
        }
    }
}
