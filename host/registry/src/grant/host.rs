//! Hosts in grants: a name, all names under one, any host, an address, a range of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// Which hosts a grant speaks of. Names are in lower case, in their ASCII form, without a dot at
/// their end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// `*`: every host with a public address.
    Any,
    /// `*.example.com`: all names under it, not itself.
    Under(String),
    /// `example.com`, `localhost`.
    Name(String),
    /// `192.0.2.1`, `[2001:db8::1]`.
    Address(IpAddr),
    /// `10.0.0.0/8`, `[fd00::/8]`.
    Range(IpNet),
}

/// This machine by name.
const LOCALHOST: &str = "localhost";

impl HostPattern {
    /// Whether it covers a URL's host: a name in lower case, or an address as the URL standard
    /// writes it, IPv6 in brackets. A range covers no name, whatever it resolves to.
    pub fn covers(&self, host: &str) -> bool {
        let address = address(host);
        match self {
            Self::Any => true,
            Self::Under(parent) => address.is_none() && is_under(host, parent),
            Self::Name(name) => host == name,
            Self::Address(own) => address == Some(*own),
            Self::Range(range) => address.is_some_and(|address| range.contains(&address)),
        }
    }

    /// Whether it names this address, so that a connection to it may be made though it is not
    /// public.
    pub fn names(&self, address: IpAddr) -> bool {
        match self {
            Self::Any | Self::Under(_) => false,
            Self::Name(name) => name == LOCALHOST && address.is_loopback(),
            Self::Address(own) => *own == address,
            Self::Range(range) => range.contains(&address),
        }
    }

    /// Whether it names this machine, an address or a range: what is near enough that the operator
    /// knows the way there.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Any | Self::Under(_) => false,
            Self::Name(name) => name == LOCALHOST,
            Self::Address(_) | Self::Range(_) => true,
        }
    }

    /// Whether it covers all that `other` does.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any | Self::Under(_)) => true,
            (Self::Any, Self::Name(name)) => name != LOCALHOST,
            (Self::Any, Self::Address(address)) => is_public(*address),
            (Self::Under(own), Self::Under(other)) => own == other || is_under(other, own),
            (Self::Under(own), Self::Name(name)) => is_under(name, own),
            (Self::Range(own), Self::Address(address)) => own.contains(address),
            (Self::Range(own), Self::Range(other)) => own.contains(other),
            _ => self == other,
        }
    }
}

fn is_under(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent)
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// The address that a URL's host is, if it is one.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(v6) => v6.parse().map(IpAddr::V6).ok(),
        None => host.parse().map(IpAddr::V4).ok(),
    }
}

/// Whether an address is somebody's on the public Internet. All others (this machine, private
/// networks, links, carriers' networks, multicast, documentation, and everything that is reserved or
/// that carries another address within it) have to be named to be reached.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || a == 127
        || a >= 224
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b & 0xfe == 18 || (b == 51 && c == 100)))
        || (a == 203 && b == 0 && c == 113);
    !(reserved || address.is_private() || address.is_link_local())
}

/// Only 2000::/3 is given out, and parts of it are for documentation, protocols and addresses within
/// addresses (6to4, Teredo). IPv4 within IPv6 (mapped, compatible, NAT64) is outside of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let given_out = a & 0xe000 == 0x2000;
    let within = a == 0x2002 || (a == 0x2001 && b == 0);
    let protocols = a == 0x2001 && b < 0x0200;
    let documentation = (a == 0x2001 && b == 0x0db8) || a & 0xfff0 == 0x3ff0;
    given_out && !within && !protocols && !documentation
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(parent) = text.strip_prefix("*.") {
            return name(parent).map(Self::Under);
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let inner = bare.unwrap_or(text);
        if inner.contains('/') {
            return range(inner, bare.is_some()).map(Self::Range);
        }
        if let Some(address) = address(text) {
            return Ok(Self::Address(address));
        }
        if bare.is_some() {
            return Err(format!("`{text}` is no IPv6 address"));
        }
        name(text).map(Self::Name)
    }
}

fn range(text: &str, in_brackets: bool) -> Result<IpNet, String> {
    let range: IpNet = text
        .parse()
        .map_err(|_| format!("`{text}` is no range of addresses, as `10.0.0.0/8` is"))?;
    if in_brackets != matches!(range, IpNet::V6(_)) {
        return Err("a range of IPv6 stands in brackets, one of IPv4 does not".to_owned());
    }
    if range != range.trunc() {
        return Err(format!("the range begins at `{}`", range.trunc()));
    }
    Ok(range)
}

fn name(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    // What ends in a number is read as an IPv4 address by everybody who gets to see it.
    let last_is_number = text
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if text.len() <= 253 && text.split('.').all(label) && !last_is_number {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no host: write a name in lower case and in its ASCII form (`example.com`, \
         `xn--mnchen-3ya.de`), `*.example.com`, `*`, `localhost`, an address or a range (`10.0.0.0/8`, \
         `[fd00::/8]`)"
    ))
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Under(parent) => write!(f, "*.{parent}"),
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Range(IpNet::V4(range)) => write!(f, "{range}"),
            Self::Range(IpNet::V6(range)) => write!(f, "[{range}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_somebodys_on_the_internet_is_public() {
        let public = [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "192.88.98.1",
            "2606:4700::1111",
            "2a00:1450::1",
        ];
        let others = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in others {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_range_or_localhost_names_addresses_and_everybody_names_none() {
        let names = |pattern: &str, address: &str| {
            let pattern: HostPattern = pattern.parse().unwrap();
            pattern.names(address.parse().unwrap())
        };
        assert!(names("10.0.0.0/8", "10.1.2.3"));
        assert!(!names("10.0.0.0/8", "11.1.2.3"));
        assert!(names("[fd00::/8]", "fd00::1"));
        assert!(names("localhost", "127.0.0.5") && names("localhost", "::1"));
        assert!(!names("localhost", "10.0.0.1"));
        assert!(names("[::1]", "::1"));
        assert!(!names("*", "10.0.0.1") && !names("*.internal", "10.0.0.1"));
    }
}
