//! The registries that components come from and go to.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use koi_distribution::{OciClient, Reference};

use crate::config::{Config, OciConfig};

/// Registries, as a node on a data folder deals with them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registries {
    config: Arc<OciConfig>,
    data_dir: Arc<Path>,
}

impl Registries {
    /// Those of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            config: Arc::new(config.extensions.oci.clone()),
            data_dir: config.node.data_dir.as_path().into(),
        }
    }

    /// A client for the registry of a reference, with what the node shows there.
    ///
    /// # Errors
    /// If the password is to be a secret that is not there.
    pub fn client(&self, reference: &Reference) -> Result<OciClient> {
        let options = self.config.options(reference, &self.data_dir)?;
        Ok(OciClient::new(options)?)
    }
}
