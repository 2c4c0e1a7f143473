//! The sessions of MCP clients, so that they outlive their time in memory and the node's restarts.

use async_trait::async_trait;
use koi_rid::Timestamp;

use crate::Result;

/// A session and what its client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpSession {
    /// The id by which its client names it.
    pub id: String,
    /// Whose it is; none for the local client.
    pub principal: Option<String>,
    /// The path at which it began.
    pub endpoint: String,
    /// What the client said of itself when it began, JSON text.
    pub initialize: String,
    /// From which level on the client wants to hear messages; none if it did not say.
    pub log_level: Option<String>,
    /// The URIs of the resources that it subscribed to, in their order.
    pub subscriptions: Vec<String>,
    /// When it was last used.
    pub last_used: Timestamp,
}

/// Keeps sessions. What concerns a session that is not there changes nothing.
#[async_trait]
pub trait McpSessions: Send + Sync {
    /// Adds a session unless there are `most` already; tells whether it did. Of its subscriptions
    /// there are none yet.
    async fn begin(&self, session: McpSession, most: u64) -> Result<bool>;

    /// A session; `None` if there is none with this id.
    async fn load(&self, id: &str) -> Result<Option<McpSession>>;

    /// From which level on its client wants to hear messages.
    async fn set_log_level(&self, id: &str, level: &str) -> Result<()>;

    /// Adds a subscription unless those of all sessions would have more than `most_bytes` bytes of
    /// URIs then; tells whether it is there now.
    async fn subscribe(&self, id: &str, uri: &str, most_bytes: u64) -> Result<bool>;

    /// Takes a subscription away.
    async fn unsubscribe(&self, id: &str, uri: &str) -> Result<()>;

    /// Notes when some sessions were last used.
    async fn used(&self, sessions: Vec<(String, Timestamp)>) -> Result<()>;

    /// Forgets a session.
    async fn end(&self, id: &str) -> Result<()>;

    /// Forgets all sessions that were last used before this; tells how many.
    async fn expire(&self, before: &Timestamp) -> Result<u64>;

    /// How many there are.
    async fn count(&self) -> Result<u64>;
}
