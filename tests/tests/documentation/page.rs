//! The pages, and what is in them.

use std::path::{Path, PathBuf};

use koi_tests::repository;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// How a block is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Run.
    Shell,
    /// Loaded as a node's configuration.
    Toml,
    /// Parsed.
    Json,
    /// Looked for among the sources.
    Source,
    /// For people.
    Text,
}

/// A block of code.
#[derive(Debug, Clone)]
pub struct Block {
    pub class: Class,
    /// The source that it names.
    pub source: Option<String>,
    /// Why it is not run.
    pub unrun: Option<String>,
    pub text: String,
    /// Page and first line.
    pub place: String,
}

/// A page of Markdown.
pub struct Page {
    pub path: PathBuf,
    pub blocks: Vec<Block>,
    /// Destinations, as they stand there.
    pub links: Vec<String>,
    /// Headings as links name them.
    pub anchors: Vec<String>,
}

/// README, the map, the rules of the contract and the book.
pub fn all() -> Vec<Page> {
    let root = repository();
    let mut paths: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "wit/VERSIONING.md"]
        .map(|path| root.join(path))
        .to_vec();
    paths.extend(book(&root.join("docs/src")));
    paths.iter().map(|path| Page::read(path)).collect()
}

/// The files of the book.
pub fn book(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(book(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut page = Self {
            path: path.to_owned(),
            blocks: Vec::new(),
            links: Vec::new(),
            anchors: Vec::new(),
        };
        let (mut block, mut heading): (Option<Block>, Option<String>) = (None, None);
        for (event, range) in Parser::new(&text).into_offset_iter() {
            let line = 1 + text[..range.start].matches('\n').count();
            let place = format!("{}:{line}", path.display());
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    block = Some(Block::new(&info, place));
                }
                // Of the map, indented blocks are drawings.
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                    assert!(
                        path.ends_with("ARCHITECTURE.md"),
                        "{place}: an unfenced block"
                    );
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Html(html) | Event::InlineHtml(html) => {
                    let command = html
                        .trim()
                        .strip_prefix("<!-- run: ")
                        .and_then(|rest| rest.strip_suffix(" -->"));
                    page.blocks.extend(command.map(|command| Block {
                        text: command.to_owned(),
                        ..Block::new("sh", place)
                    }));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors
                        .extend(heading.take().map(|text| anchor(&text)));
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Text(said) | Event::Code(said) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&said);
                    } else if let Some(heading) = &mut heading {
                        heading.push_str(&said);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

impl Block {
    fn new(info: &str, place: String) -> Self {
        let (language, rest) = info.split_once(',').unwrap_or((info, ""));
        let unrun = rest.strip_prefix("unrun: ").map(str::to_owned);
        let source = Some(rest)
            .filter(|rest| !rest.is_empty() && unrun.is_none())
            .map(str::to_owned);
        let class = match language {
            _ if source.is_some() => Class::Source,
            "sh" => Class::Shell,
            "toml" => Class::Toml,
            "json" => Class::Json,
            "rust" | "python" | "ts" | "c" | "wit" => Class::Source,
            "text" => Class::Text,
            other => panic!("{place}: `{other}` is no class of blocks"),
        };
        Self {
            class,
            source,
            unrun,
            text: String::new(),
            place,
        }
    }
}

/// A heading as GitHub and mdBook make a link's end of it.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
