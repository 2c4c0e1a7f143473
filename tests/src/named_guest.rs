//! Guests made of text that can be installed.

use crate::Guest;

impl Guest {
    /// One with a name, and a tool of the same name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            description: format!(r#"{{"name":"{name}","version":"1.0.0"}}"#),
            tools: format!(
                r#"[{{"name":"{name}","description":"A guest made of text","inputSchema":{{"type":"object"}}}}]"#
            ),
            ..Self::default()
        }
    }
}
