//! `http=METHODS:SCHEME://HOST[:PORT]`: HTTP requests of some methods to some hosts.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::HostPattern;

/// The word of these grants.
pub(super) const WORD: &str = "http";

/// Longest rule, in bytes.
const MAX_RULE_BYTES: usize = 512;

/// Most methods in one rule.
const MAX_METHODS: usize = 16;

/// Requests of these methods to these hosts, by one scheme, at one port or at any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpRule {
    /// The methods in upper case; all if empty.
    methods: BTreeSet<String>,
    scheme: Scheme,
    host: HostPattern,
    port: PortRule,
}

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL without one means.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// At which ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRule {
    /// This one. The default one of the scheme is not written.
    One(u16),
    /// `*`: at any.
    Any,
}

impl PortRule {
    fn covers(self, port: u16) -> bool {
        match self {
            Self::One(own) => own == port,
            Self::Any => true,
        }
    }
}

impl HttpRule {
    /// Its host.
    pub fn host(&self) -> &HostPattern {
        &self.host
    }

    /// Whether it speaks of such requests, whatever the host.
    pub fn fits(&self, method: &str, scheme: Scheme, port: u16) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.scheme == scheme
            && self.port.covers(port)
    }

    /// Whether it covers all requests that `other` does.
    pub(super) fn includes(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || (!other.methods.is_empty() && self.methods.is_superset(&other.methods));
        let port = match other.port {
            PortRule::One(port) => self.port.covers(port),
            PortRule::Any => self.port == PortRule::Any,
        };
        methods && port && self.scheme == other.scheme && self.host.includes(&other.host)
    }
}

/// A request as a rule that covers it and little else, for whoever has to be told what is missing.
pub(crate) fn smallest(method: &str, scheme: Scheme, host: &str, port: u16) -> String {
    let port = if port == scheme.default_port() {
        String::new()
    } else {
        format!(":{port}")
    };
    format!("{WORD}={method}:{}://{host}{port}", scheme.as_str())
}

impl FromStr for HttpRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write methods, scheme and host, as in `http=GET,POST:https://example.com`, \
                            `http=*:http://localhost:8080` or `http=GET:https://*`";
        if text.len() > MAX_RULE_BYTES {
            return Err(format!("it is longer than {MAX_RULE_BYTES} bytes"));
        }
        let (methods, url) = text.split_once(':').ok_or(FORM)?;
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(FORM.to_owned()),
        };
        // The colon of a port stands behind the last bracket.
        let from = rest.rfind(']').unwrap_or_default();
        let (host, port) = match rest[from..].rfind(':') {
            Some(at) => (&rest[..from + at], Some(&rest[from + at + 1..])),
            None => (rest, None),
        };
        let port = match port {
            None => PortRule::One(scheme.default_port()),
            Some("*") => PortRule::Any,
            Some(number) => PortRule::One(port_number(number)?),
        };
        Ok(Self {
            methods: read_methods(methods)?,
            scheme,
            host: host.parse()?,
            port,
        })
    }
}

fn port_number(text: &str) -> Result<u16, String> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| format!("`{text}` is no port: 1 to 65535, or `*` for all"))
}

