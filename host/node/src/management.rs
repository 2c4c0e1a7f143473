//! Extensions managed by agents: what the MCP server's tools for that do.

use futures::future::BoxFuture;
use koi_distribution::{Reference, Signed};
use koi_mcp_server::{ComponentSource, Management};
use koi_registry::{GrantRequest, Install, Naming, Registry, Role};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::registries::Registries;

/// What is changed, and where components are pulled from.
pub(crate) struct Managed {
    pub(crate) registry: Registry,
    pub(crate) registries: Registries,
}

impl Managed {
    /// Installs a component with the grants that its extension has.
    async fn put(
        &self,
        component: Vec<u8>,
        naming: Naming,
        signed: Signed,
        source: String,
        who: &str,
    ) -> Result<Value, String> {
        let install = Install {
            component,
            naming,
            grants: GrantRequest::Keep,
            settings: Map::new(),
            tool_prefix: None,
            source,
            learn: false,
            who: who.to_owned(),
        };
        let installed = self.registry.install_as(install, Role::Serving, signed);
        json_of(&installed.await.map_err(told)?)
    }
}

impl Management for Managed {
    fn list(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async {
            let extensions = self.registry.list_with_usage().await.map_err(told)?;
            Ok(json!({ "extensions": json_of(&extensions)? }))
        })
    }

    fn install<'a>(
        &'a self,
        component: ComponentSource,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async move {
            match component {
                ComponentSource::Bytes(bytes) => {
                    let source = format!("mcp:{who}");
                    self.put(bytes, Naming::Own, Signed::default(), source, who)
                        .await
                }
                ComponentSource::Reference(reference) => {
                    let reference: Reference = reference.parse().map_err(told)?;
                    let client = self.registries.client(&reference);
                    let client = client.map_err(|error| format!("{error:#}"))?;
                    let pulled = client.pull(&reference).await.map_err(told)?;
                    let source = pulled.reference.to_string();
                    let naming = Naming::After(source.clone());
                    self.put(pulled.component, naming, pulled.signed, source, who)
                        .await
                }
            }
        })
    }

    fn revert<'a>(
        &'a self,
        extension: &'a str,
        revision: Option<u64>,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async move {
            // What was revoked meanwhile was taken from earlier revisions, too.
            let reverted = self.registry.revert(extension, revision, who).await;
            json_of(&reverted.map_err(told)?)
        })
    }

    fn remove<'a>(
        &'a self,
        extension: &'a str,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async move {
            self.registry.remove(extension, who).await.map_err(told)?;
            Ok(json!({ "removed": extension }))
        })
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn json_of(value: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(value).map_err(told)
}
