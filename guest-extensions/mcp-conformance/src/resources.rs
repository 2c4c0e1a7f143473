//! Resources: text, bytes, and one for each value of a template's variable.

use koi_extension::no_resource;
use koi_extension::prelude::*;
use serde_json::json;

use crate::media::PNG;

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";
const WATCHED: &str = "test://watched-resource";
const TEMPLATE: &str = "test://template/{id}/data";

/// All resources and templates.
pub fn list() -> ResourceList {
    ResourceList {
        resources: vec![
            Resource::new(TEXT, "Static text")
                .description("A text that never changes")
                .mime_type("text/plain"),
            Resource::new(BINARY, "Static bytes")
                .description("An image that never changes")
                .mime_type("image/png")
                .size(PNG.len() as u64),
            Resource::new(WATCHED, "Watched text")
                .description("A text to subscribe to")
                .mime_type("text/plain"),
        ],
        templates: vec![
            ResourceTemplate::new(TEMPLATE, "Template")
                .description("Something for each id")
                .mime_type("application/json"),
        ],
    }
}

/// What is at a URI.
pub fn read(uri: &str) -> Result<Vec<ResourceContents>> {
    let text = |text| Ok(ResourceContents::text(uri, "text/plain", text));
    let contents = match uri {
        TEXT => text("This is the content of the static text resource."),
        BINARY => Ok(ResourceContents::blob(uri, "image/png", PNG)),
        WATCHED => text("This is the content of the watched resource."),
        _ => of_template(uri),
    };
    Ok(vec![contents?])
}

fn of_template(uri: &str) -> Result<ResourceContents> {
    let id = uri
        .strip_prefix("test://template/")
        .and_then(|rest| rest.strip_suffix("/data"))
        .filter(|id| !id.is_empty() && !id.contains('/'))
        .ok_or_else(|| no_resource(uri))?;
    let value = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
    ResourceContents::json(uri, &value)
}
