//! Sets of grants.

use std::collections::{BTreeMap, BTreeSet};

use koi_rid::{Rid, RidType};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    Capability, Folder, Grant, GrantError, HttpRule, MAX_GRANTS, Right, SecretUse, Variable,
};

/// Most bytes of all RID patterns of one extension together.
const MAX_PATTERNS_BYTES: usize = 32 << 10;

/// A set of grants, without repetitions and in the order in which they are shown. As JSON an array
/// of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Grants(BTreeSet<Grant>);

impl Grants {
    /// # Errors
    /// If there are more than [`MAX_GRANTS`], their RID patterns are too long together, or two give the guest different folders under one path.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, GrantError> {
        let set: BTreeSet<Grant> = grants.into_iter().collect();
        if set.len() > MAX_GRANTS {
            return Err(GrantError::TooMany(set.len()));
        }
        let patterns = set.iter().map(|grant| match grant {
            Grant::Knowledge(_, pattern) => pattern.len(),
            _ => 0,
        });
        let bytes = patterns.sum();
        if bytes > MAX_PATTERNS_BYTES {
            return Err(GrantError::TooLong(bytes));
        }
        let mut folders = BTreeMap::new();
        let set = Self(set);
        for folder in set.folders() {
            let first = *folders.entry(&folder.guest).or_insert(&folder.host);
            if *first != folder.host {
                return Err(GrantError::SameFolder(folder.guest.clone()));
            }
        }
        Ok(set)
    }

    /// The grants in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Whether one of them allows `right` on `rid`.
    pub fn cover(&self, right: Right, rid: &Rid) -> bool {
        self.0.iter().any(|grant| grant.covers(right, rid))
    }

    /// Whether one of them allows `right` on some RIDs of the type.
    pub fn touch(&self, right: Right, rid_type: &RidType) -> bool {
        self.0.iter().any(|grant| grant.touches(right, rid_type))
    }

    /// Whether the capability is among them.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&Grant::Capability(capability))
    }

    /// The rules about HTTP requests.
    pub(crate) fn http(&self) -> impl Iterator<Item = &HttpRule> {
        self.0.iter().filter_map(|grant| match grant {
            Grant::Http(rule) => Some(rule),
            _ => None,
        })
    }

    /// The folders.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Folder> {
        self.0.iter().filter_map(|grant| match grant {
            Grant::Files(folder) => Some(folder),
            _ => None,
        })
    }

    /// The environment variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.0.iter().filter_map(|grant| match grant {
            Grant::Environment(variable) => Some(variable),
            _ => None,
        })
    }

    /// The secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretUse> {
        self.0.iter().filter_map(|grant| match grant {
            Grant::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    /// Whether one of them allows all that `grant` does.
    pub fn include(&self, grant: &Grant) -> bool {
        self.0.iter().any(|own| own.includes(grant))
    }
}

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<Grant>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
