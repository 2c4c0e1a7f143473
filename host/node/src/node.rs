//! The composition root: everything that a node consists of is wired here and nowhere else.
//!
//! [`Node::start`] either gives a node that serves, or undoes what it began and says why in one
//! sentence. [`Node::stop`] lets what is in flight finish, within [`STOP_WITHIN`]; what was accepted
//! and not processed by then is in the store, and goes on at the next start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use koi_mcp_server::{McpOptions, McpParts, McpServer};
use koi_net::{Border, FirstContact, Identity, Net, NetNode, NetParts, base_url};
use koi_pipeline::{Intake, Pipeline, PipelineParts, Retry};
use koi_registry::{Registry, RegistryParts};
use koi_rid::Rid;
use koi_runtime::{Runtime, RuntimeConfig};
use koi_schedule::{Schedule, ScheduleParts, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::admin::{AdminParts, Archive, router};
use crate::config::{Config, Kind, Role};
use crate::data_dir::{DataDir, RunningNode};
use crate::drop_folder::DropFolder;
use crate::indexes;
use crate::management::Managed;
use crate::registries::Registries;
use crate::secrets::Secrets;

/// How long stopping may take, so that all of the program's end takes less than five seconds.
pub const STOP_WITHIN: Duration = Duration::from_millis(4_500);

/// How much of that what is in flight gets, before connections are cut.
const DRAIN_WITHIN: Duration = Duration::from_secs(3);

/// How long the states of extensions may take to be saved after that.
const SAVE_WITHIN: Duration = Duration::from_secs(1);

/// Objects that may wait in memory for the pipeline.
const INTAKE_BOUND: usize = 20_000;

/// Objects that may be on their way through the pipeline at once.
const WORKERS: usize = 64;

/// A running node.
pub struct Node {
    running: RunningNode,
    mcp: McpServer,
    tasks: TaskTracker,
    /// Ends everything, also when the node is dropped or has only half started.
    stopping: DropGuard,
}

impl Node {
    /// Starts a node.
    ///
    /// # Errors
    /// If its data folder is in use, a port is taken, or what it keeps cannot be read.
    pub async fn start(config: Config) -> Result<Self> {
        let data_dir = DataDir::open(&config.node.data_dir)?;
        let koi = match config.koi.kind {
            Kind::Full => Some(listen(config.koi.listen, "KOI-net", "--koi-listen").await?),
            Kind::Partial => None,
        };
        let mcp = listen(config.mcp.listen, "MCP", "--mcp-listen").await?;
        let admin = listen(
            config.admin.listen,
            "the admin API",
            "KOI_MCP_ADMIN__LISTEN",
        )
        .await?;

        let stores = config.store.open(data_dir.path()).await?;
        let identity = Identity::load_or_create(data_dir.path(), &config.node.name)?;
        let runtime = Runtime::new(RuntimeConfig {
            cache_dir: Some(data_dir.code_dir()),
            cache_key: data_dir.code_key()?,
            compiler: config.compile.compiler.clone(),
            compile_limits: config.compile.limits(),
            slots: config.runtime.slots,
            fuel: config.runtime.fuel,
        })?;
        let limits = config.koi.limits.limits()?;
        let tls = config.koi.tls.server()?;
        let running = RunningNode {
            node_rid: identity.rid().to_string(),
            koi_url: match (&koi, &config.koi.base_url) {
                (None, _) => None,
                (Some(_), Some(url)) => Some(url.trim_end_matches('/').to_owned()),
                (Some(koi), None) => Some(match &tls {
                    Some(tls) => tls.base_url(koi.local_addr()?),
                    None => base_url(koi.local_addr()?),
                }),
            },
            mcp_url: format!("http://{}/mcp", usable(mcp.local_addr()?)),
            admin_url: format!("http://{}", admin.local_addr()?),
            public_key: identity.public_key().to_owned(),
        };

        if config.mcp.tokens.is_empty() && !config.mcp.listen.ip().is_loopback() {
            tracing::warn!(
                listen = %config.mcp.listen,
                "everybody who reaches the MCP server may use it: name principals under mcp.tokens"
            );
        }
        if config.mcp.tokens.is_empty() && config.mcp.lets_agents_install() {
            tracing::warn!(
                "everybody who reaches the MCP server may install extensions: name principals under \
                 mcp.tokens, or switch manage_extensions off"
            );
        }
        let token = data_dir.new_token()?;
        let drop_folder = DropFolder::open(&config.drop_folder());
        let call_limits = config.limits()?;
        let watch = config.watch()?;
        let signatures = config.extensions.signatures.policy()?;
        let views = config.mcp.other_views()?;
        let lifetimes = config.store.lifetimes()?;

        let intake = Intake::new(&stores, INTAKE_BOUND, limits.waiting);
        let net = Net::open(NetParts {
            role: net_role(config.role()),
            kind: match running.koi_url.clone() {
                Some(base_url) => koi_net::Kind::Full { base_url },
                None => koi_net::Kind::Partial {
                    poll_every: Duration::from_millis(config.koi.poll_interval.get()),
                },
            },
            first_contact: first_contact(&config)?,
            border: Border {
                trust: config.koi.trust.rules()?,
                limits,
                replay_window: config.koi.trust.replay_window(),
                tls,
                authorities: config.koi.tls.authorities()?,
            },
            identity: identity.clone(),
            stores: stores.clone(),
            intake: intake.clone(),
            lifetimes: lifetimes.clone(),
        })
        .await?;
        let knowledge =
            koi_pipeline::knowledge(&stores, &intake, net.fetch(), identity.rid().clone());
        let secrets = Arc::new(Secrets::open(&data_dir, &stores)?);
        let registry = Registry::open(RegistryParts {
            vault: secrets.vault(),
            loader: Arc::new(runtime.clone()),
            extensions: stores.extensions.clone(),
            key_value: stores.key_value.clone(),
            saved_states: stores.saved_states.clone(),
            knowledge,
            network: net.network(),
            settings: config.extensions.settings.clone(),
            signatures,
            limits: call_limits,
            save_every: config.runtime.save_every,
            watch,
            keep: config.extensions.keep,
        })
        .await?;
        let pipeline = Pipeline::start(PipelineParts {
            stores: stores.clone(),
            intake: intake.clone(),
            registry: registry.clone(),
            node_rid: identity.rid().clone(),
            host_handlers: net.host_handlers(&registry),
            fetch: net.fetch(),
            workers: WORKERS,
            retry: Retry::default(),
            lifetimes,
        })
        .await?;

        let schedule = Schedule::start(ScheduleParts {
            registry: registry.clone(),
            runs: stores.job_runs.clone(),
            clock: Arc::new(SystemClock),
        })
        .await?;

        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let guard = stopping.clone().drop_guard();
        let (served, serving) = oneshot::channel();
        let data_dir = Arc::new(data_dir);
        tasks.spawn(wind_down(
            stopping.clone(),
            data_dir.clone(),
            pipeline.clone(),
            schedule.clone(),
            serving,
            registry.clone(),
        ));
        let serving = net.start(koi, &registry, &pipeline).await?;
        // Its receiver waits until the node stops.
        let _ = served.send(serving);
        let mut mcp_options = McpOptions {
            allowed_hosts: config.mcp.allowed_hosts.clone(),
            allowed_origins: config.mcp.allowed_origins.clone(),
            tokens: config.tokens()?,
            main: config.mcp.main_view(),
            views,
            ..McpOptions::default()
        };
        config.mcp.limits.put_into(&mut mcp_options);
        let mcp_server = McpServer::new(McpParts {
            catalog: Arc::new(registry.clone()),
            management: Some(Arc::new(Managed {
                registry: registry.clone(),
                registries: Registries::new(&config),
            })),
            bundles: stores.bundles.clone(),
            sessions: stores.mcp_sessions.clone(),
            changes: pipeline.changes(),
            options: mcp_options,
        });
        let dropped = drop_folder.report();
        tasks.spawn(drop_folder.run(registry.clone(), stopping.clone()));
        let (registered, indexes) = (registry.clone(), stores.indexes.clone());
        tasks.spawn(indexes::keep(registered, indexes, stopping.clone()));
        let parts = AdminParts {
            node: running.clone(),
            runtime,
            archive: Archive::new(data_dir.path(), config.store.url.is_some()),
            registries: Registries::new(&config),
            registry,
            dropped,
            stores,
            secrets,
            net,
            intake,
            pipeline,
            schedule,
            mcp: mcp_server.clone(),
            tasks: tasks.clone(),
            stopping: stopping.clone(),
        };
        let serve_admin = axum::serve(admin, router(parts, &token))
            .with_graceful_shutdown(stopping.clone().cancelled_owned());
        let (server, stop) = (mcp_server.clone(), stopping.cancelled_owned());
        tasks.spawn(async move { server.serve(mcp, stop).await });
        tasks.spawn(async move { report("the admin API", serve_admin.await) });
        tasks.close();
        data_dir.announce(&running)?;
        Ok(Self {
            running,
            mcp: mcp_server,
            tasks,
            stopping: guard,
        })
    }

    /// Where the node listens.
    #[must_use]
    pub fn running(&self) -> &RunningNode {
        &self.running
    }

    /// Its MCP server, for further transports.
    #[must_use]
    pub fn mcp(&self) -> &McpServer {
        &self.mcp
    }

    /// Stops the node: no new work, what is in flight finishes, within [`STOP_WITHIN`].
    pub async fn stop(self) {
        drop(self.stopping);
        let stopped = tokio::time::timeout(STOP_WITHIN, self.tasks.wait()).await;
        if stopped.is_err() {
            tracing::warn!("connections that were still busy were cut");
        }
    }
}

/// Waits until the node stops, and then stops the jobs and the network side, if it had begun to serve,
/// and then the pipeline: what is answered and published meanwhile is accepted. Then extensions save what
/// they keep in memory. The data folder is free after that.
async fn wind_down(
    stopping: CancellationToken,
    data_dir: Arc<DataDir>,
    pipeline: Pipeline,
    schedule: Schedule,
    net: oneshot::Receiver<NetNode>,
    registry: Registry,
) {
    stopping.cancelled().await;
    data_dir.withdraw();
    let net = async {
        if let Ok(net) = net.await {
            net.shutdown(DRAIN_WITHIN).await;
        }
    };
    tokio::join!(net, schedule.drain(DRAIN_WITHIN));
    pipeline.drain(DRAIN_WITHIN).await;
    registry.save_states(SAVE_WITHIN).await;
}

/// Binds a listener, or says what to do about a port that is taken.
async fn listen(address: SocketAddr, what: &str, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} for {what}; choose another address with {flag} (port 0 picks a free one)")
    })
}

/// The address under which programs of this machine reach a listener.
fn usable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn net_role(role: Role) -> koi_net::Role {
    match role {
        Role::Coordinator => koi_net::Role::Coordinator,
        Role::Producer => koi_net::Role::Producer,
        Role::Consumer => koi_net::Role::Consumer,
    }
}

fn first_contact(config: &Config) -> Result<Option<FirstContact>> {
    let Some(url) = &config.koi.first_contact.url else {
        return Ok(None);
    };
    let rid = config
        .koi
        .first_contact
        .rid
        .as_deref()
        .map(Rid::parse)
        .transpose();
    let rid = rid.context("koi.first_contact.rid: expected a node's RID")?;
    Ok(Some(FirstContact {
        url: url.trim_end_matches('/').to_owned(),
        rid,
    }))
}

fn report(what: &str, result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "{what} has ended");
    }
}
