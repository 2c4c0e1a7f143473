//! As what a revision is active.

use crate::{Result, Revision, StoreError};

/// As what a revision of an extension is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It answers, and what the node lists is its.
    Serving,
    /// It answers calls that ask for it and no others.
    Beside,
    /// It answers a share of the calls.
    Canary {
        /// Calls in a thousand, up to 1000.
        share: u16,
    },
    /// It gets what the serving one gets, and its answers go nowhere.
    Shadow,
    /// It waits for an operator's approval and is not loaded.
    Held,
}

/// An active revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation {
    /// The revision.
    pub revision: Revision,
    /// As what it is active.
    pub role: Role,
}

impl Role {
    /// The role's name: `serving`, `beside`, `canary`, `shadow` or `held`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Beside => "beside",
            Self::Canary { .. } => "canary",
            Self::Shadow => "shadow",
            Self::Held => "held",
        }
    }

    /// What is in the column of shares.
    pub(crate) fn share(self) -> Option<i64> {
        match self {
            Self::Canary { share } => Some(share.into()),
            _ => None,
        }
    }

    /// The role of a name and a share; else what is wrong with them.
    pub(crate) fn of(name: &str, share: Option<i64>) -> Result<Self, String> {
        match (name, share) {
            ("serving", None) => Ok(Self::Serving),
            ("beside", None) => Ok(Self::Beside),
            ("shadow", None) => Ok(Self::Shadow),
            ("held", None) => Ok(Self::Held),
            ("canary", Some(share)) => match u16::try_from(share) {
                Ok(share) if share <= 1000 => Ok(Self::Canary { share }),
                _ => Err(format!("a share of {share} in a thousand is none")),
            },
            _ => Err("it has a name or a share that no role has".to_owned()),
        }
    }

    /// Refuses a change after which no revision would serve.
    pub(crate) fn check(self, extension: &str, revision: u64, serving: Option<u64>) -> Result<()> {
        if let Self::Canary { share } = self {
            let of = Self::of("canary", Some(share.into()));
            of.map_err(|what| StoreError::Invalid { what })?;
        }
        match serving {
            _ if self == Self::Serving => Ok(()),
            Some(serving) if serving != revision => Ok(()),
            Some(_) => Err(StoreError::Invalid {
                what: format!(
                    "revision {revision} of extension {extension} serves: have another one serve first"
                ),
            }),
            None => Err(StoreError::Invalid {
                what: format!("no revision of extension {extension} serves: install it first"),
            }),
        }
    }
}
