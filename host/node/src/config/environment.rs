//! The environment as a layer of the configuration.

use figment::providers::Env;
use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

/// Prefix of the environment variables that set a key.
pub(super) const PREFIX: &str = "KOI_MCP_";

/// Keys whose values are text as they stand, whatever they look like: a node may be called `42`.
const TEXT: [&str; 7] = [
    "node.name",
    "node.data_dir",
    "koi.base_url",
    "koi.first_contact.url",
    "koi.first_contact.rid",
    "extensions.drop_folder",
    "log.level",
];

/// The variables that set a key; all but those of [`TEXT`] are read as numbers, lists and so on
/// where they look like it.
pub(super) struct Environment(Env);

impl Environment {
    pub(super) fn prefixed(prefix: &str) -> Self {
        // The variables of secrets are none of settings.
        let settings = Env::prefixed(prefix).filter(|key| !key.starts_with("SECRET_"));
        Self(settings.split("__"))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut data = Dict::new();
        for (key, text) in self.0.iter() {
            let value = match text.parse() {
                Ok(value) if !TEXT.contains(&key.as_str()) => value,
                _ => Value::from(text),
            };
            insert(&mut data, key.as_str(), value);
        }
        Ok(Profile::Default.collect(data))
    }
}

/// Puts a value in at `section.key`.
fn insert(data: &mut Dict, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        data.insert(key.to_owned(), value);
        return;
    };
    let section = data
        .entry(section.to_owned())
        .or_insert_with(|| Dict::new().into());
    if let Value::Dict(_, inner) = section {
        insert(inner, rest, value);
    }
}
