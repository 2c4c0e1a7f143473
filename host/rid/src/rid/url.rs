//! What the reference makes of the URL in an `http` or `https` RID: CPython's split and unsplit.
//!
//! An empty query or fragment is dropped, tabs and line ends too, and a second scheme; all else is
//! kept. URLs that would change again on a second pass are refused, as is what Python refuses.

use std::{borrow::Cow, net::Ipv6Addr};

const EXPECTED: &str = "a URL after its scheme, as //host/path?query#fragment";

/// Characters that compatibility normalisation turns into one of `/?#@:`. Python refuses them in a
/// host.
const DISGUISED_DELIMITERS: &str = "\u{2047}\u{2048}\u{2049}\u{2100}\u{2101}\u{2105}\u{2106}\
    \u{2a74}\u{fe13}\u{fe16}\u{fe55}\u{fe56}\u{fe5f}\u{fe6b}\u{ff03}\u{ff0f}\u{ff1a}\u{ff1f}\u{ff20}";

/// The canonical spelling of what follows `http:` or `https:`, borrowed where it is the one given.
pub(super) fn canonical(reference: &str) -> Result<Cow<'_, str>, &'static str> {
    let once = split_unsplit(reference)?;
    if once == reference {
        return Ok(Cow::Borrowed(reference));
    }
    match split_unsplit(&once) {
        Ok(twice) if twice == once && !once.is_empty() => Ok(Cow::Owned(once)),
        _ => Err(EXPECTED),
    }
}

fn split_unsplit(reference: &str) -> Result<String, &'static str> {
    let cleaned: String = reference
        .trim_start_matches(|char| char <= ' ')
        .chars()
        .filter(|char| !matches!(char, '\t' | '\r' | '\n'))
        .collect();
    let mut rest = without_scheme(&cleaned);
    let mut out = String::with_capacity(rest.len());
    if let Some(after) = rest.strip_prefix("//") {
        let (host, path) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        check_host(host)?;
        if !host.is_empty() || path.starts_with("//") {
            out.push_str("//");
        }
        out.push_str(host);
        rest = path;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    out.push_str(path);
    for (mark, part) in [('?', query), ('#', fragment)] {
        if !part.is_empty() {
            out.push(mark);
            out.push_str(part);
        }
    }
    Ok(out)
}

fn without_scheme(url: &str) -> &str {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|char: char| char.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => url,
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.contains(|char| DISGUISED_DELIMITERS.contains(char)) {
        return Err(EXPECTED);
    }
    if !host.contains(['[', ']']) {
        return Ok(());
    }
    let after_user = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let (address, port) = after_user
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .ok_or(EXPECTED)?;
    let without_zone = address
        .split_once('%')
        .map_or(address, |(address, _)| address);
    let valid = is_future_address(address) || without_zone.parse::<Ipv6Addr>().is_ok();
    if valid && (port.is_empty() || port.starts_with(':')) {
        Ok(())
    } else {
        Err(EXPECTED)
    }
}

/// `v1.anything`, which RFC 3986 keeps for address forms to come.
fn is_future_address(address: &str) -> bool {
    address
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(version, rest)| {
            !version.is_empty()
                && !rest.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}
