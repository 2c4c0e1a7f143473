//! The secured way to a server: on unless the server is on this machine, or the operator says that
//! the network between is trusted.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Result, StoreError};

/// What secures connections, if any does; the configuration is made to demand it. `roots` names the
/// certificates that the server's has to go back to; the system's if it names none.
pub(super) fn of(config: &mut Config, roots: Option<&Path>) -> Result<Option<MakeRustlsConnect>> {
    let is_wanted = match config.get_ssl_mode() {
        SslMode::Disable => false,
        // Also said by nobody: then it depends on where the server is.
        SslMode::Prefer => !config.get_hosts().iter().all(is_here),
        _ => true,
    };
    if !is_wanted {
        config.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    config.ssl_mode(SslMode::Require);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Refused {
            why: error.to_string(),
        })?
        .with_root_certificates(trusted(roots)?)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(client)))
}

fn trusted(roots: Option<&Path>) -> Result<RootCertStore> {
    let certificates = match roots {
        Some(path) => read(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = RootCertStore::empty();
    let (taken, _) = store.add_parsable_certificates(certificates);
    if taken == 0 {
        let place = roots.map_or("the system's folders".into(), Path::to_string_lossy);
        return Err(StoreError::Invalid {
            what: format!(
                "there are no certificates in {place} to check the database server's against: name \
                 a PEM file with that of its authority, or say `sslmode=disable` if the network is \
                 trusted"
            ),
        });
    }
    Ok(store)
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| StoreError::Invalid {
            what: format!(
                "the certificates in {} cannot be read ({error}): name a PEM file",
                path.display()
            ),
        })
}

/// Whether nothing but this machine is between.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let is_loopback = |address: IpAddr| address.is_loopback();
            name == "localhost" || name.parse().is_ok_and(is_loopback)
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> (SslMode, bool) {
        let mut config: Config = url.parse().unwrap();
        let tls = of(&mut config, None);
        // Where the system has no certificates, that they are missed says that they were wanted.
        let is_secured = !matches!(tls, Ok(None));
        (config.get_ssl_mode(), is_secured)
    }

    #[test]
    fn what_leaves_this_machine_is_secured_unless_the_operator_says_otherwise() {
        for (url, is_secured) in [
            ("host=/run/postgresql user=koi", false),
            ("postgres://koi@localhost/koi", false),
            ("postgres://koi@127.0.0.1/koi", false),
            ("postgres://koi@db.example.com/koi", true),
            ("postgres://koi@localhost,db.example.com/koi", true),
            ("postgres://koi@db.example.com/koi?sslmode=disable", false),
            ("postgres://koi@localhost/koi?sslmode=require", true),
        ] {
            let expected = match is_secured {
                true => SslMode::Require,
                false => SslMode::Disable,
            };
            assert_eq!(mode(url), (expected, is_secured), "{url}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_told() {
        let mut config: Config = "host=db.example.com user=koi".parse().unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let refused = of(&mut config, Some(&file)).err().unwrap().to_string();
        assert!(refused.contains("Cargo.toml"), "{refused}");
    }
}
