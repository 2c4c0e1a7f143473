//! `[koi.tls]`: how connections to other nodes are secured.

use std::path::PathBuf;

use koi_net::{Authorities, TlsError, TlsServer};
use serde::{Deserialize, Serialize};

use super::Fault;

/// Files for TLS, in PEM. They are read when the node starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, followed by those between it and its authority. Left out: the server
    /// speaks plain HTTP.
    pub certificate: Option<PathBuf>,
    /// The private key to it, not encrypted.
    pub key: Option<PathBuf>,
    /// The authorities that certificates of other nodes may come from. Left out: the system's.
    pub roots: Option<PathBuf>,
}

impl TlsConfig {
    /// Whether what is set belongs together, with the URL that other nodes are told.
    pub(super) fn check(&self, base_url: Option<&str>) -> Result<(), Fault> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => Err(Fault::of(
                "koi.tls.certificate",
                "needs koi.tls.key besides it",
            )),
            (None, Some(_)) => Err(Fault::of(
                "koi.tls.key",
                "needs koi.tls.certificate besides it",
            )),
            (Some(_), Some(_)) if base_url.is_some_and(|url| !url.starts_with("https://")) => {
                let what =
                    "expected a URL that starts with https://, since koi.tls.certificate is set";
                Err(Fault::of("koi.base_url", what))
            }
            _ => Ok(()),
        }
    }

    /// What the server shows, if it is to be secured.
    ///
    /// # Errors
    /// Which key names a file that does not serve, and why.
    pub(crate) fn server(&self) -> Result<Option<TlsServer>, Fault> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let server = TlsServer::read(certificate, key).map_err(|error| of_file(&error))?;
                Ok(Some(server))
            }
            _ => Ok(None),
        }
    }

    /// The authorities, if they are not to be the system's.
    ///
    /// # Errors
    /// As for [`TlsConfig::server`].
    pub(crate) fn authorities(&self) -> Result<Option<Authorities>, Fault> {
        let read = self.roots.as_deref().map(Authorities::read).transpose();
        read.map_err(|error| of_file(&error))
    }
}

fn of_file(error: &TlsError) -> Fault {
    let key = match error {
        TlsError::Certificate { .. } => "koi.tls.certificate",
        TlsError::Key { .. } => "koi.tls.key",
        TlsError::Authorities { .. } => "koi.tls.roots",
    };
    Fault::of(key, error.to_string())
}
