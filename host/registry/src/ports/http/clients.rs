//! HTTP clients, one for each set of addresses that was checked.
//!
//! A client knows the addresses of its one host and resolves no name itself, so that neither a new
//! connection nor one that was kept open goes anywhere else. Building one for `https` reads the
//! machine's root certificates, so that the last ones used are kept.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use super::target::Target;
use crate::grant::Scheme;

/// So many clients are kept.
const MAX_CLIENTS: usize = 64;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Connections are kept open for so long, and so many per client.
const IDLE_FOR: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 4;

/// What guests are taken for if they don't say who they are.
const USER_AGENT: &str = concat!("koi-mcp/", env!("CARGO_PKG_VERSION"));

#[derive(Clone, PartialEq)]
struct Key {
    scheme: Scheme,
    host: String,
    addresses: Vec<IpAddr>,
}

/// The last clients used, the newest at the end.
#[derive(Default)]
pub(super) struct Clients(Mutex<Vec<(Key, Client)>>);

impl Clients {
    /// The client for a host at these addresses.
    pub(super) async fn get(
        &self,
        target: &Target,
        addresses: &[IpAddr],
    ) -> Result<Client, String> {
        let mut sorted = addresses.to_vec();
        sorted.sort_unstable();
        let key = Key {
            scheme: target.scheme,
            host: target.host.clone(),
            addresses: sorted,
        };
        if let Some(client) = self.kept(&key) {
            return Ok(client);
        }
        let (of, addresses) = (key.clone(), addresses.to_vec());
        let built = tokio::task::spawn_blocking(move || build(&of, &addresses)).await;
        let client = built
            .map_err(|error| error.to_string())?
            .map_err(|error| super::egress::chain(&error))?;
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.remove(0);
        }
        clients.push((key, client.clone()));
        Ok(client)
    }

    fn kept(&self, key: &Key) -> Option<Client> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = clients.iter().position(|(of, _)| of == key)?;
        let found = clients.remove(at);
        let client = found.1.clone();
        clients.push(found);
        Some(client)
    }
}

fn build(key: &Key, addresses: &[IpAddr]) -> reqwest::Result<Client> {
    // Port 0 stands for the URL's.
    let addresses: Vec<SocketAddr> = addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
    let client = Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(IDLE_FOR)
        .pool_max_idle_per_host(MAX_IDLE)
        .dns_resolver(Arc::new(Nowhere))
        .resolve_to_addrs(&key.host, &addresses);
    match key.scheme {
        // Nothing is trusted where nothing is checked.
        Scheme::Http => client.tls_certs_only([]).build(),
        Scheme::Https => client.build(),
    }
}

/// Resolves nothing: what a client connects to was resolved and checked before.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, name: Name) -> Resolving {
        let error = format!("the addresses of `{}` were not checked", name.as_str());
        Box::pin(async move { Err(error.into()) })
    }
}
