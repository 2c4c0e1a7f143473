//! `[koi.limits]`: what one other node may take of this one.

use std::num::NonZero;

use koi_net::PeerLimits;
use serde::{Deserialize, Serialize};

use super::Fault;

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident),+ $(,)?) => {
        /// Bounds for each other node. Rates are averages over ten seconds: so much of them can be saved
        /// up and used at once.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct PeerLimitsConfig {
            $($(#[doc = $doc])+ pub $field: NonZero<u32>,)+
        }

        impl Default for PeerLimitsConfig {
            fn default() -> Self {
                let limits = PeerLimits::default();
                Self {
                    $($field: NonZero::new(u32::try_from(limits.$field).unwrap_or(u32::MAX))
                        .unwrap_or(NonZero::<u32>::MIN),)+
                }
            }
        }

        impl PeerLimitsConfig {
            fn all(&self) -> PeerLimits {
                PeerLimits { $($field: self.$field.get().into_limit(),)+ }
            }
        }
    };
}

limits! {
    /// Requests a second.
    requests,
    /// Requests a second of all nodes together that are not known here.
    strangers,
    /// Events a second.
    events,
    /// Bytes of requests a second.
    bytes,
    /// Most bytes of one request.
    body,
    /// Most answers that are made for it at once; more wait.
    answers,
    /// Most of its events that wait to be processed, of 20000 of all nodes; more wait to be taken.
    waiting,
}

/// A number as the network side takes it.
trait IntoLimit<T> {
    fn into_limit(self) -> T;
}

impl IntoLimit<u32> for u32 {
    fn into_limit(self) -> u32 {
        self
    }
}

impl IntoLimit<u64> for u32 {
    fn into_limit(self) -> u64 {
        self.into()
    }
}

impl IntoLimit<usize> for u32 {
    fn into_limit(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

impl PeerLimitsConfig {
    /// The limits in force.
    ///
    /// # Errors
    /// If bodies may be longer than an envelope can be.
    pub(crate) fn limits(&self) -> Result<PeerLimits, Fault> {
        let limits = self.all();
        if limits.body > PeerLimits::MAX_BODY {
            let most = PeerLimits::MAX_BODY;
            let what = format!("expected at most {most} bytes, found {}", limits.body);
            return Err(Fault::of("koi.limits.body", what));
        }
        Ok(limits)
    }
}
