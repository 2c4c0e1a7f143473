//! Rights to knowledge.

/// What may be done to knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Read stored bundles and dereference others.
    Read,
    /// Put contents under RIDs.
    Publish,
    /// Have bundles forgotten.
    Forget,
    /// See, change and stop objects in the pipeline.
    Handle,
}

impl Right {
    /// All rights, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Read, Self::Publish, Self::Forget, Self::Handle];

    /// `read`, `publish`, `forget` or `handle`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Forget => "forget",
            Self::Handle => "handle",
        }
    }
}
