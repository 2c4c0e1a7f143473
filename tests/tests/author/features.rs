//! What an extension has of the node beyond what the glossaries use, in each language but Rust: settings, secrets,
//! neighbours, completions, randomness, and state that outlives a swap. What it does stands in
//! `tests/guests/features`.

// Each test has a runtime of its own, in which nothing else waits.
#![allow(clippy::await_holding_lock)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use koi_tests::{McpClient, Mode, Node, NodeBuilder, Transport, eventually, repository};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{json as printed, koi_mcp, new, succeeded, tools};

/// What the extension calls itself.
const NAME: &str = "features";

const SECRET: &str = "a-secret-of-the-operator";

#[tokio::test]
async fn an_extension_in_typescript_has_what_the_node_offers() {
    let _time = crate::beside_others();
    let mut installed = Installed::new("typescript", "extension.ts", "src/index.ts").await;
    installed.has_what_was_granted();
    installed.goes_on_counting_in_another_component();
    installed.is_random_in_each_instance();
}

#[tokio::test]
async fn an_extension_in_python_has_what_the_node_offers() {
    let _time = crate::beside_others();
    let mut installed = Installed::new("python", "extension.py", "app.py").await;
    installed.has_what_was_granted();
    // Another component would be compiled again, which takes longer than all else together.
    installed.goes_on_counting_with_another_setting();
    installed.is_random_in_each_instance();
}

#[tokio::test]
async fn an_extension_in_c_has_what_the_node_offers() {
    let _time = crate::beside_others();
    let mut installed = Installed::new("c", "extension.c", "src/features.c").await;
    installed.has_what_was_granted();
    installed.goes_on_counting_in_another_component();
}

/// The extension in a node that has a neighbour.
struct Installed {
    client: McpClient,
    node: Node,
    neighbour: Node,
    component: PathBuf,
    _folder: TempDir,
}

impl Installed {
    /// Builds it of one of the sources in `tests/guests/features`, which goes to where the project has its own, and
    /// installs it.
    async fn new(language: &str, source: &str, place: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let component = built(folder.path(), language, source, place);
        let neighbour = NodeBuilder::new("neighbour", &folder.path().join("neighbour"));
        let neighbour = neighbour.args(["--role", "coordinator"]).start();
        let first = ["--first-contact", &neighbour.koi_url];
        let node = NodeBuilder::new("node", &folder.path().join("node"))
            .args(first)
            .args(["--first-contact-rid", &neighbour.rid])
            .start();
        set_secret(&node);
        let installed = Self {
            client: McpClient::connect(&node, (Mode::Modern, Transport::Http)),
            node,
            neighbour,
            component,
            _folder: folder,
        };
        installed.install(&["--grant-asked", "--set", "greeting=Hello"]);
        // Where it may go to, nobody but the operator says.
        installed.change("grant", "secret=KEY@api.example.com");
        eventually("an edge from the node and one to it", async || {
            let edges = installed.node.json(&["network", "edges"]);
            let approved = |edge: &Value| edge["status"] == "APPROVED";
            let edges = edges.as_array().unwrap();
            (edges.len() == 2 && edges.iter().all(approved)).then_some(())
        })
        .await;
        installed
    }

    fn install(&self, more: &[&str]) -> Value {
        let file = self.component.to_string_lossy();
        self.node
            .json(&[&["extension", "install", &file], more].concat())
    }

    fn change(&self, how: &str, grant: &str) {
        self.node.json(&["extension", how, NAME, grant]);
    }

    fn call(&mut self, tool: &str) -> Value {
        self.client.call(tool, &json!({}))
    }