fn read_methods(text: &str) -> Result<BTreeSet<String>, String> {
    if text == "*" {
        return Ok(BTreeSet::new());
    }
    let methods: BTreeSet<String> = text.split(',').map(str::to_owned).collect();
    let fits = |method: &String| {
        (1..=32).contains(&method.len())
            && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
            && method != "CONNECT"
    };
    if methods.len() <= MAX_METHODS && methods.iter().all(fits) {
        return Ok(methods);
    }
    Err(format!(
        "`{text}` are no methods: up to {MAX_METHODS} in upper case with `,` between them, as in \
         `GET,POST`, or `*` for all; `CONNECT` is never allowed"
    ))
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.methods.is_empty() {
            f.write_str("*")?;
        }
        for (index, method) in self.methods.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{method}")?;
        }
        write!(f, ":{}://{}", self.scheme.as_str(), self.host)?;
        match self.port {
            PortRule::Any => f.write_str(":*"),
            PortRule::One(port) if port == self.scheme.default_port() => Ok(()),
            PortRule::One(port) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> HttpRule {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_says_methods_scheme_host_and_port() {
        let covers = |text: &str, method: &str, host: &str, port: u16| {
            let rule = rule(text);
            rule.fits(method, Scheme::Https, port) && rule.host().covers(host)
        };
        assert!(covers("GET:https://a.b", "GET", "a.b", 443));
        assert!(!covers("GET:https://a.b", "POST", "a.b", 443));
        assert!(!covers("GET:https://a.b", "GET", "a.b", 8443));
        assert!(!covers("GET:http://a.b", "GET", "a.b", 443));
        assert!(covers("*:https://a.b:*", "PATCH", "a.b", 8443));
        assert!(covers("GET,PUT:https://a.b:8443", "PUT", "a.b", 8443));
        assert!(covers("GET:https://*.b", "GET", "x.y.b", 443));
        assert!(!covers("GET:https://*.b", "GET", "b", 443));
        assert!(!covers("GET:https://*.b", "GET", "xb", 443));
        assert!(covers("GET:https://*", "GET", "1.1.1.1", 443));
        assert!(covers("GET:https://10.0.0.0/8", "GET", "10.9.9.9", 443));
        assert!(!covers("GET:https://10.0.0.0/8", "GET", "ten.example", 443));
        assert!(covers(
            "GET:https://[fd00::/8]:443",
            "GET",
            "[fd12::1]",
            443
        ));
    }

    #[test]
    fn printing_gives_what_was_parsed() {
        for text in [
            "GET:https://example.com",
            "GET,POST:http://localhost:8080",
            "*:https://*",
            "*:http://*:*",
            "GET:https://*.example.com:8443",
            "GET:http://10.0.0.0/8:8080",
            "GET:http://[::1]",
            "GET:http://[fd00::/8]:80",
        ] {
            let expected = text.strip_suffix(":80").unwrap_or(text);
            assert_eq!(rule(text).to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_what_would_be_one() {
        for (text, part) in [
            ("", "write methods"),
            ("https://a.b", "write methods"),
            ("GET:ftp://a.b", "write methods"),
            ("GET:https:a.b", "write methods"),
            ("get:https://a.b", "upper case"),
            (",:https://a.b", "upper case"),
            ("CONNECT:https://a.b", "never allowed"),
            ("GET:https://", "is no host"),
            ("GET:https://A.b", "lower case"),
            ("GET:https://münchen.de", "xn--"),
            ("GET:https://a.b.", "is no host"),
            ("GET:https://a.*", "is no host"),
            ("GET:https://a.b/path", "range of addresses"),
            ("GET:https://user@a.b", "is no host"),
            ("GET:https://127.1", "is no host"),
            ("GET:https://0x7f.1", "is no host"),
            ("GET:https://[::1", "is no"),
            ("GET:https://10.0.0.1/8", "begins at"),
            ("GET:https://a.b:0", "is no port"),
            ("GET:https://a.b:65536", "is no port"),
            ("GET:https://a.b:", "is no port"),
        ] {
            let told = text.parse::<HttpRule>().unwrap_err();
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn a_rule_includes_what_is_narrower() {
        let includes = |one: &str, other: &str| rule(one).includes(&rule(other));
        assert!(includes("*:https://*", "GET:https://a.b"));
        assert!(!includes("GET:https://*", "*:https://a.b"));
        assert!(!includes("*:https://*", "GET:https://a.b:8443"));
        assert!(includes("*:https://*:*", "GET:https://a.b:8443"));
        assert!(!includes("*:https://*", "GET:http://a.b"));
        assert!(includes("*:https://*.b", "GET:https://*.a.b"));
        assert!(!includes("*:https://*.b", "GET:https://b"));
        // Everybody is everybody with a public address.
        assert!(!includes("*:https://*", "GET:https://localhost"));
        assert!(!includes("*:https://*", "GET:https://10.0.0.1"));
        assert!(includes("*:https://10.0.0.0/8", "GET:https://10.0.0.1"));
        assert!(includes("*:https://10.0.0.0/8", "GET:https://10.1.0.0/16"));
    }
}
