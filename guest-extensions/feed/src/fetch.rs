//! Asking a server for a feed.

use std::time::Duration;

use koi_extension::http::{Request, Response};
use koi_extension::{Error, Result};

use crate::state::State;

/// Longest time until the beginning of an answer.
const TIME_OUT: Duration = Duration::from_secs(10);
/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 3;
/// Largest feed that is read, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// Longest header that is remembered, in bytes.
const MAX_HEADER: usize = 1024;

/// The answer to a feed's request, if it is another one than the last. `state` takes up what the server
/// says of it.
///
/// # Errors
/// If there is none, or what came is no success.
pub fn fetch(state: &mut State) -> Result<Option<Response>> {
    let response = follow(state)?;
    if response.status == 304 {
        return Ok(None);
    }
    let response = response.accepted()?;
    if response.body.len() > MAX_BYTES {
        return Err(Error::permanent(format!(
            "it is larger than {MAX_BYTES} bytes"
        )));
    }
    let header = |name| {
        let value = response
            .header(name)
            .filter(|value| value.len() <= MAX_HEADER);
        value.map(str::to_owned)
    };
    state.etag = header("etag");
    state.last_modified = header("last-modified");
    Ok(Some(response))
}

/// The answer of whoever a server sends us to. Each address has to be granted.
fn follow(state: &State) -> Result<Response> {
    let mut url = state.url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let response = request(&url, state).send()?;
        if ![301, 302, 303, 307, 308].contains(&response.status) {
            return Ok(response);
        }
        let location = response.header("location").unwrap_or_default();
        url = resolved(&url, location)?;
    }
    Err(Error::permanent(format!(
        "it was redirected more than {MAX_REDIRECTS} times"
    )))
}

fn request(url: &str, state: &State) -> Request {
    let accepted = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5";
    let mut request = Request::get(url)
        .time_out(TIME_OUT)
        .header(
            "user-agent",
            concat!("koi-mcp-feed/", env!("CARGO_PKG_VERSION")),
        )
        .header("accept", accepted);
    if let Some(etag) = &state.etag {
        request = request.header("if-none-match", etag.as_str());
    }
    if let Some(last_modified) = &state.last_modified {
        request = request.header("if-modified-since", last_modified.as_str());
    }
    request
}

fn resolved(from: &str, location: &str) -> Result<String> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Ok(location.to_owned());
    }
    let host = from.find("://").map_or(0, |at| at + 3);
    let path = from[host..]
        .find(['/', '?', '#'])
        .map_or(from.len(), |at| host + at);
    match location.starts_with('/') && !location.starts_with("//") {
        true => Ok(format!("{}{location}", &from[..path])),
        false => Err(Error::permanent(format!(
            "it was redirected to `{}`, which is no address to follow",
            location.chars().take(100).collect::<String>()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use koi_extension::testing::Node;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Result<Response> {
        let headers = headers.iter();
        Ok(Response {
            status,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: b"<rss/>".to_vec(),
        })
    }

    fn state(url: &str) -> State {
        State {
            url: url.to_owned(),
            ..State::default()
        }
    }

    #[test]
    fn redirects_are_followed_to_their_end_and_not_in_circles() {
        let node = Node::fresh();
        node.serve(|request| match request.url.as_str() {
            "http://a/feed" => answer(301, &[("location", "/moved?x")]),
            "http://a/moved?x" => answer(302, &[("location", "https://b/feed")]),
            "https://b/feed" => answer(200, &[("etag", "\"1\"")]),
            _ => answer(302, &[("location", "/round")]),
        });
        let mut to_the_end = state("http://a/feed");
        assert!(fetch(&mut to_the_end).unwrap().is_some());
        assert_eq!(to_the_end.etag.as_deref(), Some("\"1\""));
        let error = fetch(&mut state("http://a/round")).unwrap_err();
        assert!(error.message.contains("more than 3 times"), "{error}");
        assert!(resolved("http://a/", "//b/").is_err());
        assert!(resolved("http://a/", "file:///etc/passwd").is_err());
    }

    #[test]
    fn what_the_server_said_is_sent_back_to_it() {
        let node = Node::fresh();
        node.serve(|request| {
            let sent = |name: &str| request.headers.iter().any(|(known, _)| known == name);
            match sent("if-none-match") && sent("if-modified-since") {
                true => answer(304, &[]),
                false => answer(200, &[("etag", "W/\"x\""), ("last-modified", "then")]),
            }
        });
        let mut state = state("http://a/");
        assert!(fetch(&mut state).unwrap().is_some());
        assert!(fetch(&mut state).unwrap().is_none());
        assert_eq!(state.last_modified.as_deref(), Some("then"));
    }

    #[test]
    fn a_feed_that_is_too_large_is_refused() {
        let node = Node::fresh();
        node.serve(|_| {
            Ok(Response {
                status: 200,
                body: vec![b' '; MAX_BYTES + 1],
                ..Response::default()
            })
        });
        let error = fetch(&mut state("http://a/")).unwrap_err();
        assert!(error.message.contains("larger than"), "{error}");
    }
}
