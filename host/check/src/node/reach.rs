//! Settings, network, HTTP, environment, secrets, saved state, time and randomness.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_registry::{Capability, Grant, Scheme};
use koi_rid::Rid;
use koi_runtime::ports::{
    CallContext, Clock, Config, Denial, Environment, Gauge, Http, HttpError, Neighbour, Network,
    PortError, Random, SavedState, Secrets, SystemClock, Used,
};

use super::{NOW, Node};

#[async_trait]
impl Config for Node {
    async fn get(&self, call: &CallContext, key: &str) -> Result<Option<String>, PortError> {
        let all = self.all(call).await?;
        Ok(all
            .into_iter()
            .find_map(|(name, value)| (name == key).then_some(value)))
    }

    async fn all(&self, call: &CallContext) -> Result<Vec<(String, String)>, PortError> {
        self.require_capability(call, Capability::Config)?;
        Ok(self.settings.clone())
    }
}

/// A node of the network, by a letter.
pub(crate) fn network_node(name: &str, letter: &str) -> Result<Rid, PortError> {
    let rid = Rid::parse(&format!("orn:koi-net.node:{name}+{}", letter.repeat(64)));
    rid.map_err(|error| PortError::Permanent(error.to_string()))
}

#[async_trait]
impl Network for Node {
    fn this_node(&self, call: &CallContext) -> Result<Rid, PortError> {
        self.require_capability(call, Capability::Network)?;
        network_node("check", "a")
    }

    async fn neighbours(&self, call: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        self.require_capability(call, Capability::Network)?;
        let rid_types = self.description.rid_types.iter();
        Ok(vec![Neighbour {
            rid: network_node("neighbour", "b")?,
            provider: true,
            subscriber: true,
            rid_types: rid_types.map(|owned| owned.rid_type.clone()).collect(),
            node_type: Some("FULL".to_owned()),
        }])
    }
}

#[async_trait]
impl Http for Node {
    /// 200 with an empty JSON object, whatever it is.
    async fn exchange(
        &self,
        call: &CallContext,
        request: http::Request<Bytes>,
        _: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let uri = request.uri();
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            _ => Scheme::Https,
        };
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(scheme.default_port());
        let method = request.method().as_str();
        let covers = |ask: &Grant| matches!(ask, Grant::Http(rule) if rule.fits(method, scheme, port) && rule.host().covers(&host));
        let at = match uri.port_u16() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let grant = format!("http={method}:{}://{at}", scheme.as_str());
        self.note(call, &grant, covers);
        if !self.access.asks().iter().any(covers) {
            return Err(HttpError::Denied(Denial {
                grant,
                remedy: format!("{} does not ask for it in its `describe`", call.extension),
            }));
        }
        http::Response::builder()
            .header("content-type", "application/json")
            .body(Bytes::from_static(b"{}"))
            .map_err(|error| HttpError::Protocol(error.to_string()))
    }
}

impl Environment for Node {
    fn variables(&self, _: &CallContext) -> Vec<(String, String)> {
        let variable = |ask: &Grant| {
            let ask = ask.to_string();
            let name = ask.strip_prefix("environment=")?.to_owned();
            Some((name, "check".to_owned()))
        };
        self.access.asks().iter().filter_map(variable).collect()
    }
}

impl Secrets for Node {
    fn placeholder(&self, call: &CallContext, name: &str) -> Result<String, PortError> {
        let grant = format!("secret={name}");
        let is_it =
            |ask: &Grant| matches!(ask, Grant::Secret(secret) if secret.name.to_string() == name);
        self.note(call, &grant, is_it);
        if self.access.asks().iter().any(is_it) {
            return Ok(format!("koi-secret-{}", "0".repeat(32)));
        }
        Err(PortError::Denied(Denial {
            grant,
            remedy: format!("{} does not ask for it in its `describe`", call.extension),
        }))
    }
}

#[async_trait]
impl SavedState for Node {
    async fn load(&self, _: &CallContext) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.kept().saved_state.clone())
    }

    async fn save(&self, _: &CallContext, state: Vec<u8>) -> Result<bool, PortError> {
        self.kept().saved_state = Some(state);
        Ok(true)
    }
}

/// The time of day stands still, so that what is written twice is the same; sleeping goes on.
pub(super) struct StandingClock;

impl Clock for StandingClock {
    fn wall(&self) -> Duration {
        NOW
    }

    fn monotonic(&self) -> u64 {
        SystemClock.monotonic()
    }
}

impl Random for Node {
    fn fill(&self, bytes: &mut [u8]) {
        let mut random = self.random();
        for chunk in bytes.chunks_mut(8) {
            let word = random.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

impl Gauge for Node {
    fn used(&self, _: &CallContext, used: Used) {
        self.noted().last = used;
    }
}
