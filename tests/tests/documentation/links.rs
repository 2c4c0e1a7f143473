//! Links lead somewhere, and the book has all its pages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use koi_tests::repository;

use crate::page::{self, Page};

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let pages = page::all();
    let anchors: BTreeMap<PathBuf, &[String]> = pages
        .iter()
        .map(|page| (page.path.canonicalize().unwrap(), page.anchors.as_slice()))
        .collect();
    for page in &pages {
        for link in &page.links {
            if let Err(reason) = follow(page, link, &anchors) {
                panic!("{}: the link `{link}` {reason}", page.path.display());
            }
        }
    }
}

fn follow(
    page: &Page,
    link: &str,
    anchors: &BTreeMap<PathBuf, &[String]>,
) -> Result<(), &'static str> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return Ok(());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = page.path.parent().unwrap_or(Path::new("."));
    let target = match path {
        "" => page.path.clone(),
        path => folder.join(path),
    };
    let target = target.canonicalize().map_err(|_| "leads to no file")?;
    if !target.starts_with(repository().canonicalize().unwrap()) {
        return Err("leads out of the repository");
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let there = anchors.get(&target).ok_or("leads into what is no page")?;
    match there.iter().any(|heading| heading == anchor) {
        true => Ok(()),
        false => Err("leads to no heading"),
    }
}

#[test]
fn each_page_of_the_book_stands_in_its_summary() {
    let folder = repository().join("docs/src");
    let summary = page::all()
        .into_iter()
        .find(|page| page.path.ends_with("docs/src/SUMMARY.md"))
        .expect("a summary");
    let listed: Vec<PathBuf> = summary.links.iter().map(|link| folder.join(link)).collect();
    for path in page::book(&folder) {
        let is_summary = path == summary.path;
        assert!(is_summary || listed.contains(&path), "{}", path.display());
    }
}
