//! What the operator says about this node's own personality.

use koi_extension::{Error, Result, config};
use schemars::JsonSchema;
use serde_json::{Map, Value};

/// The settings of the extension. All of them may be left out.
#[derive(Debug, Default, JsonSchema)]
pub struct Settings {
    /// The name of this node's own personality; the node's own if left out.
    #[schemars(length(min = 1, max = 256), regex(pattern = "^[^/]+$"))]
    pub name: Option<String>,
    /// Its version; `1.0` if left out.
    #[schemars(length(min = 1, max = 256), regex(pattern = "^[^/]+$"))]
    pub version: Option<String>,
    /// Where others reach this node's KOI-net.
    #[schemars(length(max = 2048))]
    pub base_url: Option<String>,
    /// Where others reach this node's MCP server.
    #[schemars(length(max = 2048))]
    pub mcp_url: Option<String>,
    /// Its traits, each a value, or an object with `value`, `is_callable`, `description`, `type`.
    /// They are set at each start; traits that are not named here are left alone.
    pub traits: Option<Map<String, Value>>,
}

impl Settings {
    /// The settings of now.
    ///
    /// # Errors
    /// `permanent` if they cannot be read, or `traits` is not a JSON object.
    pub fn read() -> Result<Self> {
        Ok(Self {
            name: name()?,
            version: config::get("version")?,
            base_url: config::get("base_url")?,
            mcp_url: config::get("mcp_url")?,
            traits: config::get("traits")?
                .map(|text| traits(&text))
                .transpose()?,
        })
    }
}

/// The name alone.
///
/// # Errors
/// `permanent` if settings cannot be read.
pub fn name() -> Result<Option<String>> {
    config::get("name")
}

fn traits(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| {
        Error::permanent(format!(
            "the setting `traits` has to be an object of traits by their names: {error}"
        ))
    })
}
