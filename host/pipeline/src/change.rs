//! News of what is stored.

use koi_rid::{EventType, Rid};

/// Something that was stored or forgotten. By the time it is heard, readers of the store see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub rid: Rid,
    /// NEW or UPDATE: it was stored. FORGET: it was deleted.
    pub event_type: EventType,
    /// The node it came from; none if it was born here.
    pub source: Option<Rid>,
}
