//! All concerns of one store together.

use std::sync::Arc;

use crate::{
    Archive, Audit, Bundles, Commits, DeadLetters, Extensions, Inbox, Indexes, JobRuns, KeyValue,
    McpSessions, Outbox, SavedStates,
};

/// A store: one handle for each concern, cheap to clone. When the last handle of all clones goes,
/// what was asked for is finished and the store is closed.
#[derive(Clone)]
pub struct Stores {
    /// The knowledge.
    pub bundles: Arc<dyn Bundles>,
    /// What of the knowledge is indexed.
    pub indexes: Arc<dyn Indexes>,
    /// What has arrived.
    pub inbox: Arc<dyn Inbox>,
    /// What has to be told to peers.
    pub outbox: Arc<dyn Outbox>,
    /// What was given up.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Installed extensions.
    pub extensions: Arc<dyn Extensions>,
    /// The durable facts of extensions.
    pub key_value: Arc<dyn KeyValue>,
    /// The states of extensions that run as one instance.
    pub saved_states: Arc<dyn SavedStates>,
    /// The runs of extensions' jobs.
    pub job_runs: Arc<dyn JobRuns>,
    /// The sessions of MCP clients.
    pub mcp_sessions: Arc<dyn McpSessions>,
    /// Who changed what an extension is allowed.
    pub audit: Arc<dyn Audit>,
    /// All of it, to be given out.
    pub archive: Arc<dyn Archive>,
    /// Changes that belong together.
    pub commits: Arc<dyn Commits>,
}

impl Stores {
    /// A backend that does all of it.
    pub(crate) fn of<B>(backend: Arc<B>) -> Self
    where
        B: Bundles
            + Indexes
            + Inbox
            + Outbox
            + DeadLetters
            + Extensions
            + KeyValue
            + SavedStates
            + JobRuns
            + McpSessions
            + Audit
            + Archive
            + Commits
            + 'static,
    {
        Self {
            bundles: backend.clone(),
            indexes: backend.clone(),
            inbox: backend.clone(),
            outbox: backend.clone(),
            dead_letters: backend.clone(),
            extensions: backend.clone(),
            key_value: backend.clone(),
            saved_states: backend.clone(),
            job_runs: backend.clone(),
            mcp_sessions: backend.clone(),
            audit: backend.clone(),
            archive: backend.clone(),
            commits: backend,
        }
    }
}
