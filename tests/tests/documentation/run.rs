//! Commands of a page, run in their order in a folder of their own, in which a node runs that has the
//! extensions and files which the pages speak of.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use koi_tests::{Guest, Node, NodeBuilder, extension, program, repository};

use crate::page::{self, Class, Page};

/// Where a node listens that is told nothing else.
const USUAL_MCP: &str = "127.0.0.1:9000";

fn commands(page: &Page) -> impl Iterator<Item = &page::Block> {
    let blocks = page.blocks.iter();
    blocks.filter(|block| block.class == Class::Shell && block.unrun.is_none())
}

/// A component of that name and version, as the pages' reader has it.
fn component(folder: &Path, file: &str, name: &str, version: &str) {
    let mut guest = Guest::named(name);
    guest.description = format!(r#"{{"name":"{name}","version":"{version}"}}"#);
    std::fs::write(folder.join(file), guest.bytes()).unwrap();
}

/// What a reader has before the first command: the repository, built, and components of their own.
fn furnish(folder: &Path) {
    let root = repository();
    symlink(root.join("examples"), folder.join("examples")).unwrap();
    std::fs::create_dir_all(folder.join("target/release")).unwrap();
    let built = extension("first-extension");
    let built = built.parent().expect("a folder of components");
    symlink(built, folder.join("target/extensions")).unwrap();
    std::fs::create_dir(folder.join("bin")).unwrap();
    for name in ["bin/koi", "bin/koi-mcp", "target/release/koi-mcp"] {
        symlink(program("koi-mcp"), folder.join(name)).unwrap();
    }
    component(folder, "my.wasm", "my-extension", "1.0.0");
    component(folder, "next.wasm", "my-extension", "1.1.0");
    component(folder, "crm.wasm", "crm", "1.0.0");
    component(folder, "weather.wasm", "weather", "1.0.0");
}

fn node(folder: &Path) -> Node {
    let node = NodeBuilder::new("node", &folder.join(".koi")).start();
    for name in ["agent-personality", "data-catalog"] {
        node.install(name);
    }
    node
}

fn run(page: &Page) {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let node = node(folder.path());
    let mcp = node.mcp_url.trim_start_matches("http://");
    let mcp = mcp.trim_end_matches("/mcp");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.path().join("bin").display());
    for block in commands(page) {
        let output = Command::new("bash")
            .args([
                "-euo",
                "pipefail",
                "-c",
                &block.text.replace(USUAL_MCP, mcp),
            ])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("WEATHER_KEY", "sunny-all-day")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}\n{}{}",
            block.place,
            block.text,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(node.process.terminate(), Some(0));
}

#[test]
fn commands_do_what_the_page_says() {
    let pages = page::all();
    let pages = pages.iter().filter(|page| commands(page).next().is_some());
    for page in pages {
        run(page);
    }
}
