//! What `new` and `build` refuse, and how they say it.

use std::fs;

use crate::{failure, json, koi_mcp, new};

const LANGUAGES: [&str; 4] = ["rust", "python", "typescript", "c"];

#[test]
fn a_new_project_is_whole_and_says_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    for language in LANGUAGES {
        let name = format!("my-{language}");
        let made = json(folder.path(), &["new", &name, "--lang", language]);
        let project = folder.path().join(&name);
        for part in [
            "koi.toml",
            "README.md",
            ".gitignore",
            "wit/worlds.wit",
            "sdk/wit",
        ] {
            assert!(project.join(part).exists(), "{language}: {part}");
        }
        let manifest = fs::read_to_string(project.join("koi.toml")).unwrap();
        assert!(manifest.contains(&format!("name = {name:?}")), "{manifest}");
        let next = made["next"].to_string();
        for step in ["koi-mcp build --test", "koi-mcp serve", "koi-mcp dev"] {
            assert!(next.contains(step), "{next}");
        }
        assert_nothing_is_left_to_fill_in(&project);
    }
}

fn assert_nothing_is_left_to_fill_in(folder: &std::path::Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inside_sdk = path.ends_with("sdk");
        if path.is_dir() && !inside_sdk {
            assert_nothing_is_left_to_fill_in(&path);
        } else if let Ok(text) = fs::read_to_string(&path) {
            for hole in ["{{name}}", "{{Name}}", "{{name_snake}}"] {
                assert!(!text.contains(hole), "{hole} in {}", path.display());
            }
        }
    }
}

#[test]
fn new_touches_nothing_that_is_there_and_takes_no_name_that_no_extension_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("notes/mine.txt");
    fs::create_dir(folder.path().join("notes")).unwrap();
    fs::write(&mine, "mine").unwrap();
    let of = |name: &str| failure(&mut koi_mcp(folder.path(), &["new", name, "--lang", "c"]));
    let error = of("notes");
    assert!(error.contains("notes is not empty"), "{error}");
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    for name in ["Notes", "2notes", "../notes", "my_notes", ""] {
        let error = of(name);
        assert!(error.contains("expected 1 to 63 letters"), "{error}");
    }
    let output = koi_mcp(folder.path(), &["new", "a", "--lang", "perl"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("typescript"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_build_without_its_tool_says_in_a_sentence_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    for language in LANGUAGES {
        let project = new(folder.path(), &format!("my-{language}"), language);
        let mut build = koi_mcp(&project, &["build"]);
        let error = failure(build.env("PATH", folder.path()).env_remove("RUSTC"));
        assert!(error.contains(" is missing: "), "{language}: {error}");
        assert_eq!(error.lines().count(), 1, "{language}: {error}");
    }
}

#[test]
fn a_manifest_is_refused_with_the_line_that_is_wrong_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let project = new(folder.path(), "notes", "c");
    let manifest = project.join("koi.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    for (right, wrong, words) in [
        (
            "[extension]",
            "[extension]\ncolour = 1",
            ["colour = 1", "expected"],
        ),
        ("name = \"notes\"", "name = 1", ["name = 1", "a string"]),
    ] {
        fs::write(&manifest, text.replace(right, wrong)).unwrap();
        let error = failure(&mut koi_mcp(&project, &["build"]));
        for word in ["koi.toml"].iter().chain(&words) {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
    }
    let error = failure(&mut koi_mcp(folder.path(), &["build"]));
    assert!(error.contains("no koi.toml"), "{error}");
}

#[test]
fn tests_that_fail_keep_a_component_from_being_built() {
    let folder = tempfile::tempdir().unwrap();
    let project = new(folder.path(), "notes", "python");
    crate::tools::lend(&project, "python");
    let test = project.join("tests/test_broken.py");
    fs::create_dir_all(test.parent().unwrap()).unwrap();
    let broken = "import unittest\n\n\nclass Broken(unittest.TestCase):\n    def test_it(self):\n        \
                  self.fail('seven is not eight')\n";
    fs::write(test, broken).unwrap();
    let error = failure(&mut koi_mcp(&project, &["build", "--test"]));
    assert!(error.contains("unit tests failed"), "{error}");
    assert!(error.contains("seven is not eight"), "{error}");
    assert!(!project.join("dist/notes.wasm").exists());
}
