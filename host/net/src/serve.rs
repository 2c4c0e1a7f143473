//! Connections from other nodes: how many there are, how long each may idle, and how they end.
//!
//! Whoever finds no room waits to be accepted. A connection on which no request begins is closed, so
//! those that are only held open cannot keep others out for long.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tls::TlsServer;

/// Most connections at once.
const MAX_CONNECTIONS: usize = 1024;

/// How long the head of a request may take, from the answer before it on. Longer than this node's own
/// client keeps an idle connection.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How long it may take to secure a connection.
const SECURED_WITHIN: Duration = Duration::from_secs(10);

/// How long to wait when no connection can be accepted: there are no more file descriptors, mostly.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Serves until the node stops; requests that have begun are answered then.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsServer>,
    router: Router,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    let accepting = async {
        // The semaphore is never closed.
        while let Ok(permit) = room.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = connection(stream, tls.clone(), router.clone(), stop.clone());
                    connections.spawn(async move {
                        connection.await;
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
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsServer>,
    router: Router,
    stop: CancellationToken,
) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return answer(stream, router, stop).await;
    };
    let secured = tokio::select! {
        () = stop.cancelled() => return,
        secured = tokio::time::timeout(SECURED_WITHIN, tls.0.accept(stream)) => secured,
    };
    match secured {
        Ok(Ok(stream)) => answer(stream, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a connection could not be secured"),
        Err(_) => tracing::debug!("a connection took too long to be secured"),
    }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    stop: CancellationToken,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
