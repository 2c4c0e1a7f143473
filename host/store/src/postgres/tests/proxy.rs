//! A way to a server that can be cut at a chosen moment.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::super::place::{Place, Settings};

/// When the next commit is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before the server hears of it.
    BeforeCommit,
    /// When the server has answered, and before the client hears that.
    AfterCommit,
}

/// Stands between a store and its server.
pub(super) struct Proxy {
    settings: Settings,
    next: Arc<Mutex<Option<Cut>>>,
    lost: watch::Sender<u32>,
    _folder: TempDir,
}

impl Proxy {
    pub(super) async fn start(to: &Settings) -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let place = Place::of(to.clone()).unwrap();
        let tokio_postgres::config::Host::Unix(server) = &place.config.get_hosts()[0] else {
            panic!("the server is not at a socket");
        };
        let server = server.join(".s.PGSQL.5432");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let next = Arc::new(Mutex::new(None));
        let lost = watch::Sender::new(0);
        let (cut, losses) = (Arc::clone(&next), lost.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&cut), losses.clone()));
            }
        });
        Self {
            settings: Settings {
                url: format!("host={} user=koi dbname=postgres", folder.path().display()),
                ..to.clone()
            },
            next,
            lost,
            _folder: folder,
        }
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// Cuts the connection off that commits next.
    pub(super) fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    /// Cuts off all that there are, and lets the server believe that they go on.
    pub(super) fn lose(&self) {
        self.lost.send_modify(|times| *times += 1);
    }
}

async fn forward(
    mut client: UnixStream,
    mut server: UnixStream,
    cut: Arc<Mutex<Option<Cut>>>,
    mut losses: watch::Receiver<u32>,
) -> std::io::Result<()> {
    losses.mark_unchanged();
    let (mut requests, mut answers) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            length = client.read(&mut requests) => {
                let request = &requests[..length?];
                let is_commit = request.windows(6).any(|text| text == b"COMMIT");
                let cut = is_commit.then(|| cut.lock().unwrap().take()).flatten();
                if request.is_empty() || cut == Some(Cut::BeforeCommit) {
                    return Ok(());
                }
                server.write_all(request).await?;
                if cut == Some(Cut::AfterCommit) {
                    return server.read(&mut answers).await.map(drop);
                }
            }
            length = server.read(&mut answers) => {
                match length? {
                    0 => return Ok(()),
                    length => client.write_all(&answers[..length]).await?,
                }
            }
            _ = losses.changed() => {
                drop(client);
                // The server's end stays, until the test has ended.
                return std::future::pending().await;
            }
        }
    }
}
