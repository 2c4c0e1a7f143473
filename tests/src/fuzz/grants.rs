//! Grants: printing and parsing are inverse to each other, and what one grant is said to include it
//! does allow.
//!
//! The input is lines: two grants, and things that they may allow.

use koi_registry::{Grant, HostPattern, Right, Scheme};
use koi_rid::Rid;

use super::assert_is_a_sentence;

/// Hosts and methods that are asked about besides those of the input.
const HOSTS: [&str; 6] = [
    "localhost",
    "example.com",
    "a.example.com",
    "127.0.0.1",
    "10.1.2.3",
    "[::1]",
];
const PORTS: [u16; 3] = [80, 443, 8080];

pub(super) fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let grants: Vec<Grant> = text.lines().take(8).filter_map(parsed).collect();
    for one in &grants {
        for other in &grants {
            if one.includes(other) {
                includes_indeed(one, other, text);
            }
        }
    }
}

fn parsed(line: &str) -> Option<Grant> {
    match line.parse::<Grant>() {
        Ok(grant) => {
            let printed = grant.to_string();
            assert_eq!(printed.parse().as_ref(), Ok(&grant), "printed as {printed}");
            Some(grant)
        }
        Err(error) => {
            assert_is_a_sentence(&error.to_string(), 8192);
            None
        }
    }
}

/// Looks for something that the other grant allows and this one does not.
fn includes_indeed(one: &Grant, other: &Grant, text: &str) {
    match (one, other) {
        (Grant::Knowledge(..), Grant::Knowledge(..)) => {
            // A pattern's own text is the RID that is hardest to tell from what it covers.
            let rids = text.lines().chain(
                text.lines()
                    .filter_map(|line| line.split_once('=').map(|(_, rid)| rid)),
            );
            for rid in rids.filter_map(|line| Rid::parse(line).ok()) {
                for right in Right::ALL {
                    if other.covers(right, &rid) {
                        assert!(
                            one.covers(right, &rid),
                            "{one} does not cover {rid}, {other} does"
                        );
                    }
                }
            }
        }
        (Grant::Http(one), Grant::Http(other)) => {
            hosts_are_included(one.host(), other.host(), text);
            for method in ["GET", "POST"] {
                for scheme in [Scheme::Http, Scheme::Https] {
                    for port in PORTS {
                        if other.fits(method, scheme, port) {
                            assert!(
                                one.fits(method, scheme, port),
                                "{one} is narrower than {other}"
                            );
                        }
                    }
                }
            }
        }
        (Grant::Files(one), Grant::Files(other)) => {
            assert_eq!(one.guest, other.guest);
            assert!(one.write || !other.write);
        }
        (Grant::Limit(name, value), Grant::Limit(other_name, other)) => {
            assert_eq!(name, other_name);
            assert!(value >= other, "{value} is less than {other}");
        }
        (Grant::Secret(..), Grant::Secret(..)) => {}
        (one, other) => assert_eq!(one, other),
    }
}

fn hosts_are_included(one: &HostPattern, other: &HostPattern, text: &str) {
    for host in text.lines().chain(HOSTS) {
        if other.covers(host) {
            assert!(
                one.covers(host),
                "{one} does not cover {host}, {other} does"
            );
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse()
            && other.names(address)
            && one != &HostPattern::Any
        {
            assert!(
                one.names(address),
                "{one} does not name {address}, {other} does"
            );
        }
    }
}
