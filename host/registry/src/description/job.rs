//! Jobs: their names, and when they are due. Values and arithmetic; whoever waits for them is elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use koi_rid::Timestamp;
use serde::Deserialize;

use super::MAX_JOBS;
use super::parse::{at_most, check_text};
use crate::text::shortened;

/// Longest interval, and longest jitter: a year and a day.
const MAX_SECONDS: u64 = 366 * 24 * 3600;
/// Longest cron expression, in bytes.
const MAX_CRON_BYTES: usize = 256;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// A job that an extension does without being called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDescription {
    /// Its name, which no other job of the extension has.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// What it does, for people.
    pub description: Option<String>,
    /// When it is due.
    pub when: When,
    /// Each run begins so much later at the most, at random, so that many nodes with the same job don't
    /// all begin at once.
    pub jitter: Duration,
    /// What becomes of runs for which the node or the extension was not there.
    pub missed: Missed,
}

/// When a job is due.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few, and each stays where it is"
)]
pub enum When {
    /// First as soon as the job is there, then whenever so many seconds have gone by.
    Every(Duration),
    /// Whenever the time is one that a cron expression names, in UTC.
    Cron(Cron),
}

/// What becomes of missed runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missed {
    /// Nothing: the next run comes when it is due.
    Skip,
    /// All of them are made up for by one run, at once.
    #[default]
    Once,
}

impl When {
    /// The first time that a job is due after it was due at `last`; of one that was never due, the first
    /// of all, not before `now`. None if it is never due again.
    pub fn next(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match (self, last) {
            (Self::Every(_), None) => Some(now),
            (Self::Every(every), Some(last)) => {
                let every = i64::try_from(every.as_micros()).ok()?;
                Some(Timestamp::from_micros(
                    last.to_micros().saturating_add(every),
                ))
            }
            (Self::Cron(cron), last) => cron.after(last.unwrap_or(now)),
        }
    }

    /// The latest due time that is not after `now`, and how many there are from `first` up to it, if
    /// `first`, which is a due time, is not after `now` itself.
    pub fn up_to(&self, first: Timestamp, now: Timestamp) -> (Timestamp, u32) {
        match self {
            Self::Every(every) => {
                let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
                let gone = now.to_micros().saturating_sub(first.to_micros()).max(0) / every;
                let latest = Timestamp::from_micros(first.to_micros() + gone * every);
                (latest, u32::try_from(gone + 1).unwrap_or(u32::MAX))
            }
            Self::Cron(cron) => {
                let (mut latest, mut count) = (first, 1);
                while let Some(next) = cron.after(latest).filter(|next| *next <= now) {
                    latest = next;
                    count += 1;
                    // What is counted further is told by nobody.
                    if count == MOST_COUNTED {
                        return (cron.before(now).unwrap_or(latest), count);
                    }
                }
                (latest, count)
            }
        }
    }
}

/// Due times of a cron expression are counted so far.
const MOST_COUNTED: u32 = 1000;

/// A cron expression of five fields: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    parsed: croner::Cron,
    text: String,
}

impl Cron {
    /// # Errors
    /// If it is none, or names a time that never comes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{}` {why}", shortened(text));
        if text.len() > MAX_CRON_BYTES || text.split_whitespace().count() != 5 {
            let form = "is no cron expression of five fields (minute, hour, day, month, weekday)";
            return Err(wrong(form));
        }
        let parsed: croner::Cron = text
            .parse()
            .map_err(|error| wrong(&format!("is no cron expression: {error}")))?;
        let cron = Self {
            parsed,
            text: text.to_owned(),
        };
        match cron.after(Timestamp::from_micros(0)) {
            Some(_) => Ok(cron),
            None => Err(wrong("names a time that never comes")),
        }
    }

    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let next = self.parsed.find_next_occurrence(&date(time)?, false).ok()?;
        Some(Timestamp::from_micros(next.timestamp_micros()))
    }

    fn before(&self, time: Timestamp) -> Option<Timestamp> {
        let date = date(time)?;
        let last = self.parsed.find_previous_occurrence(&date, true).ok()?;
        Some(Timestamp::from_micros(last.timestamp_micros()))
    }
}

/// In whole seconds: an expression names no parts of them.
fn date(time: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.to_micros().div_euclid(SECOND), 0)
}

#[derive(Deserialize)]
pub(super) struct RawJob {
    name: String,
    title: Option<String>,
    description: Option<String>,
    every: Option<u64>,
    cron: Option<String>,
    #[serde(default)]
    jitter: u64,
    missed: Option<String>,
}

pub(super) fn jobs(raw: Vec<RawJob>) -> Result<Vec<JobDescription>, String> {
    at_most("jobs", raw.len(), MAX_JOBS)?;
    let mut seen = BTreeSet::new();
    for job in &raw {
        if !seen.insert(job.name.as_str()) {
            return Err(format!(
                "`jobs`: `{}` stands there twice",
                shortened(&job.name)
            ));
        }
    }
    raw.into_iter().map(job).collect()
}

