//! The settings of an extension.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Config, PortError};
use serde_json::{Map, Value};

use crate::grant::{Access, Capability};

/// Settings as the guest gets them: texts as they are, everything else as JSON text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(Arc<BTreeMap<String, String>>);

impl Settings {
    pub(crate) fn new(settings: &Map<String, Value>) -> Self {
        let texts = settings.iter().map(|(key, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (key.clone(), text)
        });
        Self(Arc::new(texts.collect()))
    }
}

pub(super) struct GrantedConfig {
    settings: Settings,
    access: Arc<Access>,
}

impl GrantedConfig {
    pub(super) fn new(settings: Settings, access: Arc<Access>) -> Self {
        Self { settings, access }
    }
}

#[async_trait]
impl Config for GrantedConfig {
    async fn get(&self, _: &CallContext, key: &str) -> Result<Option<String>, PortError> {
        self.access.require_capability(Capability::Config)?;
        Ok(self.settings.0.get(key).cloned())
    }

    async fn all(&self, _: &CallContext) -> Result<Vec<(String, String)>, PortError> {
        self.access.require_capability(Capability::Config)?;
        Ok(self
            .settings
            .0
            .iter()
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect())
    }
}
