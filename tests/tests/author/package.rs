//! `koi-mcp package`: what is said of a component stands in it, and who signed it beside it.

use std::fs;

use koi_tests::extension;
use serde_json::json;

use crate::{failure, json, koi_mcp, new, tools};

#[test]
fn a_project_is_packaged_with_what_is_known_of_it_and_signed() {
    let folder = tempfile::tempdir().unwrap();
    let project = new(folder.path(), "notes", "c");
    tools::lend(&project, "c");
    let manifest = project.join("koi.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let without = text.split("[package]").next().unwrap();
    let said = "[package]\ndescription = \"Notes of the field\"\nauthors = [\"A <a@example.com>\", \"B\"]\n\
                license = \"Apache-2.0 OR MIT\"\nsource = \"https://example.com/notes.git\"\n\
                homepage = \"https://example.com/notes\"\n";
    fs::write(&manifest, format!("{without}\n{said}")).unwrap();
    json(&project, &["extension", "keygen", "my.key"]);
    let packaged = json(&project, &["package", "--sign", "my.key"]);
    let file = project.join("dist/notes-0.1.0.wasm");
    assert_eq!(packaged["file"], json!(file));
    let metadata = json!({
        "name": "notes",
        "version": "0.1.0",
        "description": "Notes of the field",
        "authors": "A <a@example.com>, B",
        "licenses": "Apache-2.0 OR MIT",
        "source": "https://example.com/notes.git",
        "homepage": "https://example.com/notes",
    });
    assert_eq!(packaged["metadata"], metadata);
    let bytes = fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("licensesApache-2.0 OR MIT"));
    let path = file.to_string_lossy();
    let verified = json(
        &project,
        &["extension", "verify", &path, "--key", "my.key.pub"],
    );
    assert_eq!(verified["publisher"], packaged["signed-by"]);

    let wrong = said.replace("Apache-2.0 OR MIT", "free for all");
    fs::write(&manifest, format!("{without}\n{wrong}")).unwrap();
    let error = failure(&mut koi_mcp(&project, &["package"]));
    assert!(
        error.contains("license") && error.contains("SPDX"),
        "{error}"
    );
}

#[test]
fn a_component_of_any_origin_is_packaged_with_what_it_says_itself() {
    let folder = tempfile::tempdir().unwrap();
    let component = extension("echo");
    let component = component.to_string_lossy();
    let packaged = json(folder.path(), &["package", &component, "--out", "e.wasm"]);
    assert_eq!(packaged["metadata"]["name"], "echo");
    let again = json(folder.path(), &["package", "e.wasm", "--out", "f.wasm"]);
    assert_eq!(again["metadata"], packaged["metadata"]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("e.wasm"), read("f.wasm"));
    fs::write(folder.path().join("text.wasm"), "text").unwrap();
    let error = failure(&mut koi_mcp(folder.path(), &["package", "text.wasm"]));
    assert!(error.contains("text.wasm"), "{error}");
}
