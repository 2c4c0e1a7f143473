//! HTTP to others, where it was granted.
//!
//! A request is checked twice: its method, scheme, host and port against what was asked for and
//! granted, before anything is done; and each address that the host's name resolves to, before a
//! connection is made, which then goes to one of the addresses that were checked and to no other. An
//! address that is not public is refused unless a grant names it. Redirects come back to the guest,
//! whose next request is checked like any other.

mod clients;
mod egress;
mod resolver;
mod target;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_runtime::ports::{CallContext, Denial, Http, HttpError};
use tokio::sync::Semaphore;

use crate::grant::{Access, granting, is_public, smallest};
pub(crate) use egress::Egress;
use target::Target;

/// The longest that an exchange may take; its call may end sooner.
const LONGEST: Duration = Duration::from_secs(120);

/// Exchanges of one extension at a time; further ones wait.
const MAX_EXCHANGES: usize = 16;

pub(super) struct GrantedHttp {
    egress: Arc<Egress>,
    access: Arc<Access>,
    exchanges: Semaphore,
}

impl GrantedHttp {
    pub(super) fn new(egress: Arc<Egress>, access: Arc<Access>) -> Self {
        Self {
            egress,
            access,
            exchanges: Semaphore::new(MAX_EXCHANGES),
        }
    }

    async fn granted(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let target = Target::of(&request)?;
        self.check_target(&target)?;
        let _turn = self.exchanges.acquire().await;
        let resolved = self.egress.resolve(&target).await?;
        let addresses = self.check_addresses(&target, resolved)?;
        self.egress.send(&target, &addresses, request).await
    }

    /// Whether such a request was asked for and granted.
    fn check_target(&self, target: &Target) -> Result<(), HttpError> {
        let covered = |grants: &crate::grant::Grants| {
            grants.http().any(|rule| {
                rule.fits(&target.method, target.scheme, target.port)
                    && rule.host().covers(&target.host)
            })
        };
        if covered(&self.access.granted()) && covered(self.access.asks()) {
            return Ok(());
        }
        let asked = covered(self.access.asks());
        let grant = smallest(&target.method, target.scheme, &target.host, target.port);
        Err(HttpError::Denied(self.access.denial(grant, asked)))
    }

    /// The addresses that may be connected to.
    fn check_addresses(
        &self,
        target: &Target,
        resolved: Vec<IpAddr>,
    ) -> Result<Vec<IpAddr>, HttpError> {
        let granted = self.access.granted();
        let mut refused = None;
        let mut allowed: Vec<IpAddr> = Vec::new();
        for address in resolved {
            let address = address.to_canonical();
            let named = || {
                granted.http().any(|rule| {
                    rule.fits(&target.method, target.scheme, target.port)
                        && rule.host().names(address)
                })
            };
            if is_public(address) || named() {
                allowed.push(address);
            } else {
                refused = Some(address);
            }
        }
        match refused {
            Some(address) if allowed.is_empty() => {
                Err(HttpError::Denied(self.not_public(target, address)))
            }
            _ => Ok(allowed),
        }
    }

    fn not_public(&self, target: &Target, address: IpAddr) -> Denial {
        let host = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let grant = smallest(&target.method, target.scheme, &host, target.port);
        let remedy = format!(
            "`{}` is at {address}, which is no public address and is only reached where a grant names \
             it; the operator does so with: {}",
            target.host,
            granting(self.access.extension(), [grant.as_str()])
        );
        Denial { grant, remedy }
    }
}

#[async_trait]
impl Http for GrantedHttp {
    async fn exchange(
        &self,
        _: &CallContext,
        request: http::Request<Bytes>,
        time_out: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let time_out = time_out.map_or(LONGEST, |time_out| time_out.min(LONGEST));
        let host = request.uri().host().unwrap_or_default().to_owned();
        match tokio::time::timeout(time_out, self.granted(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HttpError::TimedOut(format!(
                "`{host}` did not answer in full within {} ms",
                time_out.as_millis()
            ))),
        }
    }
}
