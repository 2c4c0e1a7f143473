//! Where the tests find programs, tools and components.

use std::path::{Path, PathBuf};

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// A program of this workspace, such as `koi-mcp`, built beside the running test.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built: run cargo xtask test"))
}

/// A file below the folder of tools that `cargo xtask test` sets up.
///
/// # Panics
/// If the folder is not named or the file is not there.
#[must_use]
pub fn tool(path: &str) -> PathBuf {
    below("KOI_TEST_TOOLS", path)
}

/// A built component, by the extension's name.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn extension(name: &str) -> PathBuf {
    below("KOI_TEST_EXTENSIONS", &format!("{name}.wasm"))
}

/// The bytes of a built component.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn guest(name: &str) -> Vec<u8> {
    let path = extension(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn below(variable: &str, path: &str) -> PathBuf {
    let folder = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run cargo xtask test"));
    let file = Path::new(&folder).join(path);
    assert!(
        file.exists(),
        "{} is missing: run cargo xtask test",
        file.display()
    );
    file
}
