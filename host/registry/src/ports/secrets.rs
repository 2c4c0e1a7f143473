//! Placeholders of secrets, where they were granted.

use std::sync::Arc;

use koi_runtime::ports::{CallContext, PortError, Secrets};

use crate::grant::Access;
use crate::secret::{Guard, SecretError, SecretName};

pub(super) struct GrantedSecrets {
    access: Arc<Access>,
    guard: Option<Arc<Guard>>,
}

impl GrantedSecrets {
    pub(super) fn new(access: Arc<Access>, guard: Option<Arc<Guard>>) -> Self {
        Self { access, guard }
    }
}

impl Secrets for GrantedSecrets {
    fn placeholder(&self, _: &CallContext, name: &str) -> Result<String, PortError> {
        let name: SecretName = name
            .parse()
            .map_err(|error: SecretError| PortError::InvalidInput(error.to_string()))?;
        match &self.guard {
            Some(guard) => guard.placeholder(&name),
            None => Err(PortError::Denied(self.access.secret_denial(&name, "HOST"))),
        }
    }
}
