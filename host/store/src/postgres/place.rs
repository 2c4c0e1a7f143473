//! Where the store is: a server, a database in it, a schema in that.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::{Result, StoreError};

/// The schema of whoever names none.
const SCHEMA: &str = "koi";

/// How long the server may take to answer to a new connection.
const CONNECT: Duration = Duration::from_secs(5);

/// After how long of silence the other end is asked whether it is there, and for how long it may
/// leave something unacknowledged. A connection that was cut off is noticed by then.
const SILENCE: Duration = Duration::from_secs(20);

/// How a store in PostgreSQL is reached.
#[derive(Clone)]
pub struct Settings {
    /// The server, the user and the database, as `postgres://user:password@host:port/database` or as
    /// `host=… user=… dbname=…`; several hosts are tried in their order until one takes writes. Not
    /// through a pooler that changes sessions under a client. A server that is not on this machine has
    /// to show a certificate, unless this says `sslmode=disable`.
    pub url: String,
    /// A PEM file with the certificates of the authorities that the server's certificate may come from;
    /// the system's if none is named.
    pub roots: Option<PathBuf>,
    /// The schema that holds the tables, made if it is not there; `koi` if none is named.
    pub schema: Option<String>,
    /// How many connections read at a time, 1 at least. One more writes.
    pub readers: usize,
}

/// Settings that were understood.
pub(super) struct Place {
    pub(super) config: Config,
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) schema: String,
    pub(super) readers: usize,
    /// For messages, without the password.
    pub(super) shown: String,
}

impl Place {
    pub(super) fn of(settings: Settings) -> Result<Self> {
        let mut config: Config = settings.url.parse().map_err(not_understood)?;
        let schema = settings.schema.unwrap_or_else(|| SCHEMA.to_owned());
        check(&schema)?;
        if config.get_application_name().is_none() {
            config.application_name("koi-mcp");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(SILENCE);
        // A standby would refuse to write, and may lag behind what was written.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let tls = tls::of(&mut config, settings.roots.as_deref())?;
        Ok(Self {
            shown: shown(&config, &schema),
            config,
            tls,
            schema,
            readers: settings.readers.max(1),
        })
    }

    /// The schema as SQL has it.
    pub(super) fn quoted_schema(&self) -> String {
        format!("\"{}\"", self.schema.replace('"', "\"\""))
    }
}

/// PostgreSQL cuts longer names off without a word, and keeps those with `pg_` for itself.
fn check(schema: &str) -> Result<()> {
    let is_name = (1..=63).contains(&schema.len()) && !schema.contains('\0');
    if !is_name || schema.starts_with("pg_") {
        return Err(StoreError::Invalid {
            what: format!(
                "{schema:?} is no name for the store's schema: give one of 1 to 63 bytes that does \
                 not begin with `pg_`"
            ),
        });
    }
    Ok(())
}

fn not_understood(error: tokio_postgres::Error) -> StoreError {
    let why = std::error::Error::source(&error).map_or_else(String::new, |why| format!(" ({why})"));
    StoreError::Invalid {
        what: format!(
            "the address of the store's database is not understood{why}: write it as \
             postgres://user:password@host:port/database"
        ),
    }
}

fn shown(config: &Config, schema: &str) -> String {
    let hosts: Vec<_> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    format!(
        "schema {schema} of the PostgreSQL database {} on {}",
        config
            .get_dbname()
            .or(config.get_user())
            .unwrap_or("of the user's name"),
        hosts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, schema: Option<&str>) -> Result<Place> {
        Place::of(Settings {
            url: url.to_owned(),
            roots: None,
            schema: schema.map(str::to_owned),
            readers: 0,
        })
    }

    #[test]
    fn a_place_is_shown_without_its_password() {
        let place = place(
            "postgres://me:hidden@db.example.com/knowledge?sslmode=disable",
            None,
        );
        let shown = place.map(|place| place.shown).unwrap();
        assert_eq!(
            shown,
            "schema koi of the PostgreSQL database knowledge on db.example.com"
        );
    }

    #[test]
    fn an_address_or_a_schema_that_is_none_is_told() {
        let refused = |url, schema| match place(url, schema) {
            Err(StoreError::Invalid { what }) => what,
            _ => panic!("it was taken"),
        };
        let told = refused("postgres://me@host:port/x", None);
        assert!(told.contains("write it as postgres://"), "{told}");
        for schema in ["", "pg_mine", &"x".repeat(64)] {
            let told = refused("host=/tmp", Some(schema));
            assert!(told.contains("name for the store's schema"), "{told}");
        }
    }
}
