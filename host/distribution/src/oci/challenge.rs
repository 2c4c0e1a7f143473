//! `WWW-Authenticate`: how a registry wants to know who asks (RFC 9110, and the token protocol of the
//! distribution specification's registries).

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token from another server.
    Bearer {
        /// The URL of that server.
        realm: String,
        /// What it is to be asked for a token for.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads the value of one header. Of several schemes, the one that needs no password to be sent to
    /// the registry itself.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let mut basic = None;
        let mut bearer: Option<(Option<String>, Option<String>)> = None;
        let mut in_bearer = false;
        for item in items(header) {
            // A scheme stands before its first parameter, or alone.
            let item = match item.split_once(' ') {
                Some((scheme, rest)) if !scheme.contains('=') => {
                    in_bearer = scheme.eq_ignore_ascii_case("bearer");
                    if scheme.eq_ignore_ascii_case("basic") {
                        basic = Some(Self::Basic);
                    }
                    rest.trim()
                }
                _ if !item.contains('=') => {
                    in_bearer = false;
                    if item.eq_ignore_ascii_case("basic") {
                        basic = Some(Self::Basic);
                    }
                    continue;
                }
                _ => item,
            };
            let Some((name, value)) = item.split_once('=').filter(|_| in_bearer) else {
                continue;
            };
            let (realm, service) = bearer.get_or_insert_default();
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => *realm = Some(unquote(value)),
                "service" => *service = Some(unquote(value)),
                _ => {}
            }
        }
        match bearer {
            Some((Some(realm), service)) => Some(Self::Bearer { realm, service }),
            _ => basic,
        }
    }
}

/// What stands between commas outside of quotes.
fn items(header: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut escaped = false;
    let split = |letter: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    };
    header
        .split(split)
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut escaped = false;
    let keep = |letter: &char| {
        escaped = *letter == '\\' && !escaped;
        !escaped
    };
    inner.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        })
    }

    #[test]
    fn a_registry_asks_for_a_token_or_a_password() {
        for (header, expected) in [
            (r#"Basic realm="Registry""#, Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                r#"Bearer realm="https://auth.example.org/token",service="registry, the",scope="repository:a:pull,push""#,
                bearer("https://auth.example.org/token", Some("registry, the")),
            ),
            (
                r#"Basic realm="a", Bearer realm=https://b/c"#,
                bearer("https://b/c", None),
            ),
            (
                r#"Bearer service="a", Basic realm="b""#,
                Some(Challenge::Basic),
            ),
            (r#"Negotiate, Bearer realm="a\"b""#, bearer("a\"b", None)),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(header), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_a_challenge_or_none(header in "[a-zA-Z=\", \\\\]{0,60}") {
            let _ = Challenge::parse(&header);
        }
    }
}
