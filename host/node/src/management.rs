//! Extensions managed by agents: what the MCP server's tools for that do.

use std::sync::Arc;

use futures::future::BoxFuture;
use koi_mcp_server::{ComponentSource, Management};
use koi_registry::{GrantRequest, Install, Registry};
use koi_store::Extensions;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What is changed, and where earlier revisions are.
pub(crate) struct Managed {
    pub(crate) registry: Registry,
    pub(crate) revisions: Arc<dyn Extensions>,
}

impl Managed {
    /// Installs a component with the grants that its extension has.
    async fn put(&self, component: Vec<u8>, source: String, who: &str) -> Result<Value, String> {
        let install = Install {
            component,
            grants: GrantRequest::Keep,
            settings: Map::new(),
            tool_prefix: None,
            source,
            learn: false,
            who: who.to_owned(),
        };
        let report = self.registry.install(install).await;
        json_of(&report.map_err(told)?)
    }

    /// The bytes of the revision that is to serve again, and its number.
    async fn earlier(&self, name: &str, wanted: Option<u64>) -> Result<(Vec<u8>, u64), String> {
        let list = self.registry.list();
        let running = list.iter().find(|extension| extension.name == name);
        let serving = running
            .ok_or_else(|| format!("no extension `{name}` is installed"))?
            .revision;
        let revisions = self.revisions.revisions(name).await.map_err(told)?;
        let fits = |revision: u64| match wanted {
            Some(wanted) => revision == wanted,
            None => revision < serving,
        };
        let found = revisions.iter().rfind(|of| fits(of.revision));
        let found = found.ok_or_else(|| match wanted {
            Some(wanted) => format!("`{name}` has no revision {wanted}"),
            None => format!("revision {serving} of `{name}` is the first one"),
        })?;
        let component = self
            .revisions
            .component(&found.digest)
            .await
            .map_err(told)?;
        let revision = found.revision;
        let gone = || format!("the component of revision {revision} is not in the store any more");
        Ok((component.ok_or_else(gone)?, revision))
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
                ComponentSource::Bytes(bytes) => self.put(bytes, format!("mcp:{who}"), who).await,
                ComponentSource::Reference(reference) => Err(format!(
                    "this node fetches nothing from registries, so not {reference}: send the component \
                     itself"
                )),
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
            let (component, revision) = self.earlier(extension, revision).await?;
            let source = format!("mcp:{who}, from revision {revision}");
            self.put(component, source, who).await
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
