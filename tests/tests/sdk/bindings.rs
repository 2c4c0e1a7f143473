//! What wit-bindgen makes of the WIT for Rust. It is kept in the repository, so that authors' projects and our own
//! guests do not compile what reads WIT. `cargo xtask bindings` has the test here write the files anew.

use std::fs;

use koi_tests::repository;
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::{Opts, WithOption};

const HEADER: &str = "// Made by `cargo xtask bindings` from the WIT: do not edit.\n";

/// Says that the files are to be written.
const WRITE: &str = "KOI_WRITE_BINDINGS";

/// What an extension may export, each by a world of its own.
const EXPORTS: [&str; 10] = [
    "extension",
    "rid-types",
    "schemas",
    "handlers",
    "tools",
    "state",
    "schedule",
    "resources",
    "prompts",
    "completions",
];

const FETCH: &str = "
    package component:fetch-rs;
    world fetch {
        include wasi:http/client@0.2.0;
        export fetch: func(url: string) -> result<string, string>;
    }
";

#[test]
fn the_bindings_for_rust_are_those_of_the_contract() {
    for (file, bindings) in bindings() {
        let path = repository().join(&file);
        if std::env::var_os(WRITE).is_some() {
            fs::write(path, bindings).unwrap();
        } else {
            assert!(
                fs::read_to_string(path).unwrap_or_default() == bindings,
                "{file} is not what the WIT says: run `cargo xtask bindings`"
            );
        }
    }
}

/// All files, each with what it should hold.
fn bindings() -> Vec<(String, String)> {
    let of_sdk = |module: &str| format!("sdk/rust/src/bindings/{module}.rs");
    let mut files = vec![
        (
            of_sdk("imports"),
            made("wit", World::Named("imports"), all()),
        ),
        (
            of_sdk("http"),
            made("sdk/wit", World::Named("client"), all()),
        ),
        (
            "guest-extensions/fetch/src/bindings.rs".to_owned(),
            made("sdk/wit", World::Written(FETCH), all()),
        ),
    ];
    for interface in EXPORTS {
        let world = format!(
            "package koi:sdk; world {interface} {{ export koi:extension/{interface}@0.1.0; }}"
        );
        let module = of_sdk(&interface.replace('-', "_"));
        files.push((module, made("wit", World::Written(&world), exports())));
    }
    files
}

/// With all types that are imported.
fn all() -> Opts {
    Opts {
        generate_all: true,
        ..Opts::default()
    }
}

/// With the types of the contract as `imports` has them, and `export!` for other crates.
fn exports() -> Opts {
    let types = "crate::bindings::imports::koi::extension::types".to_owned();
    Opts {
        with: vec![(
            "koi:extension/types@0.1.0".to_owned(),
            WithOption::Path(types),
        )],
        pub_export_macro: true,
        ..Opts::default()
    }
}

enum World<'a> {
    /// One of the folder.
    Named(&'a str),
    /// One of its own, over the packages of the folder.
    Written(&'a str),
}

fn made(folder: &str, world: World<'_>, options: Opts) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(repository().join(folder)).unwrap();
    let (package, name) = match world {
        World::Named(name) => (package, Some(name)),
        World::Written(wit) => (resolve.push_str("world.wit", wit).unwrap(), None),
    };
    let world = resolve.select_world(&[package], name).unwrap();
    let options = Opts {
        format: true,
        ..options
    };
    let mut files = Files::default();
    let mut generator = options.build();
    generator.generate(&mut resolve, world, &mut files).unwrap();
    let (_, source) = files.iter().next().unwrap();
    format!("{HEADER}{}", std::str::from_utf8(source).unwrap())
}
