//! Connections of clients: how many there are, how long each may idle, and how they end.
//!
//! Whoever finds no room waits to be accepted. A connection on which no request begins is closed, so
//! those that are only held open cannot keep others out for long.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::patience::Patient;

/// How long to wait when no connection can be accepted: there are no more file descriptors, mostly.
const AFTER_FAILURE: Duration = Duration::from_millis(200);
/// How long connections may take to end when all requests are answered. Then they are cut: their
/// clients do not read.
const LAST: Duration = Duration::from_millis(500);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Most at once.
    pub(crate) most: usize,
    /// How long the head of a request may take, from the answer before it on.
    pub(crate) head_within: Duration,
    /// How long a client may take to read what is sent to it.
    pub(crate) read_within: Duration,
}

/// Serves until `shutdown`, then no new connections; `close` has to end the streams, which would
/// else last as long as their clients.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
    close: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(limits.most));
    let connections = TaskTracker::new();
    let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
    let accepting = async {
        // The semaphore is never closed.
        while let Ok(permit) = room.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (stopping, cut) = (stopping.clone(), cut.clone());
                    let connection = connection(stream, router.clone(), limits, stopping);
                    connections.spawn(async move {
                        tokio::select! {
                            () = connection => {}
                            () = cut.cancelled() => {}
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = accepting => {}
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    close.await;
    let ended = tokio::time::timeout(LAST, connections.wait()).await;
    if ended.is_err() {
        tracing::debug!(connections = connections.len(), "connections are cut");
        cut.cancel();
        connections.wait().await;
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    stopping: CancellationToken,
) {
    // An answer as an event stream is several small writes. With Nagle's algorithm and delayed
    // acknowledgements each would cost 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stream = Patient::new(stream, limits.read_within);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
