//! Environment variables as a layer of the configuration: `KOI_MCP_SECTION__KEY`.
//!
//! A value is read as a number, truth value, list or table where it looks like one, and is text
//! otherwise. Nothing here fails: what makes no sense is told when the layers are put together.

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

/// Prefix of the environment variables that set a key.
pub(super) const PREFIX: &str = "KOI_MCP_";

/// Keys whose values are text as they stand, whatever they look like: a node may be called `42`.
const TEXT: [&str; 10] = [
    "node.name",
    "node.data_dir",
    "koi.base_url",
    "koi.first_contact.url",
    "koi.first_contact.rid",
    "koi.tls.certificate",
    "koi.tls.key",
    "koi.tls.roots",
    "extensions.drop_folder",
    "log.level",
];

/// What the keys begin with whose values are digests, which are text too.
const TOKENS: &str = "mcp.tokens.";

/// Deeper lists and tables are text: they are read by recursion.
const MAX_DEPTH: usize = 32;

/// What the variables of secrets go on with: they are no settings.
const SECRET: &str = "secret_";

/// The variables that begin with a prefix.
pub(super) struct Environment {
    values: Vec<(Vec<String>, String)>,
}

impl Environment {
    pub(super) fn new(prefix: &str, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let path = |name: &str| -> Option<Vec<String>> {
            let key = name
                .to_ascii_uppercase()
                .strip_prefix(prefix)?
                .to_ascii_lowercase();
            if key.starts_with(SECRET) {
                return None;
            }
            let path: Vec<String> = key.split("__").map(str::to_owned).collect();
            path.iter().all(|part| !part.is_empty()).then_some(path)
        };
        let values = variables
            .into_iter()
            .filter_map(|(name, value)| Some((path(&name)?, value)))
            .collect();
        Self { values }
    }

    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::new(PREFIX, variables)
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variables")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for (path, text) in &self.values {
            let key = path.join(".");
            let value = match TEXT.contains(&key.as_str()) || key.starts_with(TOKENS) {
                true => Value::from(text.as_str()),
                false => read(text),
            };
            set(&mut dict, path, value);
        }
        Ok(Profile::Default.collect(dict))
    }
}

fn set(dict: &mut Dict, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        dict.insert(first.clone(), value);
        return;
    }
    let inner = dict
        .entry(first.clone())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        set(inner, rest, value);
    }
}

fn read(text: &str) -> Value {
    let opening = text
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'{'))
        .count();
    if opening > MAX_DEPTH {
        return Value::from(text);
    }
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
