//! What a `koi.toml` may say, and what is said of one that says something else.

use super::*;

const RIGHT: &str = "[extension]\nname = \"one\"\nlanguage = \"typescript\"\nsource = \"app.ts\"\n";

fn folder(manifest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for made in ["wit", "sdk"] {
        fs::create_dir(folder.path().join(made)).unwrap();
    }
    fs::write(folder.path().join("app.ts"), "").unwrap();
    fs::write(folder.path().join(MANIFEST), manifest).unwrap();
    folder
}

#[test]
fn a_manifest_says_what_the_project_is() {
    let package = "[package]\nauthors = [\"A <a@example.com>\"]\nlicense = \"MIT\"\n";
    let folder = folder(&format!("{RIGHT}{package}"));
    let project = Project::open(folder.path()).unwrap();
    assert_eq!(project.name, "one");
    assert_eq!(project.language, Language::Typescript);
    assert_eq!(project.base, folder.path().canonicalize().unwrap());
    assert_eq!(project.package.authors, ["A <a@example.com>"]);
    assert!(project.component().ends_with("dist/one.wasm"));
}

#[test]
fn what_is_wrong_in_a_manifest_is_named_with_what_was_expected() {
    for (wrong, words) in [
        (
            format!("{RIGHT}colour = 1\n"),
            ["line 5 (colour = 1)", "`root`"],
        ),
        (
            RIGHT.replace("\"one\"", "7"),
            ["line 2 (name = 7)", "expected a string"],
        ),
        (
            RIGHT.replace("\"one\"", "\"One\""),
            ["\"One\"", "letters a-z"],
        ),
        (RIGHT.replace("typescript", "perl"), ["line 3", "`python`"]),
        (RIGHT.replace("app.ts", "b.ts"), ["source", "b.ts"]),
        (format!("{RIGHT}root = \"..\"\n"), ["root", "wit/"]),
        (
            format!("{RIGHT}[package]\nauthors = \"me\"\n"),
            ["line 6", "a sequence"],
        ),
        (RIGHT.replace("source", "sauce"), ["sauce", "`source`"]),
        ("[extension".to_owned(), ["line 1", "expected"]),
    ] {
        let folder = folder(&wrong);
        let error = Project::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(MANIFEST), "{error}");
        for word in words {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_folder_without_a_manifest_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let error = Project::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("koi-mcp new"), "{error}");
}

#[test]
fn names_are_short_and_plain() {
    let longest = "a".repeat(MAX_NAME);
    for name in ["a", "a-1", "data-catalog", &longest] {
        assert!(is_name(name), "{name}");
    }
    let longer = "a".repeat(MAX_NAME + 1);
    for name in ["", "1a", "-a", "A", "a_b", "a b", "ä", "a/b", &longer] {
        assert!(!is_name(name), "{name}");
    }
}
