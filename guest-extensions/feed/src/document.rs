//! Feeds as documents: RSS 2.0, RSS 1.0 and Atom to entries. Input from outside, bounded here.

use std::borrow::Cow;
use std::collections::BTreeSet;

use koi_extension::{Error, Result};
use roxmltree::{Document, Node, ParsingOptions};

use crate::date;
use crate::entry::FeedEntry;

/// Most entries of a feed that are read: the first, which are the newest.
const MAX_ENTRIES: usize = 100;
/// Most elements, texts and attributes of a document.
const MAX_NODES: u32 = 200_000;
/// Most categories of an entry.
const MAX_CATEGORIES: usize = 32;

const RSS1: &str = "http://purl.org/rss/1.0/";
const ATOM: &str = "http://www.w3.org/2005/Atom";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";

/// The entries of a document, each once, in its order.
///
/// # Errors
/// `permanent` if it is no feed.
pub fn entries(feed: &str, bytes: &[u8]) -> Result<Vec<FeedEntry>> {
    let text = text(bytes);
    let options = ParsingOptions {
        // Some declare entities; those that blow up are refused by the parser.
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text.trim_start(), options)
        .map_err(|error| Error::permanent(format!("it is no XML: {error}")))?;
    let root = document.root_element();
    let (from, kind): (_, fn(&str, Node) -> Option<FeedEntry>) = match root.tag_name().name() {
        "rss" => (child(root, &[None], "channel").unwrap_or(root), item),
        "RDF" => (root, item),
        "feed" => (root, atom),
        other => {
            let other: String = other.chars().take(50).collect();
            return Err(Error::permanent(format!(
                "it is neither RSS nor Atom but `{other}`"
            )));
        }
    };
    let mut seen = BTreeSet::new();
    let listed = from
        .children()
        .filter(|node| matches!(node.tag_name().name(), "item" | "entry"))
        .take(MAX_ENTRIES);
    Ok(listed
        .filter_map(|node| kind(feed, node))
        .filter(|entry| seen.insert(entry.id.clone()))
        .collect())
}

/// UTF-8, else one byte a character: what is in neither is rare, and only its letters suffer.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// An item of RSS; none if nothing tells it from others.
fn item(feed: &str, node: Node) -> Option<FeedEntry> {
    const OWN: &[Option<&str>] = &[None, Some(RSS1)];
    const DC: &[Option<&str>] = &[Some(DUBLIN_CORE)];
    let said = |names: &[Option<&str>], name, most| told(child(node, names, name)?, most);
    let link = said(OWN, "link", 2048);
    let about = node
        .attributes()
        .find(|attribute| attribute.name() == "about");
    let id = said(OWN, "guid", 1024)
        .or_else(|| cut(about?.value(), 1024))
        .or_else(|| link.clone().map(|link| shortened(link, 1024)));
    let title = said(OWN, "title", 512);
    let published = said(OWN, "pubDate", 128).or_else(|| said(DC, "date", 128));
    let categories = node
        .children()
        .filter(|child| matches!(child.tag_name().name(), "category" | "subject"))
        .filter_map(|category| told(category, 128));
    Some(FeedEntry {
        feed: feed.to_owned(),
        id: id.or_else(|| title.clone())?,
        title: title.unwrap_or_default(),
        author: said(DC, "creator", 256).or_else(|| said(OWN, "author", 256)),
        published: published.and_then(|text| date::normal(&text)),
        updated: None,
        summary: said(OWN, "description", 8192).or_else(|| said(&[Some(CONTENT)], "encoded", 8192)),
        categories: categories.take(MAX_CATEGORIES).collect(),
        link,
    })
}

/// An entry of Atom; none if it has no id.
fn atom(feed: &str, node: Node) -> Option<FeedEntry> {
    const OWN: &[Option<&str>] = &[Some(ATOM), None];
    let said = |name, most| told(child(node, OWN, name)?, most);
    let time = |name| date::normal(&said(name, 128)?);
    let links = || {
        node.children()
            .filter(|child| child.has_tag_name_of("link"))
    };
    let alternate = |link: &Node| link.attribute("rel").is_none_or(|rel| rel == "alternate");
    let link = links().find(alternate).or_else(|| links().next());
    let author = child(node, OWN, "author").and_then(|author| child(author, OWN, "name"));
    let categories = node
        .children()
        .filter(|child| child.has_tag_name_of("category"))
        .filter_map(|category| cut(category.attribute("term")?, 128));
    Some(FeedEntry {
        feed: feed.to_owned(),
        id: said("id", 1024)?,
        title: said("title", 512).unwrap_or_default(),
        link: link.and_then(|link| cut(link.attribute("href")?, 2048)),
        author: author.and_then(|author| told(author, 256)),
        published: time("published"),
        updated: time("updated"),
        summary: said("summary", 8192).or_else(|| said("content", 8192)),
        categories: categories.take(MAX_CATEGORIES).collect(),
    })
}

trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}

/// The first child of a name in one of the namespaces.
fn child<'a, 'b>(
    node: Node<'a, 'b>,
    namespaces: &[Option<&str>],
    name: &str,
) -> Option<Node<'a, 'b>> {
    let fits = |child: &Node| {
        let tag = child.tag_name();
        tag.name() == name && namespaces.contains(&tag.namespace())
    };
    node.children().find(fits)
}

/// All the text in an element.
fn told(node: Node, most: usize) -> Option<String> {
    let texts = node.descendants().filter(Node::is_text);
    let text: String = texts.filter_map(|text| text.text()).collect();
    cut(&text, most)
}

/// A text without the space around it, at most so many characters; none if nothing is left.
fn cut(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(most).collect())
}

fn shortened(text: String, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
