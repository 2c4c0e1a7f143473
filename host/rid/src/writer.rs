//! Who wrote a bundle, when it was a guest.

/// The extension, revision and component that wrote a bundle (architecture, invariant 7).
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Writer {
    /// The extension's name.
    pub extension: String,
    /// Its revision on this node.
    pub revision: u64,
    /// SHA-256 of the component's bytes, lower-case hex.
    pub digest: String,
}
