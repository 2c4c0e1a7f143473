//! Where things are in the repository. Tests, README and CI rely on these places.

use std::path::{Path, PathBuf};

/// The repository's folders.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The repository that this program was built from.
    pub fn of_this_repository() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            root: xtask.parent().unwrap_or(xtask).to_owned(),
        }
    }

    /// The repository itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the repository.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// Cargo's output.
    pub fn target(&self) -> PathBuf {
        self.path("target")
    }

    /// Fetched tools, one folder each; `KOI_TEST_TOOLS` in tests.
    pub fn tools(&self) -> PathBuf {
        self.path("target/tools")
    }

    /// What the tools printed while they were fetched and used, for looking into a failure.
    pub fn logs(&self) -> PathBuf {
        self.path("target/tools/logs")
    }

    /// Finished components, `NAME.wasm`; `KOI_TEST_EXTENSIONS` in tests.
    pub fn extensions(&self) -> PathBuf {
        self.path("target/extensions")
    }

    /// A program that the host workspace builds.
    pub fn program(&self, name: &str) -> PathBuf {
        self.path("target/release").join(name)
    }
}
