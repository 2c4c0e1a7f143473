//! The sources of the repository that are compiled and tested, in which a page's code has to stand.

use std::path::{Path, PathBuf};

use koi_tests::repository;

use crate::page::Block;

/// Where the code of pages comes from.
const FOLDERS: [&str; 5] = ["examples", "guest-extensions", "sdk", "tests/guests", "wit"];

/// Folders that tools fill.
const FOREIGN: [&str; 5] = ["target", "node_modules", "build", "dist", ".venv"];

/// Files by path, as lines without spaces around them and without empty ones.
pub struct Sources(Vec<(PathBuf, Vec<String>)>);

impl Sources {
    pub fn read() -> Self {
        let mut sources = Self(Vec::new());
        for folder in FOLDERS {
            sources.add(&repository().join(folder));
        }
        sources
    }

    fn add(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !FOREIGN.contains(&&*name) {
                    self.add(&path);
                }
            } else if !name.ends_with(".md")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                self.0.push((path, lines(&text)));
            }
        }
    }

    /// Each part of a block, between what it leaves out, stands in one source.
    ///
    /// # Panics
    /// If there is none.
    pub fn hold(&self, block: &Block) {
        let (place, named) = (&block.place, &block.source);
        let parts: Vec<Vec<String>> = lines(&block.text)
            .split(|line| line == "…")
            .map(<[String]>::to_vec)
            .filter(|part| !part.is_empty())
            .collect();
        let holds = |(path, source): &&(PathBuf, Vec<String>)| {
            let is_named = named.as_ref().is_none_or(|named| path.ends_with(named));
            is_named && parts.iter().all(|part| contains(source, part))
        };
        assert!(
            self.0.iter().any(|source| holds(&source)),
            "{place}: this stands in no source{}: {}",
            named
                .as_ref()
                .map_or(String::new(), |named| format!(" {named}")),
            block.text
        );
    }
}

fn contains(source: &[String], part: &[String]) -> bool {
    source.windows(part.len()).any(|lines| lines == part)
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
