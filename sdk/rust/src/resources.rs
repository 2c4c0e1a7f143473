//! MCP resources beyond those that the host derives by itself.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::resources::exports::koi::extension::resources as wit_resources;
use crate::content::base64;
use crate::{Annotations, Error, Icon, Json, Result};

/// The extension's own resources. A bundle of one of its RID types is a resource without this: its
/// URI is its RID.
pub trait Resources {
    /// The resources of now. Asked for at activation and again after a change of knowledge that the
    /// description says the list depends on.
    ///
    /// # Errors
    /// After an error the host keeps the list that it has.
    fn list_resources() -> Result<ResourceList>;

    /// Reads one of the listed resources, or one that fits a listed template.
    ///
    /// # Errors
    /// `invalid-input` if there is none at this URI, as [`no_resource`] makes it.
    fn read_resource(uri: &str) -> Result<Vec<ResourceContents>>;
}

/// The error for a URI at which there is no resource.
pub fn no_resource(uri: &str) -> Error {
    Error::invalid_input(format!("there is no resource at `{uri}`"))
}

/// Resources and templates of resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ResourceList {
    /// Resources with a URI.
    pub resources: Vec<Resource>,
    /// Resources whose URI has variables in it.
    pub templates: Vec<ResourceTemplate>,
}

/// A resource as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    uri: String,
    #[serde(flatten)]
    about: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// A template of resources as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTemplate {
    uri_template: String,
    #[serde(flatten)]
    about: About,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    icons: Vec<Icon>,
}

impl Resource {
    /// A resource at a URI, with a name for programs.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            about: About {
                name: name.into(),
                ..About::default()
            },
            size: None,
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.about.title = Some(title.into());
        self
    }

    /// What it is, for agents and people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.about.description = Some(description.into());
        self
    }

    /// The media type of its contents: `text/markdown`.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.about.mime_type = Some(mime_type.into());
        self
    }

    /// How many bytes its contents have.
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// For whom it is and how much it matters.
    pub fn annotated(mut self, annotations: Annotations) -> Self {
        self.about.annotations = Some(annotations);
        self
    }

    /// Pictures to show beside it.
    pub fn icons(mut self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.about.icons.extend(icons);
        self
    }
}

impl ResourceTemplate {
    /// Resources at the URIs of a template (RFC 6570), with a name for programs.
    pub fn new(uri_template: impl Into<String>, name: impl Into<String>) -> Self {
        let about = About {
            name: name.into(),
            ..About::default()
        };
        Self {
            uri_template: uri_template.into(),
            about,
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.about.title = Some(title.into());
        self
    }

    /// What they are, for agents and people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.about.description = Some(description.into());
        self
    }

    /// The media type of their contents, if all have the same.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.about.mime_type = Some(mime_type.into());
        self
    }

    /// For whom they are and how much they matter.
    pub fn annotated(mut self, annotations: Annotations) -> Self {
        self.about.annotations = Some(annotations);
        self
    }

    /// Pictures to show beside them.
    pub fn icons(mut self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.about.icons.extend(icons);
        self
    }
}

/// One piece of contents of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceContents {
    uri: String,
    mime_type: Option<String>,
    body: Body,
    meta: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Text(String),
    Blob(Vec<u8>),
}

impl ResourceContents {
    /// Text of a media type.
    pub fn text(
        uri: impl Into<String>,
        mime_type: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            uri: uri.into(),
            mime_type: Some(mime_type.into()),
            body: Body::Text(text.into()),
            meta: Map::new(),
        }
    }

    /// Bytes of a media type.
    pub fn blob(
        uri: impl Into<String>,
        mime_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            uri: uri.into(),
            mime_type: Some(mime_type.into()),
            body: Body::Blob(bytes.into()),
            meta: Map::new(),
        }
    }

    /// A value as JSON.
    ///
    /// # Errors
    /// `permanent` if the value has no JSON form.
    pub fn json(uri: impl Into<String>, value: &impl Serialize) -> Result<Self> {
        Ok(Self::text(
            uri,
            "application/json",
            Json::of(value)?.into_string(),
        ))
    }

    /// A member of its `_meta`: something that some clients understand, under a name with a prefix
    /// (`example.com/colour`).
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// Its form as JSON, as part of something else than the answer of a reading.
    pub(crate) fn embedded(&self) -> Value {
        let mut value = json!({ "uri": self.uri });
        if let Some(mime_type) = &self.mime_type {
            value["mimeType"] = json!(mime_type);
        }
        match &self.body {
            Body::Text(text) => value["text"] = json!(text),
            Body::Blob(bytes) => value["blob"] = json!(base64(bytes)),
        }
        if !self.meta.is_empty() {
            value["_meta"] = json!(self.meta);
        }
        value
    }
}

impl From<ResourceContents> for wit_resources::ResourceContents {
    fn from(contents: ResourceContents) -> Self {
        Self {
            uri: contents.uri,
            mime_type: contents.mime_type,
            body: match contents.body {
                Body::Text(text) => wit_resources::ResourceBody::Text(text),
                Body::Blob(bytes) => wit_resources::ResourceBody::Blob(bytes),
            },
            meta: Value::Object(contents.meta).to_string(),
        }
    }
}

impl<T: Resources> wit_resources::Guest for T {
    fn list_resources() -> Result<String, wit::Error> {
        Ok(Json::of(&T::list_resources()?)?.into_string())
    }

    fn read_resource(uri: String) -> Result<Vec<wit_resources::ResourceContents>, wit::Error> {
        Ok(T::read_resource(&uri)?
            .into_iter()
            .map(Into::into)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn what_is_said_of_resources_is_listed() {
        let people = Annotations::new().audience([Role::User]);
        let list = ResourceList {
            resources: vec![
                Resource::new("note:1", "note")
                    .size(5)
                    .annotated(people.clone()),
            ],
            templates: vec![
                ResourceTemplate::new("note:{id}", "notes").icons([Icon::new("data:,")]),
            ],
        };
        assert_eq!(
            json!(list),
            json!({
                "resources": [{
                    "uri": "note:1",
                    "name": "note",
                    "size": 5,
                    "annotations": { "audience": ["user"] }
                }],
                "templates": [
                    { "uriTemplate": "note:{id}", "name": "notes", "icons": [{ "src": "data:," }] }
                ]
            })
        );
    }

    #[test]
    fn contents_carry_their_meta() {
        let contents = ResourceContents::text("note:1", "text/plain", "hello")
            .meta("example.com/colour", "red");
        let contents = wit_resources::ResourceContents::from(contents);
        assert_eq!(contents.meta, r#"{"example.com/colour":"red"}"#);
    }
}
