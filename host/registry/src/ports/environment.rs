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
        let granted = self.access.granted();
        self.access
            .asks()
            .variables()
            .filter(|asked| granted.variables().any(|given| given == *asked))
            .filter_map(|asked| Some((asked.name().to_owned(), std::env::var(asked.name()).ok()?)))
            .collect()
    }
}
