//! The reference rules of the 28 built-in types. Any other type takes any reference as it is.

use std::borrow::Cow;

use super::{RidError, canonical, url};

/// Longest number in a reference, in digits. Python refuses longer ones.
const MAX_DIGITS: usize = 4300;

pub(super) enum Refusal {
    /// What the reference has to be.
    Expected(&'static str),
    /// The RID that is wrapped in the reference was refused.
    Inner(RidError),
}

/// The canonical spelling of a non-empty reference, borrowed where it is the one given.
pub(super) fn canonical_reference<'a>(
    rid_type: &str,
    reference: &'a str,
) -> Result<Cow<'a, str>, Refusal> {
    let same = Ok(Cow::Borrowed(reference));
    match rid_type {
        "http" | "https" => url::canonical(reference).map_err(Refusal::Expected),
        "orn:koi-net.node" => parts(reference, '+', 2, "<name>+<hash>"),
        "orn:slack.channel" => parts(reference, '/', 2, "<team_id>/<channel_id>"),
        "orn:slack.user" => parts(reference, '/', 2, "<team_id>/<user_id>"),
        "orn:slack.usergroup" => parts(reference, '/', 2, "<team_id>/<subteam_id>"),
        "orn:slack.message" => parts(reference, '/', 3, "<team_id>/<channel_id>/<ts>"),
        "orn:discord.message" => parts(reference, '/', 2, "<channel_id>/<message_id>"),
        "orn:google_drive.export" => parts(reference, '/', 3, "<type>/<subtype>/<file_id>"),
        "orn:hackmd.note" => hackmd_note(reference),
        "orn:github.repo" => match repository(reference) {
            true => same,
            false => Err(Refusal::Expected("<owner>/<repo>")),
        },
        "orn:github.commit" => match reference.split_once(':') {
            Some((repo, sha)) if repository(repo) && !sha.is_empty() => same,
            _ => Err(Refusal::Expected("<owner>/<repo>:<sha>")),
        },
        "orn:github.event" => match reference.split_once(':') {
            Some((repo, id)) if repository(repo) && !id.is_empty() => same,
            _ => Err(Refusal::Expected("<owner>/<repo>:<event_id>")),
        },
        "orn:github.issue" | "orn:github.pr" => {
            github_number(reference).ok_or(Refusal::Expected("<owner>/<repo>:<number>"))
        }
        "orn:normalized.text" | "orn:vector" => canonical(reference).map_err(Refusal::Inner),
        // The built-in types without rules, and all that are not built in.
        _ => same,
    }
}

fn parts<'a>(
    reference: &'a str,
    separator: char,
    count: usize,
    expected: &'static str,
) -> Result<Cow<'a, str>, Refusal> {
    match reference.split(separator).count() == count {
        true => Ok(Cow::Borrowed(reference)),
        false => Err(Refusal::Expected(expected)),
    }
}

fn repository(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(owner, repo)| !owner.is_empty() && !repo.is_empty())
}

/// `[<workspace_id>/]<note_id>`; an empty workspace is dropped.
fn hackmd_note(reference: &str) -> Result<Cow<'_, str>, Refusal> {
    match reference.strip_prefix('/') {
        None => Ok(Cow::Borrowed(reference)),
        Some(note) if !note.is_empty() && !note.starts_with('/') => Ok(Cow::Borrowed(note)),
        Some(_) => Err(Refusal::Expected("[<workspace_id>/]<note_id>")),
    }
}

/// `<owner>/<repo>:<number>`, the number as Python's `int()` reads it, ASCII digits only.
fn github_number(reference: &str) -> Option<Cow<'_, str>> {
    let (repo, number) = reference.split_once(':')?;
    if !repository(repo) {
        return None;
    }
    let trimmed = number.trim();
    let negative = trimmed.starts_with('-');
    let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    let valid = digits
        .split('_')
        .all(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit()));
    if !valid || digits.len() > MAX_DIGITS {
        return None;
    }
    let digits = digits.replace('_', "");
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    };
    let sign = if negative && digits != "0" { "-" } else { "" };
    let canonical = format!("{sign}{digits}");
    Some(if canonical == number {
        Cow::Borrowed(reference)
    } else {
        Cow::Owned(format!("{repo}:{canonical}"))
    })
}
