//! The admin API of a node, for what has to be quicker than a command line.

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};

use crate::Node;

/// A client of a node's admin API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admin {
    url: String,
    token: String,
    http: Client,
}

impl Admin {
    /// Of a running node.
    ///
    /// # Errors
    /// If the node's token cannot be read.
    pub fn of(node: &Node) -> Result<Self> {
        let token = std::fs::read_to_string(node.data_dir.join("admin.token"))?;
        Ok(Self {
            url: node.admin_url.clone(),
            token: token.trim().to_owned(),
            http: Client::builder().no_proxy().build()?,
        })
    }

    /// Installs a component with all that it asks for; the report.
    ///
    /// # Errors
    /// What the node says against it.
    pub async fn install(&self, component: Vec<u8>) -> Result<Value> {
        let options = json!({"grant_asked": true, "source": "a test"}).to_string();
        let answer = self
            .http
            .post(format!("{}/v1/extensions", self.url))
            .query(&[("options", options)])
            .bearer_auth(&self.token)
            .body(component)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "the install: {status}: {text}");
        serde_json::from_str(&text).context(text)
    }

    /// Removes an extension.
    ///
    /// # Errors
    /// What the node says against it.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let answer = self
            .http
            .delete(format!("{}/v1/extensions/{name}", self.url))
            .bearer_auth(&self.token)
            .send()
            .await?;
        let status = answer.status();
        ensure!(
            status.is_success(),
            "the removal: {status}: {}",
            answer.text().await?
        );
        Ok(())
    }
}