fn job(raw: RawJob) -> Result<JobDescription, String> {
    let name = raw.name;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(fits) {
        return Err(format!(
            "`jobs`: `{}` is no name for a job: 1 to 64 letters, digits, `_` and `-`",
            shortened(&name)
        ));
    }
    let of = |problem: String| format!("`jobs`: `{name}`: {problem}");
    for text in [&raw.title, &raw.description].into_iter().flatten() {
        check_text("jobs", text)?;
    }
    let when = match (raw.every, &raw.cron) {
        (Some(seconds), None) if (1..=MAX_SECONDS).contains(&seconds) => {
            When::Every(Duration::from_secs(seconds))
        }
        (Some(seconds), None) => {
            return Err(of(format!(
                "`every` is {seconds} seconds; it can be 1 to {MAX_SECONDS}"
            )));
        }
        (None, Some(cron)) => When::Cron(Cron::parse(cron).map_err(of)?),
        _ => return Err(of("it needs one of `every` and `cron`".to_owned())),
    };
    if raw.jitter > MAX_SECONDS {
        return Err(of(format!("`jitter` is longer than {MAX_SECONDS} seconds")));
    }
    let missed = match raw.missed.as_deref() {
        None => Missed::default(),
        Some("skip") => Missed::Skip,
        Some("once") => Missed::Once,
        Some(other) => {
            let other = shortened(other);
            return Err(of(format!(
                "`missed`: `{other}` is neither `skip` nor `once`"
            )));
        }
    };
    Ok(JobDescription {
        title: raw.title,
        description: raw.description,
        when,
        jitter: Duration::from_secs(raw.jitter),
        missed,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn read(job: &str) -> Result<JobDescription, String> {
        let raw = serde_json::from_str(&format!("[{job}]")).map_err(|error| error.to_string())?;
        jobs(raw).map(|mut jobs| jobs.remove(0))
    }

    #[test]
    fn a_job_has_an_interval_or_a_cron_expression() {
        let job = read(r#"{"name": "a", "every": 60, "jitter": 5, "missed": "skip"}"#).unwrap();
        assert_eq!(job.when, When::Every(Duration::from_secs(60)));
        assert_eq!((job.jitter.as_secs(), job.missed), (5, Missed::Skip));
        let job = read(r#"{"name": "a", "cron": "*/15 3 * * MON"}"#).unwrap();
        assert!(matches!(job.when, When::Cron(cron) if cron.as_str() == "*/15 3 * * MON"));
        assert_eq!(job.missed, Missed::Once);
    }

    #[test]
    fn what_is_no_job_is_refused() {
        let long = format!(r#"{{"name": "a", "cron": "{} * * * *"}}"#, "1,".repeat(200));
        let cases = [
            (r#"{"name": "a b", "every": 1}"#, "no name for a job"),
            (r#"{"name": "a"}"#, "one of `every` and `cron`"),
            (
                r#"{"name": "a", "every": 1, "cron": "* * * * *"}"#,
                "one of",
            ),
            (r#"{"name": "a", "every": 0}"#, "it can be 1 to"),
            (r#"{"name": "a", "every": 99999999}"#, "it can be 1 to"),
            (r#"{"name": "a", "cron": "* * * * * *"}"#, "five fields"),
            (r#"{"name": "a", "cron": "@daily"}"#, "five fields"),
            (
                r#"{"name": "a", "cron": "61 * * * *"}"#,
                "no cron expression",
            ),
            (r#"{"name": "a", "cron": "0 0 31 2 *"}"#, "never comes"),
            (long.as_str(), "five fields"),
            (
                r#"{"name": "a", "every": 1, "jitter": 99999999}"#,
                "`jitter`",
            ),
            (r#"{"name": "a", "every": 1, "missed": "twice"}"#, "`twice`"),
            (
                r#"{"name": "a", "every": 1}, {"name": "a", "every": 2}"#,
                "twice",
            ),
        ];
        for (job, part) in cases {
            let told = read(job).unwrap_err();
            assert!(told.contains(part), "{job}: {told}");
        }
    }

    #[test]
    fn an_interval_begins_now_and_goes_on_from_the_last_time() {
        let every = When::Every(Duration::from_secs(60));
        let now = at("2026-01-01T00:00:30.000000Z");
        assert_eq!(every.next(None, now), Some(now));
        let next = every
            .next(Some(now), at("2026-01-01T09:00:00.000000Z"))
            .unwrap();
        assert_eq!(next, at("2026-01-01T00:01:30.000000Z"));
        let late = at("2026-01-01T00:04:29.000000Z");
        assert_eq!(
            every.up_to(next, late),
            (at("2026-01-01T00:03:30.000000Z"), 3)
        );
        assert_eq!(every.up_to(next, next), (next, 1));
    }

    #[test]
    fn a_cron_expression_is_taken_in_utc_and_its_times_are_counted() {
        let cron = When::Cron(Cron::parse("30 2 * * *").unwrap());
        let now = at("2026-02-27T02:30:00.500000Z");
        let next = cron.next(None, now).unwrap();
        assert_eq!(next, at("2026-02-28T02:30:00.000000Z"));
        assert_eq!(
            cron.next(Some(next), now),
            Some(at("2026-03-01T02:30:00.000000Z"))
        );
        let (latest, count) = cron.up_to(next, at("2026-03-03T02:30:00.000000Z"));
        assert_eq!((latest, count), (at("2026-03-03T02:30:00.000000Z"), 4));
        let minutely = When::Cron(Cron::parse("* * * * *").unwrap());
        let (latest, count) = minutely.up_to(next, at("2027-01-01T00:00:07.000000Z"));
        assert_eq!(
            (latest, count),
            (at("2027-01-01T00:00:00.000000Z"), MOST_COUNTED)
        );
    }
}
