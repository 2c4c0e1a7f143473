//! What lies in the node's own folders: components in the drop folder, and compiled code.

use koi_tests::{Guest, NodeBuilder, eventually, extension};

use crate::host::Host;

#[tokio::test]
async fn a_bad_file_in_the_drop_folder_is_logged_and_nothing_else() {
    let host = Host::start();
    let folder = host.node.data_dir.join("extensions");
    std::fs::write(folder.join("letter.wasm"), "This is a letter to a friend.").unwrap();
    std::os::unix::fs::symlink(extension("echo"), folder.join("elsewhere.wasm")).unwrap();
    let logged = |file: &str| {
        let log = host.node.log();
        let about = |line: &&str| line.contains(file) && line.contains("not installed");
        log.lines().filter(about).count()
    };
    for file in ["letter.wasm", "elsewhere.wasm"] {
        eventually(&format!("{file} in the log"), async || {
            (logged(file) > 0).then_some(())
        })
        .await;
    }
    host.has_only_echo();
    host.echoes();
    // The folder is looked at again for each of these, and nothing more is said about the others.
    for name in ["one", "two", "three"] {
        let file = format!("{name}.wasm");
        std::fs::write(folder.join(&file), "Another letter.").unwrap();
        eventually(&format!("{file} in the log"), async || {
            (logged(&file) > 0).then_some(())
        })
        .await;
    }
    for file in ["letter.wasm", "elsewhere.wasm", "one.wasm", "two.wasm"] {
        assert_eq!(logged(file), 1, "{file}");
    }
}

#[test]
fn compiled_code_that_was_tampered_with_is_made_again() {
    let host = Host::start_with(NodeBuilder::own_code);
    host.install("harmless", &Guest::named("harmless"), &[]);
    let (node, folder) = host.into_node();
    let data_dir = node.data_dir.clone();
    assert_eq!(node.process.terminate(), Some(0));
    let code: Vec<_> = std::fs::read_dir(data_dir.join("code"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(code.len() >= 2, "{code:?}");
    for (number, file) in code.iter().enumerate() {
        let mut bytes = std::fs::read(file).unwrap();
        match number % 3 {
            // In the code itself, at its end, and what is not there any more.
            0 => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            1 => *bytes.last_mut().unwrap() ^= 1,
            _ => bytes.truncate(bytes.len() / 2),
        }
        std::fs::write(file, bytes).unwrap();
    }
    // One extension's code in the place of another's.
    let swapped = std::fs::read(&code[0]).unwrap();
    std::fs::write(&code[1], swapped).unwrap();

    let node = NodeBuilder::new("node", &data_dir).start();
    let echo = node.json(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
    assert_eq!(echo["structuredContent"]["text"], "hello");
    node.json(&["call", "harmless"]);
    assert!(node.log().contains("made again"), "{}", node.log());
    drop((node, folder));
}
