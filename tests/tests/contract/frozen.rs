//! Every interface of the frozen contract is in `wit/` as it was.

use std::collections::BTreeMap;
use std::path::Path;

use koi_tests::repository;

/// The words and signs of a text of WIT, without comments and spaces.
fn tokens(wit: &str) -> Vec<String> {
    let is_word = |letter: char| letter.is_alphanumeric() || "-_%".contains(letter);
    let mut tokens: Vec<String> = Vec::new();
    for line in wit.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let mut goes_on = false;
        for letter in line.chars() {
            match tokens.last_mut() {
                Some(word) if goes_on && is_word(letter) => word.push(letter),
                _ if letter.is_whitespace() => {}
                _ => tokens.push(letter.to_string()),
            }
            goes_on = is_word(letter);
        }
    }
    tokens
}

/// What stands between the braces of each interface, by its package and name.
fn interfaces(wit: &str) -> BTreeMap<String, Vec<String>> {
    let tokens = tokens(wit);
    let mut package = String::new();
    let mut interfaces = BTreeMap::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        let end = |sign: &str| after.iter().position(|token| token == sign);
        match (first.as_str(), end(";"), end("{")) {
            ("package", Some(end), _) => package = after[..end].concat(),
            ("interface" | "world", _, Some(start)) => {
                let mut depth = 0;
                let length = after[start..].iter().position(|token| {
                    depth += match token.as_str() {
                        "{" => 1,
                        "}" => -1,
                        _ => 0,
                    };
                    depth == 0
                });
                let end = start + length.expect("a closing brace");
                if first == "interface" {
                    let name = format!("{package}/{}", after[..start].concat());
                    interfaces.insert(name, after[start..end].to_vec());
                }
                rest = &after[end..];
            }
            _ => {}
        }
    }
    interfaces
}

fn all_files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&all_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    text
}

#[test]
fn every_interface_of_the_frozen_contract_is_as_it_was() {
    let now = interfaces(&all_files(&repository().join("wit")));
    let frozen = repository().join("tests/corpus/0.1/contract.txt");
    let frozen = interfaces(&std::fs::read_to_string(frozen).unwrap());
    assert_eq!(frozen.len(), 20, "{:?}", frozen.keys());
    for (name, then) in frozen {
        assert!(
            now.get(&name) == Some(&then),
            "the interface `{name}` is another than in the frozen contract 0.1, for which there are \
             guests: what breaks needs a new version, as wit/VERSIONING.md says"
        );
    }
}

#[test]
fn comments_and_spaces_are_no_part_of_the_contract_and_all_else_is() {
    let was = "package a:b@0.1.0;\ninterface i { f: func(a: string) -> u8; }";
    let same = "package a:b@0.1.0;\n/// What i does.\ninterface i {\n  f: func(\n    a: string) -> u8; // one\n}";
    assert_eq!(interfaces(was), interfaces(same));
    for other in ["string, b: u8", "string) -> (u8", "bool"] {
        let other = was.replace("string", other);
        assert_ne!(interfaces(was), interfaces(&other), "{other}");
    }
}
