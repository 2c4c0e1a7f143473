//! The admin API from the side of the commands.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::data_dir::{Presence, RunningNode, presence};

/// A connection to the node that runs on a data folder.
pub struct Client {
    node: RunningNode,
    token: String,
    http: reqwest::Client,
}

impl Client {
    /// The node that runs on a data folder.
    ///
    /// # Errors
    /// If none runs there.
    pub fn of(data_dir: &Path) -> Result<Self> {
        let shown = data_dir.display();
        match presence(data_dir)? {
            Presence::Running(node, token) => Self::new(node, token),
            Presence::Between => bail!(
                "the node on the data folder {shown} is starting or stopping; try again in a moment"
            ),
            Presence::Nobody => bail!(
                "no node is running on the data folder {shown}; start one with `koi-mcp serve \
                 --data-dir {shown}`"
            ),
        }
    }

    /// The node that runs on a data folder, if one does and is ready.
    ///
    /// # Errors
    /// If the files of the node are not readable.
    pub fn find(data_dir: &Path) -> Result<Option<Self>> {
        match presence(data_dir)? {
            Presence::Running(node, token) => Self::new(node, token).map(Some),
            Presence::Between | Presence::Nobody => Ok(None),
        }
    }

    fn new(node: RunningNode, token: String) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { node, token, http })
    }

    /// Where the node listens.
    #[must_use]
    pub fn node(&self) -> &RunningNode {
        &self.node
    }

    /// The token of its admin API.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request to a path below `/v1/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/v1/{path}", self.node.admin_url))
            .bearer_auth(&self.token)
    }

    /// Sends a request, whose answer is yet to be read.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn open(&self, request: RequestBuilder) -> Result<Response> {
        let response = request
            .send()
            .await
            .with_context(|| format!("cannot reach the node at {}", self.node.admin_url))?;
        refusal(response).await
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// If the node cannot be reached, or with the node's own words if it refuses.
    pub async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.open(request).await?;
        response
            .json()
            .await
            .context("the node's answer is not what this version of koi-mcp expects")
    }
}

/// A name as one part of a path, whatever is in it.
#[must_use]
pub fn segment(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}

async fn refusal(response: Response) -> Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    Err(match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => anyhow!("{}", problem.detail),
        Err(_) => anyhow!("the node answered {status}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(segment("data-catalog"), "data-catalog");
        assert_eq!(segment("a/../b?c#d ü"), "a%2F..%2Fb%3Fc%23d%20%C3%BC");
    }
}
