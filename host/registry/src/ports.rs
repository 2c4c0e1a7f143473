//! The ports of an extension: the node's, with its grants and bounds around them.
//!
//! Each decorator asks the extension's [`Access`] at each call, so that a change of grants holds from
//! the next call on, in calls that are under way too.

mod caller;
mod config;
mod environment;
mod files;
mod http;
mod key_value;
mod knowledge;
mod network;
mod saved_state;
mod schemas;
mod secrets;
mod shadow;
mod system;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use koi_runtime::ports::{Knowledge, Network, Ports, SystemClock, SystemRandom};
use koi_store::{KeyValue as Store, SavedStates};

use crate::grant::Access;
use crate::secret::{Guard, ScrubbedLog, SecretHttp, Vault};
pub(crate) use caller::GrantedCaller;
use config::GrantedConfig;
pub(crate) use config::Settings;
use environment::GrantedEnvironment;
use files::GrantedFiles;
pub(crate) use http::Egress;
use http::GrantedHttp;
use key_value::GrantedKeyValue;
pub use key_value::{check_bucket, check_keys, check_value};
use knowledge::GrantedKnowledge;
use network::GrantedNetwork;
use saved_state::StoredState;
use schemas::GrantedSchemas;
pub(crate) use schemas::Newest;
use secrets::GrantedSecrets;
pub(crate) use shadow::within_the_node;
use system::OperatorLog;
pub(crate) use system::Unheard;

/// What the ports of all extensions rest on.
#[derive(Clone)]
pub(crate) struct NodePorts {
    pub(crate) knowledge: Arc<dyn Knowledge>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) key_value: Arc<dyn Store>,
    pub(crate) saved_states: Arc<dyn SavedStates>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) newest: Newest,
}

impl NodePorts {
    /// The ports of one extension; the guard is that of its secrets, if it asks for some.
    pub(crate) fn granted(
        &self,
        access: &Arc<Access>,
        settings: Settings,
        guard: Option<&Arc<Guard>>,
    ) -> Ports {
        let ports = Ports {
            knowledge: Arc::new(GrantedKnowledge::new(
                self.knowledge.clone(),
                access.clone(),
                guard.cloned(),
            )),
            schemas: Arc::new(GrantedSchemas::new(self.newest.clone(), access.clone())),
            key_value: Arc::new(GrantedKeyValue::new(
                self.key_value.clone(),
                access.clone(),
                guard.cloned(),
            )),
            config: Arc::new(GrantedConfig::new(settings, access.clone())),
            network: Arc::new(GrantedNetwork::new(self.network.clone(), access.clone())),
            saved_state: Arc::new(StoredState::new(
                self.saved_states.clone(),
                self.newest.clone(),
            )),
            http: Arc::new(GrantedHttp::new(self.egress.clone(), access.clone())),
            files: Arc::new(GrantedFiles::new(access.clone())),
            environment: Arc::new(GrantedEnvironment::new(access.clone())),
            secrets: Arc::new(GrantedSecrets::new(access.clone(), guard.cloned())),
            log: Arc::new(OperatorLog),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            order: None,
            gauge: None,
        };
        match guard {
            Some(guard) => Ports {
                http: Arc::new(SecretHttp::new(ports.http, guard.clone())),
                log: Arc::new(ScrubbedLog::new(ports.log, guard.clone())),
                ..ports
            },
            None => ports,
        }
    }
}
