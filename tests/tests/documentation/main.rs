//! What README and the book say is run: commands against a node, configuration and JSON read, code found
//! in sources that are tested, links followed.
//!
//! The first word after the fence is the block's class. `sh` is run, in the order of the page, beside a
//! running node; `toml` is loaded as a node's configuration; `json` is parsed; `rust`, `python`, `ts`, `c`
//! and `wit` stand in a source of the repository, `…` on a line of its own for what is left out; `text` is
//! for people. A path after the class names the source. What cannot be run here says why:
//! `sh,unrun: needs cosign`. `<!-- run: … -->` is a command of the test's own, such as an extension that the
//! page has as installed.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod links;
mod page;
mod run;
mod sources;

use page::{Block, Class};

/// So many blocks may be left unrun.
const MOST_UNRUN: usize = 12;

#[test]
fn blocks_that_are_not_run_say_why_and_are_few() {
    let pages = page::all();
    let blocks = pages.iter().flat_map(|page| &page.blocks);
    let unrun: Vec<&Block> = blocks.filter(|block| block.unrun.is_some()).collect();
    for block in &unrun {
        println!("not run: {}: {:?}", block.place, block.unrun);
    }
    println!("{} blocks are not run", unrun.len());
    assert!(unrun.len() <= MOST_UNRUN, "{} blocks", unrun.len());
}

#[test]
fn json_is_json() {
    for block in of_class(Class::Json) {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
        assert!(parsed.is_ok(), "{}: {parsed:?}", block.place);
    }
}

#[test]
fn configuration_is_what_a_node_takes() {
    let folder = tempfile::tempdir().unwrap();
    for block in of_class(Class::Toml) {
        let file = folder.path().join("koi-mcp.toml");
        std::fs::write(&file, &block.text).unwrap();
        let loaded = koi_mcp::Config::load(Some(&file), serde_json::json!({}));
        if let Err(error) = loaded {
            panic!("{}: {error:#}", block.place);
        }
    }
}

#[test]
fn code_stands_in_a_source_of_the_repository() {
    let sources = sources::Sources::read();
    for block in of_class(Class::Source) {
        sources.hold(&block);
    }
}

/// The blocks of a class that are to be tried.
fn of_class(class: Class) -> Vec<Block> {
    let blocks = page::all().into_iter().flat_map(|page| page.blocks);
    blocks
        .filter(|block| block.class == class && block.unrun.is_none())
        .collect()
}
