//! What is in force for one extension.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use koi_rid::{Rid, RidType};
use koi_runtime::Limits;
use koi_runtime::ports::{Denial, PortError};

use super::execution::is_default;
use super::{Capability, Execution, Grant, Grants, Right};

/// What an extension asked for and what it was granted. Only what is in both is in force. Each
/// check reads the grants of that moment, so that a change of grants holds from the next check on.
#[derive(Debug)]
pub struct Access {
    extension: Arc<str>,
    asks: Grants,
    granted: ArcSwap<Grants>,
    /// The limits of an extension that was granted none.
    node: Limits,
    /// Made when the grants change, since every call asks for it.
    execution: ArcSwap<Execution>,
}

impl Access {
    /// For the extension of that name.
    pub fn new(extension: Arc<str>, asks: Grants, granted: Grants) -> Self {
        Self {
            extension,
            node: Limits::default(),
            execution: ArcSwap::from_pointee(Execution::of(&Limits::default(), &asks, &granted)),
            asks,
            granted: ArcSwap::from_pointee(granted),
        }
    }

    /// With these limits where none are granted.
    pub fn within(mut self, node: Limits) -> Self {
        self.node = node;
        self.execution =
            ArcSwap::from_pointee(Execution::of(&self.node, &self.asks, &self.granted.load()));
        self
    }

    /// In which mode and within which limits its calls run at this moment.
    pub fn execution(&self) -> Execution {
        **self.execution.load()
    }

    /// Whose grants they are.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// What it asked for.
    pub fn asks(&self) -> &Grants {
        &self.asks
    }

    /// What it was granted.
    pub fn granted(&self) -> Arc<Grants> {
        self.granted.load_full()
    }

    /// Grants something else from now on.
    pub(crate) fn grant(&self, granted: Grants) {
        let execution = Execution::of(&self.node, &self.asks, &granted);
        self.granted.store(Arc::new(granted));
        self.execution.store(Arc::new(execution));
    }

    /// What it asked for and nothing that was granted includes.
    pub fn missing(&self) -> Vec<Grant> {
        let granted = self.granted.load();
        self.asks
            .iter()
            .filter(|ask| !granted.include(ask) && !is_default(&self.node, ask))
            .cloned()
            .collect()
    }

    /// What is in force: of each grant, the part that was asked for. Where a pattern that was asked
    /// for and one that was granted overlap and neither includes the other, what they share is in
    /// force too, and cannot be written as a grant.
    pub fn in_force(&self) -> BTreeSet<Grant> {
        let granted = self.granted.load();
        let shared = |ask: &Grant, grant: &Grant| {
            if ask.includes(grant) {
                Some(grant.clone())
            } else if grant.includes(ask) {
                Some(ask.clone())
            } else {
                None
            }
        };
        self.asks
            .iter()
            .flat_map(|ask| granted.iter().filter_map(move |grant| shared(ask, grant)))
            .collect()
    }

    /// Whether `right` on `rid` is in force.
    pub fn allows(&self, right: Right, rid: &Rid) -> bool {
        self.asks.cover(right, rid) && self.granted.load().cover(right, rid)
    }

    /// Whether `right` on some RIDs of the type is in force.
    pub fn touches(&self, right: Right, rid_type: &RidType) -> bool {
        self.asks.touch(right, rid_type) && self.granted.load().touch(right, rid_type)
    }

    /// # Errors
    /// [`PortError::Denied`] if `right` on `rid` is not in force.
    pub fn require(&self, right: Right, rid: &Rid) -> Result<(), PortError> {
        if self.allows(right, rid) {
            return Ok(());
        }
        let grant = format!("{}={}", right.as_str(), rid.rid_type());
        Err(PortError::Denied(
            self.denial(grant, self.asks.cover(right, rid)),
        ))
    }

    /// # Errors
    /// [`PortError::Denied`] if `right` is in force on no RID of the type.
    pub fn require_some(&self, right: Right, rid_type: &RidType) -> Result<(), PortError> {
        if self.touches(right, rid_type) {
            return Ok(());
        }
        let grant = format!("{}={rid_type}", right.as_str());
        Err(PortError::Denied(
            self.denial(grant, self.asks.touch(right, rid_type)),
        ))
    }

    /// # Errors
    /// [`PortError::Denied`] if the capability is not in force.
    pub fn require_capability(&self, capability: Capability) -> Result<(), PortError> {
        let asked = self.asks.has(capability);
        if asked && self.granted.load().has(capability) {
            return Ok(());
        }
        let grant = Grant::Capability(capability).to_string();
        Err(PortError::Denied(self.denial(grant, asked)))
    }

    /// What to tell of a missing grant. A grant is of no use where the extension did not ask, so that the remedy then is another.
    pub(crate) fn denial(&self, grant: String, asked: bool) -> Denial {
        let remedy = if asked {
            format!(
                "the operator gives it with: koi-mcp extension grant {} {grant}",
                self.extension
            )
        } else {
            format!(
                "{} does not ask for it in its `describe`, so that it cannot be granted",
                self.extension
            )
        };
        Denial { grant, remedy }
    }
}
