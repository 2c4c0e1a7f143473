//! Content blocks, which tools answer with and prompts are made of, and what lists say for people and
//! models beside names and descriptions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Resource, ResourceContents};

/// A piece of content in the form of MCP: text, an image, sound, a resource or a link to one.
///
/// Not `Serialize`: it would be taken for structured contents (see
/// [`IntoToolResult`](crate::IntoToolResult)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(Map<String, Value>);

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of("text", [("text", text.into().into())])
    }

    /// An image of a media type: `image/png`.
    pub fn image(mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self::media("image", mime_type.into(), bytes.as_ref())
    }

    /// Sound of a media type: `audio/wav`.
    pub fn audio(mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self::media("audio", mime_type.into(), bytes.as_ref())
    }

    /// A resource itself, with what it holds.
    pub fn resource(contents: &ResourceContents) -> Self {
        Self::of("resource", [("resource", contents.embedded())])
    }

    /// A link to a resource, which need not be listed.
    pub fn link(resource: &Resource) -> Self {
        let mut link = Self::of("resource_link", []);
        if let Value::Object(members) = json!(resource) {
            link.0.extend(members);
        }
        link
    }

    /// For whom it is and how much it matters.
    pub fn annotated(mut self, annotations: &Annotations) -> Self {
        self.0.insert("annotations".into(), json!(annotations));
        self
    }

    /// Its form as JSON.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    fn media(kind: &str, mime_type: String, bytes: &[u8]) -> Self {
        let members = [
            ("data", base64(bytes).into()),
            ("mimeType", mime_type.into()),
        ];
        Self::of(kind, members)
    }

    fn of<const N: usize>(kind: &str, members: [(&str, Value); N]) -> Self {
        let kind = ("type".to_owned(), kind.into());
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Self([kind].into_iter().chain(members).collect())
    }
}

/// Bytes as MCP writes them: base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Who speaks, or is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// For whom content or a resource is and how much it matters.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    audience: Vec<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Annotations {
    /// For anybody, and of no known importance.
    pub fn new() -> Self {
        Self::default()
    }

    /// For whom it is.
    pub fn audience(mut self, audience: impl IntoIterator<Item = Role>) -> Self {
        self.audience.extend(audience);
        self
    }

    /// How much it matters: from 0 (it can be left out) to 1 (nothing goes without it). Beyond that
    /// the nearer end is taken.
    pub fn priority(mut self, priority: f64) -> Self {
        self.priority = Some(priority.clamp(0.0, 1.0));
        self
    }

    /// When it was changed last: RFC 3339.
    pub fn last_modified(mut self, timestamp: impl Into<String>) -> Self {
        self.last_modified = Some(timestamp.into());
        self
    }
}

/// A picture that clients may show beside a tool, prompt or resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<Theme>,
}

/// The background that an [`Icon`] is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

impl Icon {
    /// The picture at a URI, `https:` or `data:`.
    pub fn new(src: impl Into<String>) -> Self {
        Self {
            src: src.into(),
            mime_type: None,
            sizes: Vec::new(),
            theme: None,
        }
    }

    /// Its media type: `image/svg+xml`.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// In which sizes it is there: `48x48`, or `any` for one that can be scaled.
    pub fn sizes<S: Into<String>>(mut self, sizes: impl IntoIterator<Item = S>) -> Self {
        self.sizes.extend(sizes.into_iter().map(Into::into));
        self
    }

    /// The background that it is made for; without this, any.
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = Some(theme);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_content_has_the_form_of_mcp() {
        let wave = ResourceContents::blob("wave:1", "audio/wav", *b"RIFF");
        let note = ResourceContents::text("note:1", "text/plain", "hello");
        let link = Resource::new("note:1", "note").mime_type("text/plain");
        for (content, expected) in [
            (Content::text("hi"), json!({"type": "text", "text": "hi"})),
            (
                Content::image("image/png", [1, 2, 3]),
                json!({"type": "image", "data": "AQID", "mimeType": "image/png"}),
            ),
            (
                Content::audio("audio/wav", b"RIFF"),
                json!({"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"}),
            ),
            (
                Content::resource(&note),
                json!({"type": "resource", "resource":
                    {"uri": "note:1", "mimeType": "text/plain", "text": "hello"}}),
            ),
            (
                Content::resource(&wave),
                json!({"type": "resource", "resource":
                    {"uri": "wave:1", "mimeType": "audio/wav", "blob": "UklGRg=="}}),
            ),
            (
                Content::link(&link),
                json!({"type": "resource_link", "uri": "note:1", "name": "note",
                    "mimeType": "text/plain"}),
            ),
        ] {
            assert_eq!(content.into_value(), expected);
        }
    }

    #[test]
    fn annotations_and_icons_say_no_more_than_was_said() {
        let annotations = Annotations::new().audience([Role::User]).priority(7.0);
        assert_eq!(
            Content::text("hi").annotated(&annotations).into_value(),
            json!({"type": "text", "text": "hi",
                "annotations": {"audience": ["user"], "priority": 1.0}})
        );
        let icon = Icon::new("https://example.com/i.svg").sizes(["any"]);
        assert_eq!(
            json!(icon.theme(Theme::Dark)),
            json!({"src": "https://example.com/i.svg", "sizes": ["any"], "theme": "dark"})
        );
    }
}
