//! The job: fetches each feed whose time has come.

use std::collections::BTreeMap;

use koi_extension::keyvalue::Bucket;
use koi_extension::prelude::*;
use koi_extension::{log, no_job};
use serde::Serialize;

use crate::Feed;
use crate::document;
use crate::entry::FeedEntry;
use crate::fetch::fetch;
use crate::settings::{self, Subscription};
use crate::state::{State, now};

/// The name of the job.
pub const FETCH: &str = "fetch";

/// Most problems that are told of, and how many characters of each.
const MAX_PROBLEMS: usize = 10;
const MAX_PROBLEM: usize = 200;

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Report {
    /// Feeds that had something to say.
    fetched: usize,
    /// Feeds that were as before.
    unchanged: usize,
    /// Entries that were published and not known.
    new: usize,
    /// Entries that were published in place of others.
    updated: usize,
    /// Feeds that were asked in vain.
    failed: usize,
    /// Why, by feed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    problems: BTreeMap<String, String>,
}

impl Schedule for Feed {
    fn run_job(name: &str, run: &JobRun) -> Result<Json> {
        if name != FETCH {
            return Err(no_job(name));
        }
        let report = fetch_all(run.due.is_none())?;
        if report.failed > 0 && report.fetched + report.unchanged == 0 {
            let problems: Vec<String> = report
                .problems
                .iter()
                .map(|(feed, problem)| format!("{feed}: {problem}"))
                .collect();
            // Another try would not ask them: their time has to come again.
            return Err(Error::permanent(problems.join("; ")));
        }
        Json::of(&report)
    }
}

/// Fetches `all` feeds, or those whose time has come, the one that waited longest first: a run that is
/// cut off goes on with the others.
fn fetch_all(all: bool) -> Result<Report> {
    let bucket = Bucket::open("default")?;
    let now = now();
    let mut feeds = Vec::new();
    for feed in settings::subscriptions()? {
        let state = State::load(&bucket, &feed)?;
        if all || state.is_due(&feed, now) {
            feeds.push((state, feed));
        }
    }
    feeds.sort_by_key(|(state, _)| state.asked);
    let mut report = Report::default();
    for (mut state, feed) in feeds {
        state.asked = now;
        let before = state.clone();
        match fetch_one(&mut state, &feed, &mut report) {
            Ok(()) => state.save(&bucket, &feed)?,
            Err(error) => {
                log!(Warn, "the feed {} ({}): {error}", feed.name, feed.url);
                report.failed += 1;
                if report.problems.len() < MAX_PROBLEMS {
                    let problem = error.message.chars().take(MAX_PROBLEM).collect();
                    report.problems.insert(feed.name.clone(), problem);
                }
                // As before: what was not published is to be sent again.
                before.save(&bucket, &feed)?;
            }
        }
    }
    Ok(report)
}

fn fetch_one(state: &mut State, feed: &Subscription, report: &mut Report) -> Result<()> {
    let Some(response) = fetch(state)? else {
        report.unchanged += 1;
        return Ok(());
    };
    let entries = document::entries(&feed.name, &response.body)?;
    // The newest last, so that it is the newest here, too.
    for entry in entries.iter().rev() {
        publish(entry, report)?;
    }
    report.fetched += 1;
    Ok(())
}