    fn has_what_was_granted(&mut self) {
        assert_eq!(self.call("greet"), json!({"greeting": "Hello"}));

        let secret = self.call("secret");
        let placeholder = secret["placeholder"].as_str().unwrap();
        let stands_for_it = placeholder.strip_prefix("koi-secret-");
        let has_no_meaning = |rest: &str| rest.chars().all(|c| c.is_ascii_hexdigit());
        assert!(stands_for_it.is_some_and(has_no_meaning), "{placeholder}");
        assert_eq!(self.call("secret"), secret);

        let around = json!({
            "node": self.node.rid,
            "neighbours": [{
                "rid": self.neighbour.rid,
                "provider": true,
                "subscriber": true,
                "ridTypes": ["orn:koi-net.node", "orn:koi-net.edge"],
            }],
        });
        assert_eq!(self.call("neighbours"), around);

        let given = json!({"thing": "the sea"});
        let mut complete = |typed| self.client.complete("paint", ("colour", typed), &given);
        assert_eq!(complete("gr"), ["green as the sea", "grey as the sea"]);
        assert!(complete("blue").is_empty());
        let of = json!({"thing": "the sea", "colour": "grey"});
        let text = json!({"type": "text", "text": "Paint the sea in grey"});
        let messages = json!([{"role": "user", "content": text}]);
        assert_eq!(self.client.prompt("paint", &of), messages);
    }

    fn goes_on_counting_in_another_component(&mut self) {
        let mut bytes = fs::read(&self.component).unwrap();
        // A custom section (0) of one byte, an empty name.
        bytes.extend([0, 1, 0]);
        fs::write(&self.component, bytes).unwrap();
        self.goes_on_counting(&[]);
    }

    fn goes_on_counting_with_another_setting(&mut self) {
        self.goes_on_counting(&["--set", "greeting=Salut"]);
        assert_eq!(self.call("greet"), json!({"greeting": "Salut"}));
    }

    fn goes_on_counting(&mut self, more: &[&str]) {
        let mut count = || self.call("count")["count"].clone();
        assert_eq!([count(), count()], [1, 2]);
        let second = self.install(more);
        assert_eq!(second["revision"], 2, "{second}");
        // The digit.
        let state = json!({"handed-over": {"bytes": 1}});
        assert_eq!(second["swap"]["state"], state, "{second}");
        assert_eq!(self.call("count")["count"], 3);
    }

    /// An engine's own numbers would be those of the instance that the component was made from.
    fn is_random_in_each_instance(&mut self) {
        self.change("revoke", "mode=singleton");
        let mut count = || self.call("count")["count"].clone();
        assert_eq!(count(), count(), "each call has an instance of its own");

        let [first, second] = [(); 2].map(|()| self.call("random"));
        for kind in ["numbers", "uuid", "bytes"] {
            assert_ne!(first[kind], second[kind], "{kind}");
        }
        let numbers = first["numbers"].as_array().unwrap();
        assert_ne!(numbers[0], numbers[1]);
        let in_range = |number: &Value| (0.0..1.0).contains(&number.as_f64().unwrap());
        assert!(numbers.iter().all(in_range), "{numbers:?}");
        let uuid = first["uuid"].as_str().unwrap();
        let form = uuid.replace(|c: char| c.is_ascii_hexdigit(), "x");
        assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
    }
}

fn built(folder: &Path, language: &str, source: &str, place: &str) -> PathBuf {
    let project = new(folder, NAME, language);
    tools::lend(&project, language);
    // They are tests of the template's own source.
    fs::remove_dir_all(project.join("tests")).unwrap();
    let source = repository().join("tests/guests/features").join(source);
    let place = project.join(place);
    assert!(place.is_file(), "{} is the template's", place.display());
    fs::copy(source, place).unwrap();
    printed(&project, &["build"]);
    project.join("dist").join(format!("{NAME}.wasm"))
}

fn set_secret(node: &Node) {
    let data_dir = node.data_dir.to_string_lossy();
    let mut set = koi_mcp(
        node.data_dir.parent().unwrap(),
        &["secret", "set", "KEY", "--data-dir", &data_dir],
    );
    let (input, output) = (Stdio::piped(), Stdio::piped());
    let mut set = set.stdin(input).stdout(output).spawn().unwrap();
    writeln!(set.stdin.take().unwrap(), "{SECRET}").unwrap();
    succeeded("secret set", &set.wait_with_output().unwrap());
}
