//! How connections between nodes are secured, where they are: what the server shows, and whom the client
//! believes.
//!
//! Who a node is follows from its key and its envelopes' signatures, with or without TLS. This keeps
//! others from reading along, and a newcomer from being told its first contact's RID by somebody else.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::server;

/// Why a file does not serve.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// That with the server's certificate.
    #[error("{path} holds no certificates that can be used: {why}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// That with the server's key.
    #[error("{path} holds no private key that can be used: {why}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// That with the authorities.
    #[error("{path} holds no authorities' certificates that can be used: {why}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// What a server shows of itself, and the key to it.
#[derive(Clone)]
pub struct TlsServer(pub(crate) TlsAcceptor);

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsServer")
    }
}

impl TlsServer {
    /// Where a node that shows this on an address has its endpoints.
    pub fn base_url(&self, address: SocketAddr) -> String {
        format!("https://{address}{}", server::PREFIX)
    }

    /// Reads PEM files: the server's certificate followed by those between it and its authority, and its
    /// private key, which is not encrypted.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let of_certificate = |why: String| TlsError::Certificate {
            path: certificate.to_owned(),
            why,
        };
        let of_key = |why: String| TlsError::Key {
            path: key.to_owned(),
            why,
        };
        let chain = certificates(certificate).map_err(of_certificate)?;
        let der = PrivateKeyDer::from_pem_file(key).map_err(|error| of_key(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| of_key(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, der)
            .map_err(|error| match error {
                rustls::Error::InvalidCertificate(_) => of_certificate(error.to_string()),
                rustls::Error::InconsistentKeys(_) => {
                    of_key(format!("it is not that of {}", certificate.display()))
                }
                error => of_key(error.to_string()),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Authorities whose certificates are believed.
#[derive(Debug, Clone)]
pub struct Authorities(pub(crate) Vec<reqwest::Certificate>);

impl Authorities {
    /// Reads a PEM file with the certificate of each.
    pub fn read(path: &Path) -> Result<Self, TlsError> {
        let of_file = |why: String| TlsError::Authorities {
            path: path.to_owned(),
            why,
        };
        let certificates = certificates(path).map_err(of_file)?;
        let certificates = certificates.iter().map(|der| {
            // A certificate that is none would otherwise fail the client as a whole.
            let mut trial = rustls::RootCertStore::empty();
            trial
                .add(der.clone())
                .map_err(|error| of_file(error.to_string()))?;
            reqwest::Certificate::from_der(der).map_err(|error| of_file(error.to_string()))
        });
        certificates.collect::<Result<_, _>>().map(Self)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err("there are none in it, expected PEM".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}
