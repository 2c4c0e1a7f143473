//! What is in force for one extension.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use koi_rid::{Rid, RidType};
use koi_runtime::Limits;
use koi_runtime::ports::{Denial, PortError};

use super::execution::is_default;
use super::{Attempts, Capability, Execution, Grant, Grants, Pattern, Right, SecretUse, granting};
use crate::secret::SecretName;

/// What an extension asked for and what it was granted. Only what is in both is in force. Each
/// check reads the grants of that moment, so that a change of grants holds from the next check on.
/// The operator's words are looked at first: what a guest asks for costs nothing while it was
/// granted nothing.
#[derive(Debug)]
pub struct Access {
    extension: Arc<str>,
    asks: Grants,
    granted: ArcSwap<Grants>,
    /// The limits of an extension that was granted none.
    node: Limits,
    /// Made when the grants change, since every call asks for it.
    execution: ArcSwap<Execution>,
    attempts: Arc<Attempts>,
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
            attempts: Arc::default(),
        }
    }

    /// With refusals noted there.
    pub(crate) fn learning(mut self, attempts: Arc<Attempts>) -> Self {
        self.attempts = attempts;
        self
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
        let of = |ask| granted.iter().filter_map(move |grant| grant.shared(ask));
        // A limit holds when it is granted; an extension asks only for a lower one.
        let is_lowered = |name| {
            let lowers = |ask: &Grant| matches!(ask, Grant::Limit(asked, _) if *asked == name);
            self.asks.iter().any(lowers)
        };
        let limits = granted
            .iter()
            .filter(|grant| matches!(grant, Grant::Limit(name, _) if !is_lowered(*name)));
        let limits = limits.cloned();
        self.asks.iter().flat_map(of).chain(limits).collect()
    }

    /// What was granted and changes nothing, since nothing of the kind was asked for.
    pub fn idle(&self) -> Vec<Grant> {
        let changes_something = |grant: &Grant| match grant {
            Grant::Limit(..) => true,
            Grant::Knowledge(right, pattern) => self.asks.touch(*right, pattern.rid_type()),
            Grant::Http(_) => self.asks.http().next().is_some(),
            grant => self.asks.iter().any(|ask| grant.shared(ask).is_some()),
        };
        let granted = self.granted.load();
        let idle = granted.iter().filter(|grant| !changes_something(grant));
        idle.cloned().collect()
    }

    /// Whether `right` on `rid` is in force.
    pub fn allows(&self, right: Right, rid: &Rid) -> bool {
        self.granted.load().cover(right, rid) && self.asks.cover(right, rid)
    }

    /// Whether `right` on some RIDs of the type is in force.
    pub fn touches(&self, right: Right, rid_type: &RidType) -> bool {
        self.granted.load().touch(right, rid_type) && self.asks.touch(right, rid_type)
    }

    /// # Errors
    /// [`PortError::Denied`] if `right` on `rid` is not in force.
    pub fn require(&self, right: Right, rid: &Rid) -> Result<(), PortError> {
        if self.allows(right, rid) {
            return Ok(());
        }
        self.attempts
            .note(|| Some(Grant::Knowledge(right, Pattern::exact(rid))));
        let grant = format!("{}={}", right.as_str(), rid.rid_type());
        Err(PortError::Denied(
            self.refusal(grant, self.asks.cover(right, rid)),
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

    /// That a secret was not granted for a host.
    pub(crate) fn secret_denial(&self, name: &SecretName, host: &str) -> Denial {
        let asked = self.asks.secrets().any(|ask| ask.name == *name);
        self.attempts.note(|| {
            let host = host.parse().ok();
            let name = name.clone();
            Some(Grant::Secret(SecretUse { name, host }))
        });
        self.refusal(format!("secret={name}@{host}"), asked)
    }

    /// What to tell of a missing grant, which is noted as such.
    pub(crate) fn denial(&self, grant: String, asked: bool) -> Denial {
        self.attempts.note(|| grant.parse().ok());
        self.refusal(grant, asked)
    }

    /// What to tell of a missing grant. A grant is of no use where the extension did not ask, so that the remedy then is another.
    fn refusal(&self, grant: String, asked: bool) -> Denial {
        let remedy = if asked {
            let command = granting(&self.extension, [grant.as_str()]);
            format!("the operator gives it with: {command}")
        } else {
            format!(
                "{} does not ask for it in its `describe`, so that it cannot be granted",
                self.extension
            )
        };
        Denial { grant, remedy }
    }
}