/// Publishes an entry unless it is stored as it is.
fn publish(entry: &FeedEntry, report: &mut Report) -> Result<()> {
    let rid = entry.rid()?;
    let stored = knowledge::read(&rid)?;
    // What is stored in another form, of an earlier revision, is other than this.
    let is_stored = |bundle: &Bundle| {
        bundle
            .contents_as()
            .is_ok_and(|stored: FeedEntry| stored == *entry)
    };
    if stored.as_ref().is_some_and(is_stored) {
        return Ok(());
    }
    knowledge::publish(&rid, entry)?;
    match stored {
        Some(_) => report.updated += 1,
        None => report.new += 1,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use koi_extension::http::Response;
    use koi_extension::testing::Node;
    use serde_json::{Value, json};

    use super::*;

    fn rss(items: &[(&str, &str)]) -> String {
        let items: String = items
            .iter()
            .map(|(id, title)| format!("<item><guid>{id}</guid><title>{title}</title></item>"))
            .collect();
        format!("<rss><channel>{items}</channel></rss>")
    }

    fn served(status: u16, body: &str) -> Response {
        Response {
            status,
            headers: vec![("etag".into(), format!("\"{}\"", body.len()).into_bytes())],
            body: body.as_bytes().to_vec(),
        }
    }

    /// A node with two feeds, of which the test says what they serve; a feed that is not changed says so.
    fn node() -> (Node, Rc<RefCell<BTreeMap<String, String>>>) {
        let node = Node::fresh();
        let feeds = json!([
            { "name": "one", "url": "http://a/one" },
            { "name": "two", "url": "http://a/two", "minutes": 60 },
        ]);
        node.set_config("feeds", &feeds.to_string());
        let bodies: Rc<RefCell<BTreeMap<String, String>>> = Rc::default();
        let shared = bodies.clone();
        node.serve(move |request| {
            let path = request.url.rsplit('/').next().unwrap_or_default();
            let bodies = shared.borrow();
            let Some(body) = bodies.get(path) else {
                return Ok(served(503, ""));
            };
            let answer = served(200, body);
            let known = request
                .headers
                .iter()
                .find(|(name, _)| name == "if-none-match");
            let is_known = known.is_some_and(|(_, etag)| *etag == answer.headers[0].1);
            Ok(if is_known { served(304, "") } else { answer })
        });
        (node, bodies)
    }

    fn run(due: Option<&str>) -> Result<Value> {
        let run = JobRun {
            due: due.map(str::to_owned),
            ..JobRun::asked()
        };
        <Feed as Schedule>::run_job(FETCH, &run)?.to()
    }

    fn serve(bodies: &RefCell<BTreeMap<String, String>>, feed: &str, items: &[(&str, &str)]) {
        bodies.borrow_mut().insert(feed.to_owned(), rss(items));
    }

    #[test]
    fn entries_are_published_when_they_are_new_or_changed() {
        let (node, bodies) = node();
        serve(&bodies, "one", &[("1", "first"), ("2", "second")]);
        serve(&bodies, "two", &[("1", "other")]);
        let report = run(None).unwrap();
        assert_eq!(
            report,
            json!({"fetched": 2, "unchanged": 0, "new": 3, "updated": 0, "failed": 0})
        );
        let rid = Rid::parse("orn:feed.entry:one/2").unwrap();
        assert!(node.stored(&rid).unwrap().as_str().contains("second"));
        // Nothing is other than before.
        let report = run(None).unwrap();
        assert_eq!(
            report,
            json!({"fetched": 0, "unchanged": 2, "new": 0, "updated": 0, "failed": 0})
        );
        serve(
            &bodies,
            "one",
            &[("3", "third"), ("1", "first"), ("2", "changed")],
        );
        let report = run(None).unwrap();
        assert_eq!(
            report,
            json!({"fetched": 1, "unchanged": 1, "new": 1, "updated": 1, "failed": 0})
        );
    }

    #[test]
    fn a_broken_feed_stops_no_other_and_is_told_of() {
        let (node, bodies) = node();
        bodies
            .borrow_mut()
            .insert("one".to_owned(), "<html>".to_owned());
        serve(&bodies, "two", &[("1", "other")]);
        let report = run(None).unwrap();
        assert_eq!((&report["new"], &report["failed"]), (&json!(1), &json!(1)));
        assert!(
            report["problems"]["one"]
                .as_str()
                .unwrap()
                .contains("no XML")
        );
        assert!(
            node.log()[0].contains("the feed one (http://a/one)"),
            "{:?}",
            node.log()
        );
        // What was broken is read as soon as it is whole, though its server said the same of it.
        serve(&bodies, "one", &[("1", "whole")]);
        assert_eq!(run(None).unwrap()["new"], 1);
        bodies.borrow_mut().clear();
        let error = run(None).unwrap_err();
        assert!(
            error.message.contains("one: the answer was the status 503"),
            "{error}"
        );
    }

    #[test]
    fn a_feed_is_fetched_when_its_time_has_come_or_somebody_asks() {
        let (_node, bodies) = node();
        serve(&bodies, "one", &[]);
        serve(&bodies, "two", &[]);
        let due = Some("2026-01-01T00:00:00.000000Z");
        assert_eq!(run(due).unwrap()["fetched"], 2);
        assert_eq!(run(due).unwrap()["unchanged"], 0);
        assert_eq!(run(None).unwrap()["unchanged"], 2);
        let feed = |minutes| Subscription {
            name: "one".to_owned(),
            url: "http://a/one".to_owned(),
            minutes,
        };
        let state = State {
            asked: 1_000_000,
            ..State::default()
        };
        assert!(state.is_due(&feed(15), 1_000_000 + 15 * 60));
        assert!(!state.is_due(&feed(60), 1_000_000 + 15 * 60));
        // A clock that was ahead holds nothing up.
        assert!(state.is_due(&feed(60), 1000));
    }

    #[test]
    fn without_feeds_there_is_nothing_to_do() {
        Node::fresh();
        assert_eq!(run(None).unwrap()["fetched"], 0);
        assert!(<Feed as Schedule>::run_job("other", &JobRun::asked()).is_err());
    }
}
