//! Environment variables of the node, where they were granted.

use std::sync::Arc;

use koi_runtime::ports::{CallContext, Environment};

use crate::grant::Access;

pub(super) struct GrantedEnvironment {
    access: Arc<Access>,
}

impl GrantedEnvironment {
    pub(super) fn new(access: Arc<Access>) -> Self {
        Self { access }
    }
}

impl Environment for GrantedEnvironment {
    /// Those that the node does not have, or whose value is no text, are left out.
    fn variables(&self, _: &CallContext) -> Vec<(String, String)> {
        let (granted, asks) = (self.access.granted(), self.access.asks());
        granted
            .variables()
            .filter(|given| asks.variables().any(|asked| asked.asks_for(given)))
            .filter_map(|given| Some((given.name().to_owned(), std::env::var(given.name()).ok()?)))
            .collect()
    }
}
